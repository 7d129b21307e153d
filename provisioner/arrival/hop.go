package arrival

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Hops says how far the missing attempts came, by what the application's own
// log files hold: those without a line got no further than the application,
// whose line was never written; those with one were lost behind it.
type Hops struct {
	App    Seqs `json:"app"`    // lost, and no line: at the application
	Behind Seqs `json:"behind"` // lost, and a line: at the shipper or later
	// Handled were indeterminate, since the client saw no answer, but have a line:
	// the application did answer, and the document is lost behind it.
	Handled Seqs `json:"handled"`
	Files   int  `json:"files"` // read
}

// Trace reads the log files of the application and says how far the missing
// attempts of acc came. Lines that are no access line of the run are passed
// over.
func (a *Account) Trace(ctx context.Context, files []string) error {
	var logged Seqs
	for _, path := range files {
		if err := a.readLines(ctx, path, &logged); err != nil {
			return fmt.Errorf("read the application's log: %w", err)
		}
	}
	h := &Hops{Files: len(files)}
	for seq := range a.Lost.each {
		if logged.Has(seq) {
			h.Behind.Add(seq)
		} else {
			h.App.Add(seq)
		}
	}
	for seq := range a.Indeterminate.each {
		if logged.Has(seq) {
			h.Handled.Add(seq)
		}
	}
	a.Hops = h
	return nil
}

// readLines notes which missing attempts have a line in the file.
func (a *Account) readLines(ctx context.Context, path string, logged *Seqs) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for r := bufio.NewReaderSize(file, 1<<16); ; {
		line, err := r.ReadBytes('\n')
		var access struct {
			Run struct {
				ID  string `json:"id"`
				Seq uint64 `json:"seq"`
			} `json:"run"`
		}
		// A line that was cut off in mid-write is none.
		if json.Unmarshal(line, &access) == nil && access.Run.ID == a.Run {
			if seq := access.Run.Seq; a.Lost.Has(seq) || a.Indeterminate.Has(seq) {
				logged.Add(seq)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// text says it in a few words; "" when nothing was traced.
func (h *Hops) text() string {
	if h == nil {
		return ""
	}
	text := fmt.Sprintf("; %s at hop app: no line was written", count(h.App.Len()))
	if n := h.Behind.Len(); n > 0 {
		text += fmt.Sprintf("; %s behind it, at the shipper or later: %s", count(n), h.Behind.Text(listed))
	}
	return text
}
