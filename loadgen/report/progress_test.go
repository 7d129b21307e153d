package report

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

// started is a run of 8 s at 100/s of which 500 requests were sent.
func started() *Watch {
	r := NewRecorder(ledger.Header{})
	for seq := range uint64(502) {
		a := ledger.Attempt{Seq: seq + 1, Outcome: ledger.Answered, Status: 200, Expect: 200, Latency: 7 * ms}
		switch {
		case seq < 4:
			a.Outcome, a.Status = ledger.Dropped, 0
		case seq == 4:
			a.Outcome, a.Status = ledger.Timeout, 0
		case seq <= 6:
			a.Status = 500
		}
		r.Add(a)
	}
	return &Watch{Recorder: r, InFlight: func() int { return 2 }, Start: time.Now(), Length: 8 * time.Second, Wanted: func(time.Duration) float64 { return 100 }}
}

func TestPlainProgress(t *testing.T) {
	for _, row := range []struct {
		name    string
		planned uint64
		want    string
	}{
		{"a line each 5 s, its rate since the last one", 800,
			"  5s of 8s  100/s of 100/s  sent 500 of 800  in flight 2  errors 3  dropped 4  p99 7.00 ms\n" +
				"waiting for the last answers  sent 500 of 800  in flight 2  errors 3  dropped 4  p99 7.00 ms\n"},
		{"a closed run wants no rate", 0,
			"  5s of 8s  100/s  sent 500  in flight 2  errors 3  dropped 4  p99 7.00 ms\n" +
				"waiting for the last answers  sent 500  in flight 2  errors 3  dropped 4  p99 7.00 ms\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				ctx, cancel := context.WithTimeout(t.Context(), 11*time.Second+ms)
				defer cancel()
				Progress{Out: &out, Watch: started(), Planned: row.planned}.Show(ctx)
				if diff := cmp.Diff(row.want, out.String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestProgressTellsOfAPause(t *testing.T) {
	w := started()
	w.Paused = func() bool { return true }
	p := Progress{Watch: w}
	if line, _ := p.line(passed{}); !strings.HasPrefix(line, "paused at 0s of 8s  ") {
		t.Errorf("the plain line is %q", line)
	}
	if view := p.view(w.State(), 80); !strings.HasSuffix(view[0], "  paused at 0s of 8s") {
		t.Errorf("the view begins with %q", view[0])
	}
	w.Length = -1
	if line, _ := p.line(passed{}); !strings.HasPrefix(line, "waiting for the last answers") {
		t.Errorf("after the schedule's end the line is %q", line)
	}
}

// The last view before the end, on terminals of several widths.
func TestLiveProgress(t *testing.T) {
	for _, row := range []struct {
		name   string
		width  int
		colour bool
		want   string
	}{
		{"a view of six lines", 100, false, `██████████░░░░░░░░░░░░░░  4s of 8s
rate     0/s of 100/s  sent 500 of 800  in flight 2
errors   2 unexpected, 1 timeout, 4 dropped
latency  p50 7.00 ms  p95 7.00 ms  p99 7.00 ms  last 5 s
minute   █▁▁  rate up to 500/s
         █▁▁  p99 up to 7.00 ms`},
		{"a narrow terminal cuts its lines", 30, true, `████░░░░░░  4s of 8s
rate     0/s of 100/s  sent 5
errors   ` + "\x1b[31m" + `2 unexpected, 1 time` + "\x1b[0m" + `
latency  p50 7.00 ms  p95 7.0
minute   █▁▁  rate up to 500/
         █▁▁  p99 up to 7.00 `},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				ctx, cancel := context.WithTimeout(t.Context(), 3600*ms)
				defer cancel()
				w := started()
				go w.Follow(ctx)
				Progress{Out: &out, Live: true, Width: func() int { return row.width }, Colour: row.colour, Watch: w, Planned: 800}.Show(ctx)
				const six = "\r\x1b[5A\x1b[J"
				views := strings.Split(out.String(), six)
				if last := views[len(views)-1]; last != "" {
					t.Errorf("the view is not cleared at the end: %q", last)
				}
				if diff := cmp.Diff(row.want, views[len(views)-2]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for line := range strings.Lines(views[len(views)-2]) {
					line = strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "", "\n", "").Replace(line)
					if n := utf8.RuneCountInString(line); n >= row.width {
						t.Errorf("%q has %d of %d columns", line, n, row.width)
					}
				}
			})
		})
	}
}

func TestProgressSaysThatTheRunIsStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), ms)
		defer cancel()
		stopping := make(chan struct{})
		close(stopping)
		Progress{Out: &out, Watch: started(), Stopping: stopping}.Show(ctx)
		if got, want := out.String(), "stopping: no new requests, waiting for 2 in flight\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A note stands above the view, which goes on below it.
func TestProgressShowsNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 1200*ms)
		defer cancel()
		w, notes := started(), make(chan string, 1)
		time.AfterFunc(600*ms, func() { notes <- "elasticsearch: connection refused" })
		go w.Follow(ctx)
		Progress{Out: &out, Live: true, Width: func() int { return 100 }, Watch: w, Planned: 800, Notes: notes}.Show(ctx)
		parts := strings.Split(out.String(), "elasticsearch: connection refused\n")
		if len(parts) != 2 || !strings.HasSuffix(parts[0], "A\x1b[J") || strings.HasPrefix(parts[1], "\r") {
			t.Errorf("got %q", out.String())
		}
	})
}
