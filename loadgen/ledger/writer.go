package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/klauspost/compress/zstd"
)

const (
	flushEvery = time.Second // what a reader of a living file may miss
	drainEvery = 10 * time.Millisecond
	maxUnsaved = 64 << 20 // bytes of lines waiting for a disk that does not take them

	// What is compressed in one go: on a busy core an arrival that is due meanwhile
	// waits for it. A larger window makes these lines no smaller.
	zipWindow = 32 << 10
	// What a reader takes: ledgers of other versions, or compressed anew by hand.
	readWindow = 8 << 20
)

// Writer appends to a ledger. It is safe for concurrent use. An append costs a
// copy in memory: compression and the disk are a goroutine's work, so that a
// slow disk does not delay the schedule.
//
// After the first error every call returns it: a run whose ledger cannot be
// written has to stop.
type Writer struct {
	path string

	mu      sync.Mutex // guards the seven below
	encode  encoder
	lines   []byte
	spare   []byte
	totals  Trailer
	outline *Outline // nil for lines
	err     error
	closed  bool

	file *os.File
	lock *flock.Flock  // nil where there are none
	zip  *zstd.Encoder // used by the draining goroutine, then by Close
	stop chan struct{}
	done chan struct{}
}

// Create starts a ledger in a file that must not exist yet (the error wraps
// fs.ErrExist if it does) and writes the header through to it.
func Create(path string, h Header) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create ledger: %w", err)
	}
	w, err := start(file, h)
	if err != nil {
		file.Close()
		os.Remove(path)
		return nil, fmt.Errorf("create ledger %s: %w", path, err)
	}
	return w, nil
}

func start(file *os.File, h Header) (*Writer, error) {
	lock, err := hold(file.Name())
	if err != nil {
		return nil, err
	}
	w := &Writer{path: file.Name(), file: file, lock: lock, encode: encoder{tails: map[step][]byte{}}, stop: make(chan struct{}), done: make(chan struct{})}
	if err := w.begin(h); err != nil {
		w.release()
		return nil, err
	}
	go w.drainLoop()
	return w, nil
}

func (w *Writer) begin(h Header) error {
	// One goroutine: blocks leave in order and Flush means flushed. The fastest
	// level, because a better one makes these lines no smaller.
	zip, err := zstd.NewWriter(w.file, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zipWindow))
	if err != nil {
		return err
	}
	w.zip = zip
	if h.Lines == nil { // lines are told by what they say, not by their numbers
		w.outline = NewOutline(OutlineWidth)
	}
	h.Started = h.Started.UTC().Round(0)
	text, err := json.Marshal(headerLine{Ledger: product, Format: Format, Header: h})
	if err != nil {
		return err
	}
	if _, err := zip.Write(append(text, '\n')); err != nil {
		return err
	}
	return zip.Flush()
}

// Send records an attempt that is about to leave. It uses Seq, Scheduled, Sent,
// Journey, Method, Route and Expect.
func (w *Writer) Send(a Attempt) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(); err != nil {
		return err
	}
	w.lines = w.encode.send(w.lines, &a)
	w.totals.Sent++
	if w.outline != nil {
		w.outline.send(a.Seq)
	}
	return nil
}

// Done records how an attempt ended. It uses Seq, Method, Route, Service, Status and
// Outcome; Sent + Service is the end. For a Dropped attempt, which has no Send, it
// records the whole arrival.
func (w *Writer) Done(a Attempt) error {
	switch a.Outcome {
	case Answered, Timeout, Reset, Refused, Dropped:
	default:
		return fmt.Errorf("write ledger %s: attempt %d ended as %q", w.path, a.Seq, a.Outcome)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(); err != nil {
		return err
	}
	if a.Outcome == Dropped {
		w.lines = w.encode.drop(w.lines, &a)
	} else {
		w.lines = w.encode.done(w.lines, &a)
	}
	w.totals.count(a.Outcome)
	if w.outline != nil {
		w.outline.end(&a)
	}
	return nil
}

// ready returns why nothing more can be recorded, or nil.
func (w *Writer) ready() error {
	switch {
	case w.err != nil:
	case w.closed:
		return fmt.Errorf("write ledger %s: already closed", w.path)
	case len(w.lines) > maxUnsaved:
		w.err = fmt.Errorf("write ledger %s: the disk is behind by %d MiB", w.path, maxUnsaved>>20)
	}
	return w.err
}

func (w *Writer) drainLoop() {
	defer close(w.done)
	drain := time.NewTicker(drainEvery)
	defer drain.Stop()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	unflushed := false
	for {
		select {
		case <-w.stop:
			return
		case <-drain.C:
			unflushed = w.drain() || unflushed
		case <-flush.C:
			if w.drain() || unflushed {
				w.fail(w.zip.Flush())
				unflushed = false
			}
		}
	}
}

// drain hands the lines so far to the compressor and reports whether there were any.
func (w *Writer) drain() bool {
	w.mu.Lock()
	full := w.lines
	w.lines, w.spare = w.spare, nil
	w.mu.Unlock()

	var err error
	if len(full) > 0 {
		_, err = w.zip.Write(full)
	}

	w.mu.Lock()
	w.spare = full[:0]
	w.mu.Unlock()
	w.fail(err)
	return len(full) > 0
}

func (w *Writer) fail(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		var inner *fs.PathError // names the file a second time
		if errors.As(err, &inner) {
			err = inner.Err
		}
		w.err = fmt.Errorf("write ledger %s: %w", w.path, err)
	}
}

// Close writes the trailer, and behind it the outline of a run of requests, and
// closes the file. The caller gives Planned, Ended
// and Stopped; the counts are those that the writer kept.
func (w *Writer) Close(t Trailer) error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.mu.Unlock()
	close(w.stop)
	<-w.done
	defer w.release()
	defer w.file.Close()

	w.drain()
	totals := w.Totals()
	totals.Planned, totals.Ended, totals.Stopped = t.Planned, t.Ended.UTC().Round(0), t.Stopped
	w.fail(w.finish(totals))
	return w.Err()
}

// release gives the lock back: there will be no more lines.
func (w *Writer) release() {
	if w.lock != nil {
		_ = w.lock.Unlock() // ends with the process at the latest
	}
}

func (w *Writer) finish(t Trailer) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if _, err := w.zip.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := w.zip.Close(); err != nil {
		return err
	}
	if w.outline != nil {
		if err := w.writeOutline(t); err != nil {
			return err
		}
	}
	return w.file.Sync()
}

// writeOutline appends what the lines come to: who compares counts need not read them.
func (w *Writer) writeOutline(t Trailer) error {
	at, err := w.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	w.outline.Trailer = t
	frame, err := encodeOutline(at, w.outline)
	if err != nil {
		return err
	}
	_, err = w.file.Write(frame)
	return err
}

// Totals returns the counts so far.
func (w *Writer) Totals() Trailer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.totals
}

// Err returns the error that broke the ledger, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
