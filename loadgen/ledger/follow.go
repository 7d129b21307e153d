package ledger

import (
	"context"
	"io"
	"os"
	"time"
)

// lookEvery is how often a file at its end is read again.
const lookEvery = 100 * time.Millisecond

// Follow opens a ledger that may still be written: where Open comes to the end
// of the file, Follow waits for more, until the trailer has come or ctx is done.
// Then Next ends as it does for a ledger that was cut there.
func Follow(ctx context.Context, path string) (*Reader, error) {
	return open(path, ctx.Done())
}

// source is a file that is read to its end, or waits there until stop is closed.
type source struct {
	file *os.File
	stop <-chan struct{} // nil for not waiting
}

func (s *source) Read(p []byte) (int, error) {
	for {
		n, err := s.file.Read(p)
		if n > 0 || err != io.EOF || s.stop == nil {
			return n, err
		}
		again := time.NewTimer(lookEvery)
		select {
		case <-s.stop:
			again.Stop()
			return 0, io.EOF
		case <-again.C:
		}
	}
}
