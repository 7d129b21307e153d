package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Bounds of how long a line may wait and how much may wait.
const (
	linger     = 20 * time.Millisecond
	bufferSize = 64 << 10 // a write is due
	maxWaiting = 16 << 20 // the output fails for long: new lines are dropped
)

// Lines batches whole lines into few writes. A line waits at most 20 ms; every
// write starts and ends with a whole line, so lines never interleave with those
// of another writer on the same append-only file. When the output blocks, so do
// the callers. When it fails, say because the disk is full, lines wait and are
// tried again; only what exceeds 16 MiB is dropped, and Close says how many.
type Lines struct {
	out io.Writer

	mu      sync.Mutex
	buf     []byte
	timer   *time.Timer // armed while buf waits
	err     error       // of the last write
	dropped uint64
}

var errDropped = errors.New("the output failed for too long")

// NewLines returns a writer of lines to out. Close it on every way out.
func NewLines(out io.Writer) *Lines {
	l := &Lines{out: out, buf: make([]byte, 0, bufferSize)}
	l.timer = time.AfterFunc(time.Hour, l.tick)
	l.timer.Stop()
	return l
}

// Write takes one whole line with its newline. It never fails.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) > 0 && len(l.buf)+len(line) > bufferSize && l.err == nil {
		l.flush()
	}
	if len(l.buf)+len(line) > maxWaiting {
		l.dropped++
		return len(line), nil
	}
	if len(l.buf) == 0 {
		l.timer.Reset(linger)
	}
	l.buf = append(l.buf, line...)
	return len(line), nil
}

// Close writes what waits and reports what could not be written. Whatever is
// written later goes out within 20 ms if the process lives that long.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	l.flush()
	if l.err == nil && l.dropped == 0 {
		return nil
	}
	return fmt.Errorf("write lines: %d bytes left over, %d lines dropped: %w", len(l.buf), l.dropped, cmp.Or(l.err, errDropped))
}

func (l *Lines) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	if len(l.buf) > 0 {
		l.timer.Reset(time.Second) // the output fails: try again, but not hotly
	}
}

// flush keeps what the output did not take.
func (l *Lines) flush() {
	if len(l.buf) == 0 {
		return
	}
	var n int
	n, l.err = l.out.Write(l.buf)
	l.buf = l.buf[:copy(l.buf, l.buf[n:])]
}
