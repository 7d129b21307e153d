package supervise

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// tailBytes bounds how much of a log is read to show its end.
const tailBytes = 64 << 10

// tail returns up to n last lines of a file behind offset; an unreadable file
// has none.
func tail(path string, offset int64, n int) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	from := max(offset, info.Size()-tailBytes)
	data, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if err != nil {
		return nil
	}
	text := strings.TrimRight(string(data), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return lines
}

// follow copies whole lines of a growing file to w, behind a prefix, until
// done is closed and the file is read to its end. The child writes to the file
// itself and not through us, so a slow terminal never holds it up.
func follow(path string, offset int64, done <-chan struct{}, w io.Writer, prefix string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return
	}
	r := bufio.NewReader(f)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var line []byte
	for last := false; ; {
		part, err := r.ReadBytes('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			fmt.Fprintf(w, "%s%s\n", prefix, bytes.TrimRight(line, "\n"))
			line = line[:0]
			continue
		case !errors.Is(err, io.EOF):
			return
		case last:
			if len(line) > 0 {
				fmt.Fprintf(w, "%s%s\n", prefix, line)
			}
			return
		}
		select {
		case <-done:
			last = true
		case <-tick.C:
		}
	}
}

// lockedWriter lets many followers share one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
