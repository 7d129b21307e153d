package ledger

import (
	"context"
	"io"
	"os"
	"time"
)

const (
	lookEvery = 100 * time.Millisecond // how often a file at its end is read again
	goneAfter = 10                     // looks in a row at which it had no writer; one that has just begun has none yet
)

// Follow opens a ledger that may still be written: where Open comes to the end
// of the file, Follow waits for more, until the trailer has come, the writer is
// gone or ctx is done. Then Next ends as it does for a ledger that was cut there.
func Follow(ctx context.Context, path string) (*Reader, error) {
	return open(path, ctx.Done())
}

// source is a file that is read to its end, or waits there until stop is closed
// or nobody writes any more.
type source struct {
	file *os.File
	stop <-chan struct{} // nil for not waiting
}

func (s *source) Read(p []byte) (int, error) {
	for alone := 0; ; {
		n, err := s.file.Read(p)
		if n > 0 || err != io.EOF || s.stop == nil || alone == goneAfter {
			return n, err
		}
		if alone++; writing(s.file.Name()) != Gone {
			alone = 0
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
