package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

const maxLine = 64 << 10

// Reader reads a ledger from its start, once. Its memory is bounded by the
// attempts that were in flight together (an attempt is held until all before
// it have ended), not by the length of the run.
type Reader struct {
	Header Header

	path    string
	source  source
	zip     *zstd.Decoder
	text    *bufio.Reader
	lines   decoder
	line    line // the present one
	trailer *Trailer
	end     error // set once the lines are used up

	next    uint64 // the attempt to hand out next
	last    uint64 // the highest attempt seen
	waiting window
	rest    []uint64 // what waits at the end, in order
	seen    Trailer
}

// Open reads the header. The errors are those of os.Open, or *NotLedgerError,
// *FormatError, *TruncatedError (killed before the header was out).
func Open(path string) (*Reader, error) {
	return open(path, nil)
}

// open reads to the end of the file, or if stop is not nil waits there for more
// until it is closed.
func open(path string, stop <-chan struct{}) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	r := &Reader{path: path, source: source{file, stop}, next: 1, waiting: newWindow(), lines: newDecoder()}
	if err := r.readHeader(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) readHeader() error {
	// In step with the reader, so that all whole blocks before a torn one are seen.
	zip, err := zstd.NewReader(&r.source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(readWindow))
	if errors.Is(err, zstd.ErrMagicMismatch) {
		return &NotLedgerError{r.path}
	} else if err != nil {
		return r.unreadable(err)
	}
	r.zip = zip
	r.text = bufio.NewReaderSize(zip, maxLine)
	text, err := r.text.ReadSlice('\n')
	switch {
	case torn(err):
		return r.headless()
	case err != nil:
		return r.unreadable(err)
	}
	var h headerLine
	if json.Unmarshal(text, &h) != nil || h.Ledger != product {
		return &NotLedgerError{r.path}
	}
	if h.Format != Format {
		return &FormatError{r.path, h.Format}
	}
	r.Header = h.Header
	return nil
}

// headless tells a ledger that was cut in its header from a file that is
// something else but as short.
func (r *Reader) headless() error {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	head := make([]byte, len(magic))
	n, err := r.source.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return r.unreadable(err)
	}
	if !bytes.HasPrefix(magic, head[:n]) {
		return &NotLedgerError{r.path}
	}
	return &TruncatedError{Path: r.path, Writer: writing(r.path)}
}

func (r *Reader) unreadable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("read ledger %s: %w", r.path, path.Err)
	}
	return &NotLedgerError{r.path}
}

// torn reports an end of file that came where more was due.
func torn(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// Next returns the attempts in order of their number. At the end it returns
// io.EOF if there was a trailer, *TruncatedError if there was none, and
// *DamagedError or the file's own error if reading broke off; attempts whose end
// is not recorded come as Unfinished before it.
func (r *Reader) Next() (Attempt, error) {
	for {
		if a, ok := r.pop(); ok {
			return a, nil
		}
		if r.end != nil {
			return Attempt{}, r.end
		}
		if err := r.readLine(); err != nil {
			r.end = err
			r.rest = r.waiting.numbers()
		}
	}
}

func (r *Reader) pop() (Attempt, bool) {
	seq := r.next
	if r.end != nil {
		if len(r.rest) == 0 {
			return Attempt{}, false
		}
		seq, r.rest = r.rest[0], r.rest[1:]
	}
	held := r.waiting.find(seq)
	if held == nil || r.end == nil && held.Outcome == Unfinished {
		return Attempt{}, false
	}
	a := *held
	r.waiting.remove(seq)
	r.next = seq + 1
	return a, true
}

func (r *Reader) readLine() error {
	text, err := r.text.ReadSlice('\n')
	switch {
	case err == nil:
	case r.trailer != nil && torn(err) && len(text) == 0:
		return r.checkTotals()
	case r.trailer == nil && torn(err):
		return &TruncatedError{r.path, r.last, writing(r.path)}
	default:
		var path *os.PathError
		if errors.As(err, &path) {
			return fmt.Errorf("read ledger %s: %w", r.path, path.Err)
		}
		return r.damaged("%v", err)
	}
	if r.trailer != nil {
		return r.damaged("something follows the trailer")
	}
	if err := r.lines.decode(text, &r.line); err != nil {
		return r.damaged("%v", err)
	}
	switch r.line.kind {
	case trailerLine:
		r.trailer = &Trailer{}
		if err := json.Unmarshal(text, r.trailer); err != nil {
			return r.damaged("trailer: %v", err)
		}
		r.source.stop = nil // nothing more to wait for
		return nil
	case doneLine:
		return r.finish(&r.line.attempt)
	default:
		return r.begin(&r.line)
	}
}

// begin takes the first line of an attempt.
func (r *Reader) begin(l *line) error {
	a := &l.attempt
	if a.Seq < r.next || r.waiting.find(a.Seq) != nil {
		return r.damaged("attempt %d begins twice", a.Seq)
	}
	r.last = max(r.last, a.Seq)
	a.Service, a.Status = 0, 0
	if l.kind == dropLine {
		a.Outcome = Dropped
		r.seen.count(Dropped)
	} else {
		a.Outcome = Unfinished
		a.Sent = a.Scheduled + l.wait
		r.seen.Sent++
	}
	r.waiting.put(a)
	return nil
}

// finish takes the second line of an attempt.
func (r *Reader) finish(a *Attempt) error {
	known := r.waiting.find(a.Seq)
	if known == nil || known.Outcome != Unfinished {
		return r.damaged("attempt %d ends without having begun", a.Seq)
	}
	known.Service, known.Status, known.Outcome = a.Service, a.Status, a.Outcome
	known.Latency = known.Sent - known.Scheduled + a.Service
	r.seen.count(a.Outcome)
	return nil
}

// checkTotals holds the trailer against what was read.
func (r *Reader) checkTotals() error {
	got := *r.trailer
	got.Planned, got.Ended, got.Stopped = r.seen.Planned, r.seen.Ended, r.seen.Stopped
	if got != r.seen {
		return r.damaged("the trailer counts %d sent, the lines %d", got.Sent, r.seen.Sent)
	}
	return io.EOF
}

func (r *Reader) damaged(format string, args ...any) error {
	return &DamagedError{r.path, r.last, fmt.Sprintf(format, args...)}
}

// Trailer returns the trailer once Next has come to it.
func (r *Reader) Trailer() (Trailer, bool) {
	if r.trailer == nil {
		return Trailer{}, false
	}
	return *r.trailer, true
}

// Path returns the name under which the file was opened.
func (r *Reader) Path() string { return r.path }

// Close gives the file back.
func (r *Reader) Close() error {
	if r.zip != nil {
		r.zip.Close()
	}
	return r.source.file.Close()
}
