package lines

import (
	"errors"
	"io"
	"os"
	"sort"
	"strings"

	"plumbline/loadgen/ledger"
)

// Output is where lines go. Its methods are called from one goroutine.
type Output interface {
	// Write takes whole lines; ends[i] is where line i ends in text, and there
	// is at least one. It returns when some have been written or have failed:
	// the caller brings the rest again.
	Write(text []byte, ends []int) Result
	Close() error
	Stats() Stats
}

// Result says what became of the first lines of a Write: Done were written, then
// Failed ended as Outcome. The rest was not touched.
//
// Refused: no byte of the line left. Reset: a part of it may have. Timeout: the
// other side did not take it in time, and a part of it may have left.
type Result struct {
	Done, Failed int
	Outcome      ledger.Outcome
	Err          error // why they failed
}

// Stats is what an output counts beside its lines.
type Stats struct {
	Rotations  uint64 // files that were put aside
	Removed    uint64 // rotated files that were removed because there were too many
	Reconnects uint64 // connections after the first
}

// Stream is an output to a pipe or terminal.
type Stream struct {
	out  io.Writer
	torn bool // the last byte written is in the middle of a line
}

// NewStream returns an output to w, which stays open.
func NewStream(w io.Writer) *Stream { return &Stream{out: w} }

// Write implements Output.
func (s *Stream) Write(text []byte, ends []int) Result {
	if s.torn { // the rest of that line will never come: it stands alone
		if _, err := s.out.Write([]byte{'\n'}); err != nil {
			return Result{Failed: len(ends), Outcome: ledger.Refused, Err: err}
		}
		s.torn = false
	}
	n, err := s.out.Write(text[:ends[len(ends)-1]])
	if err == nil {
		return Result{Done: len(ends)}
	}
	done, cut := whole(ends, n)
	s.torn = cut
	return failed(done, len(ends), cut, err)
}

// Close implements Output.
func (s *Stream) Close() error { return nil }

// Stats implements Output.
func (s *Stream) Stats() Stats { return Stats{} }

// whole says how many lines are in the first n bytes, and whether a part of the
// next one is.
func whole(ends []int, n int) (done int, cut bool) {
	done = sort.SearchInts(ends, n+1)
	return done, n > 0 && (done == 0 || ends[done-1] < n)
}

// failed is the result of a write that an error ended: of the line that was cut
// a part has left, and nothing of the others.
func failed(done, lines int, cut bool, err error) Result {
	r := Result{Done: done, Failed: lines - done, Outcome: ledger.Refused, Err: err}
	if cut {
		r.Failed, r.Outcome = 1, ledger.Reset
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && r.Failed > 0 {
		r.Failed, r.Outcome = 1, ledger.Timeout
	}
	return r
}

// describe names an error's cause without the addresses and paths, which the
// report has already.
func describe(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		err = inner
	}
}
