package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

// evenly makes n arrivals at one distance.
func evenly(n int, every time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for k := range n {
			if !yield(time.Duration(k) * every) {
				return
			}
		}
	}
}

type finished struct {
	attempts []ledger.Attempt
	report   Report
	err      error // of Run
}

// ship runs lines to an output and reads its ledger.
func ship(ctx context.Context, t *testing.T, out Output, c Content, planned uint64, arrivals iter.Seq[time.Duration]) finished {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	start := time.Now()
	header := ledger.Header{RunID: testRun, Started: start, Rate: 1000}
	book, err := ledger.Create(path, header)
	if err != nil {
		t.Fatal(err)
	}
	s := NewShipment(Options{Maker: NewMaker(c), Output: out, Ledger: book, Timeout: 2 * time.Second, Tally: NewTally()})
	done := finished{err: s.Run(ctx, start, arrivals)}
	trailer := ledger.Trailer{Planned: planned, Ended: time.Now()}
	if err := book.Close(trailer); err != nil {
		t.Fatal(err)
	}
	done.report = s.Tally.Report(header, trailer, out.Stats())
	r, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		a, err := r.Next()
		if err == io.EOF {
			return done
		}
		if err != nil {
			t.Fatal(err)
		}
		done.attempts = append(done.attempts, a)
	}
}

func (f finished) count() map[ledger.Outcome]uint64 {
	got := map[ledger.Outcome]uint64{}
	for _, a := range f.attempts {
		got[a.Outcome]++
	}
	return got
}

func TestEveryLineIsInTheLedgerAndInTheOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to bytes.Buffer
		c := content(ECS)
		got := ship(t.Context(), t, NewStream(&to), c, 3000, evenly(3000, 250*time.Microsecond))
		if got.err != nil || got.report.Written != 3000 || got.report.Bytes != uint64(to.Len()) || got.report.Late != 0 {
			t.Fatalf("%v, %+v", got.err, got.report)
		}
		lines := bytes.SplitAfter(to.Bytes(), []byte("\n"))
		kinds := map[Kind]uint64{}
		for i, a := range got.attempts {
			due := time.Duration(i) * 250 * time.Microsecond
			want := ledger.Attempt{Seq: uint64(i + 1), Scheduled: due, Sent: a.Sent, Latency: a.Latency, Service: a.Service,
				Journey: a.Journey, Method: Method, Route: "ecs", Status: 200, Outcome: ledger.Answered}
			if diff := cmp.Diff(want, a); diff != "" {
				t.Fatal(diff)
			}
			if a.Sent < due || a.Latency > 2*tick {
				t.Fatalf("line %d was due at %v and left at %v, %v late", a.Seq, due, a.Sent, a.Latency)
			}
			kinds[Kind(a.Journey)]++
			id, err := parseECS(lines[i])
			if err != nil || id.Seq != fmt.Sprint(a.Seq) {
				t.Fatalf("line %d: %+v, %v", a.Seq, id, err)
			}
		}
		if diff := cmp.Diff(kinds, got.report.Kinds); diff != "" || len(got.attempts) != 3000 {
			t.Error(diff)
		}
	})
}

// blocking takes so many writes and then none until it is released.
type blocking struct {
	Stream
	writes  int
	release chan struct{}
}

func (b *blocking) Write(text []byte, ends []int) Result {
	if b.writes--; b.writes < 0 {
		<-b.release
	}
	return Result{Done: len(ends)}
}

func TestAnOutputThatTakesNothingIsAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &blocking{writes: 10, release: make(chan struct{})}
		began := time.Now()
		got := ship(t.Context(), t, out, content(Logfmt), 100, evenly(100, 10*time.Millisecond))
		want := map[ledger.Outcome]uint64{ledger.Answered: 10, ledger.Timeout: 1, ledger.Dropped: 89}
		if diff := cmp.Diff(want, got.count()); diff != "" || got.err != nil {
			t.Errorf("%v %s", got.err, diff)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the run took %v, want a second and the time limit", took)
		}
		if got.report.Failure != errBlocked.Error() || got.report.Outcomes[ledger.Dropped] != 89 {
			t.Errorf("report: %+v", got.report)
		}
		close(out.release)
	})
}

