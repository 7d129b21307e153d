package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Names of the metrics of Lines.
const (
	MetricWritesFailed = "icat_log_writes_failed_total"
	MetricLinesDropped = "icat_log_lines_dropped_total"
)

// Bounds of how long a line may wait and how much may wait.
const (
	linger     = 20 * time.Millisecond
	bufferSize = 512 << 10 // a write is due: to begin one costs a file system as much as many lines do
	spare      = 8 << 10   // beyond it, for the line that fills the buffer
	maxWaiting = 16 << 20  // the output fails for long: new lines are dropped
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
	dropped atomic.Uint64
	failed  atomic.Uint64 // writes
}

var errDropped = errors.New("the output failed for too long")

// NewLines returns a writer of lines to out. Close it on every way out.
func NewLines(out io.Writer) *Lines {
	l := &Lines{out: out, buf: make([]byte, 0, bufferSize+spare)}
	l.timer = time.AfterFunc(time.Hour, l.tick)
	l.timer.Stop()
	return l
}

// Write takes one whole line with its newline. It never fails.
func (l *Lines) Write(line []byte) (int, error) {
	l.add(func(b []byte) []byte { return append(b, line...) })
	return len(line), nil
}

// add lets encode append one whole line to those that wait.
func (l *Lines) add(encode func([]byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) == 0 {
		l.timer.Reset(linger)
	}
	before := len(l.buf)
	l.buf = encode(l.buf)
	switch {
	case len(l.buf) > maxWaiting:
		l.buf = l.buf[:before]
		l.dropped.Add(1)
	case len(l.buf) >= bufferSize && l.err == nil:
		l.flush()
	}
}

// Register makes metrics of what goes wrong with the output: nothing else can
// tell of it while the process lives.
func (l *Lines) Register(r prometheus.Registerer) {
	counter := func(name, help string, n *atomic.Uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	r.MustRegister(
		counter(MetricWritesFailed, "Writes of lines that failed; the lines wait and are tried again.", &l.failed),
		counter(MetricLinesDropped, "Lines dropped since too many were waiting for an output that failed.", &l.dropped))
}

// Close writes what waits and reports what could not be written. Whatever is
// written later goes out within 20 ms if the process lives that long.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	l.flush()
	dropped := l.dropped.Load()
	if l.err == nil && dropped == 0 {
		return nil
	}
	return fmt.Errorf("write lines: %d bytes left over, %d lines dropped: %w", len(l.buf), dropped, cmp.Or(l.err, errDropped))
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
	if n, l.err = l.out.Write(l.buf); l.err != nil {
		l.failed.Add(1)
	}
	l.buf = l.buf[:copy(l.buf, l.buf[n:])]
}
