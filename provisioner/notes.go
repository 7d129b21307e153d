package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// notes are the progress lines on standard error: one line that is rewritten
// on a terminal, and a line now and then elsewhere.
type notes struct {
	w        io.Writer
	terminal bool
	last     string
	at       time.Time
}

const noteEvery = 5 * time.Second

func newNotes(w io.Writer) *notes { return &notes{w: w, terminal: isTerminal(w)} }

func (n *notes) say(text string) {
	switch {
	case n.terminal:
		fmt.Fprintf(n.w, "\r\x1b[K%s", text)
	case text != n.last && time.Since(n.at) >= noteEvery:
		fmt.Fprintf(n.w, "provisioner: %s\n", text)
		n.last, n.at = text, time.Now()
	}
}

// end clears the line.
func (n *notes) end() {
	if n.terminal {
		fmt.Fprint(n.w, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