// What was held up for a while is written late, and says so.
func TestASlowOutputMakesLinesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &blocking{writes: 10, release: make(chan struct{})}
		time.AfterFunc(500*time.Millisecond, func() { close(out.release) })
		got := ship(t.Context(), t, out, content(Plain), 100, evenly(100, 10*time.Millisecond))
		if got.err != nil || got.report.Written != 100 || got.report.Late < 38 || got.report.Late > 41 || got.report.Lateness.Max < 390*time.Millisecond {
			t.Errorf("%v, %+v", got.err, got.report)
		}
	})
}

// failing refuses every line whose number is divisible by three.
type failing struct{ Stream }

func (f *failing) Write(text []byte, ends []int) Result {
	from := 0
	for i, end := range ends {
		if seqOf(text[from:end])%3 == 0 {
			return Result{Done: i, Failed: 1, Outcome: ledger.Refused, Err: errors.New("bad luck")}
		}
		from = end
	}
	return Result{Done: len(ends)}
}

func TestAFailedLineStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := ship(t.Context(), t, &failing{}, content(Combined), 300, evenly(300, 0))
		want := map[ledger.Outcome]uint64{ledger.Answered: 200, ledger.Refused: 100}
		if diff := cmp.Diff(want, got.count()); diff != "" || got.err != nil || got.report.Failure != "bad luck" {
			t.Errorf("%v %+v %s", got.err, got.report, diff)
		}
		for _, a := range got.attempts {
			if a.NeverSent() != (a.Seq%3 == 0) {
				t.Fatalf("line %d is %s", a.Seq, a.Outcome)
			}
		}
	})
}

type discard struct{ Stream }

func (discard) Write(_ []byte, ends []int) Result { return Result{Done: len(ends)} }

func TestASignalEndsTheScheduleAndWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second+time.Millisecond/2, stop)
		got := ship(ctx, t, &discard{}, content(ECS), 1_000_000, evenly(1_000_000, 10*time.Millisecond))
		if got.err != nil || got.report.Written != 101 || len(got.attempts) != 101 {
			t.Errorf("%v, %d attempts, %+v", got.err, len(got.attempts), got.report)
		}
	})
}

func TestNothingIsWrittenWithoutARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "run.ledger")
		book, err := ledger.Create(path, ledger.Header{RunID: testRun})
		if err != nil {
			t.Fatal(err)
		}
		if err := book.Close(ledger.Trailer{}); err != nil { // what comes now cannot be recorded
			t.Fatal(err)
		}
		var to bytes.Buffer
		s := NewShipment(Options{Maker: NewMaker(content(ECS)), Output: NewStream(&to), Ledger: book, Timeout: time.Second, Tally: NewTally()})
		_ = s.Run(t.Context(), time.Now(), evenly(1000, time.Millisecond))
		if to.Len() > 0 {
			t.Errorf("%d bytes were written without a record", to.Len())
		}
	})
}

func TestReportForReaders(t *testing.T) {
	tally := NewTally()
	for seq, outcome := range []ledger.Outcome{ledger.Answered, ledger.Answered, ledger.Refused, ledger.Dropped} {
		tally.end(ledger.Attempt{Seq: uint64(seq + 1), Sent: time.Duration(seq) * time.Second, Latency: 20 * time.Millisecond, Journey: string(NUL), Outcome: outcome}, 600)
	}
	tally.failure(fmt.Errorf("write: %w", errors.New("connection reset by peer")))
	r := tally.Report(ledger.Header{RunID: "r1", Target: "tcp://h:1", Rate: 1}, ledger.Trailer{Planned: 4, Stopped: "a signal"}, Stats{Rotations: 3, Removed: 1, Reconnects: 2})
	var table, text bytes.Buffer
	if err := errors.Join(r.WriteTable(&table), r.WriteJSON(&text)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2  (1.00/s, 1.2 KiB)", "1 refused, 1 dropped", "2 nul", "2 by more than 10ms", "3  (1 old files removed)", "connection reset by peer", "a signal"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	for _, want := range []string{`"malformed": 2`, `"reconnects": 2`, `"complete": false`, `"rate_achieved": 1`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in %s", want, text.String())
		}
	}
}
