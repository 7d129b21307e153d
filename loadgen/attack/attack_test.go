package attack

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
)

const runID = "test-run"

// Both engines pass the same tests.
func TestEngines(t *testing.T) {
	for _, row := range []struct {
		name string
		test func(*testing.T, Protocol)
	}{
		{"every attempt arrives once under its own identity", everyAttemptArrivesOnceUnderItsOwnIdentity},
		{"outcomes", outcomes},
		{"refused was never sent", refusedWasNeverSent},
		{"a broken kept connection is not tried again", aBrokenKeptConnectionIsNotTriedAgain},
		{"open model drops and never waits", openModelDropsAndNeverWaits},
		{"cancel ends the schedule not the requests", cancelEndsTheScheduleNotTheRequests},
		{"a ledger that cannot be written stops the run", aLedgerThatCannotBeWrittenStopsTheRun},
		{"every shape of answer", everyShape},
		{"a target that is not there", notThere},
		{"names and addresses", namesAndAddresses},
	} {
		for _, p := range []Protocol{HTTP1, Standard} {
			t.Run(row.name+" over "+string(p), func(t *testing.T) { row.test(t, p) })
		}
	}
}

// bench is an attacker on a target, with what it observed and recorded.
type bench struct {
	t        *testing.T
	attacker *Attacker
	book     *ledger.Writer
	path     string
	start    time.Time

	mu       sync.Mutex
	observed []ledger.Attempt
	each     func(ledger.Attempt) // called for each observed attempt
}

func newBench(t *testing.T, p Protocol, target string, change func(*Options)) *bench {
	t.Helper()
	base, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "run.ledger"), start: time.Now(), each: func(ledger.Attempt) {}}
	if b.book, err = ledger.Create(b.path, ledger.Header{RunID: runID, Started: b.start}); err != nil {
		t.Fatal(err)
	}
	o := Options{Target: base, Protocol: p, RunID: runID, UserAgent: "test", Timeout: 30 * time.Second, MaxInFlight: 100,
		Steps: journey.NewSource(journey.Options{Facility: facility.New(1, facility.Small()), Seed: 1, Run: runID, Now: time.Now()}), Ledger: b.book,
		Observe: func(a ledger.Attempt) {
			b.mu.Lock()
			b.observed = append(b.observed, a)
			b.mu.Unlock()
			b.each(a)
		}}
	if change != nil {
		change(&o)
	}
	b.attacker = New(o)
	return b
}

// run returns the recorded attempts, after holding them against the observed.
func (b *bench) run(ctx context.Context, arrivals iter.Seq[time.Duration]) []ledger.Attempt {
	b.t.Helper()
	if err := b.attacker.Run(ctx, b.start, Due(arrivals)); err != nil {
		b.t.Fatal(err)
	}
	if n := b.attacker.InFlight(); n != 0 {
		b.t.Errorf("%d in flight after the run", n)
	}
	if err := b.book.Close(ledger.Trailer{Planned: uint64(len(b.observed))}); err != nil {
		b.t.Fatal(err)
	}
	recorded := read(b.t, b.path)
	slices.SortFunc(b.observed, func(x, y ledger.Attempt) int { return int(x.Seq) - int(y.Seq) })
	if diff := cmp.Diff(b.observed, recorded); diff != "" {
		b.t.Errorf("recorded otherwise than observed (-observed +recorded):\n%s", diff)
	}
	return recorded
}

func read(t *testing.T, path string) []ledger.Attempt {
	t.Helper()
	r, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []ledger.Attempt
	for {
		a, err := r.Next()
		if err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
}

// atOnce makes n requests due in the same moment.
func atOnce(n int) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for range n {
			if !yield(0) {
				return
			}
		}
	}
}

// oneByOne makes a request due when the one before has ended.
func (b *bench) oneByOne(n int) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for range n {
			if !yield(0) {
				return
			}
			for b.attacker.InFlight() > 0 {
				b.attacker.engine.Wait(context.Background(), time.Now().Add(time.Millisecond))
			}
		}
	}
}

// api answers as the journeys expect of a working API, roughly.
func api(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Path == "/sessions" {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"sessionID":"abc"}`)
		return
	}
	fmt.Fprint(w, "[]")
}

func everyAttemptArrivesOnceUnderItsOwnIdentity(t *testing.T, p Protocol) {
	type arrival struct{ Method, Baggage, Trace string }
	var mu sync.Mutex
	got := map[string]arrival{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		key := r.Header.Get("Baggage")
		if _, twice := got[key]; twice {
			t.Errorf("%s came twice", key)
		}
		if len(r.TransferEncoding) > 0 || r.Method == http.MethodGet && (len(body) > 0 || r.Header.Get("Content-Length") != "") {
			t.Errorf("%s %s came with a body", r.Method, r.URL)
		}
		got[key] = arrival{r.Method, key, r.Header.Get("Traceparent")}
		mu.Unlock()
		api(w, r)
	}))
	defer server.Close()
	const planned = 2000
	b := newBench(t, p, server.URL, func(o *Options) { o.MaxInFlight = planned })
	recorded := b.run(t.Context(), pace.Constant{Rate: 4000, Duration: planned * time.Second / 4000}.Arrivals())
	mu.Lock()
	defer mu.Unlock()
	traces := ledger.TracesOf(runID)
	want := map[string]arrival{}
	for i, a := range recorded {
		if a.Seq != uint64(i+1) || a.Outcome != ledger.Answered {
			t.Fatalf("record %d: attempt %d %s", i, a.Seq, a.Outcome)
		}
		if a.Sent < a.Scheduled || a.Latency < a.Service || a.Service <= 0 {
			t.Fatalf("attempt %d: scheduled %v, sent %v, latency %v, service %v", a.Seq, a.Scheduled, a.Sent, a.Latency, a.Service)
		}
		key := fmt.Sprintf("run.id=%s,run.seq=%d", runID, a.Seq)
		want[key] = arrival{a.Method, key, string(traces.AppendParent(nil, a.Seq))}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(recorded) != planned {
		t.Errorf("%d recorded, want %d; (-recorded +arrived):\n%s", len(recorded), planned, diff)
	}
}

func outcomes(t *testing.T, p Protocol) {
	hijack := func(t *testing.T, w http.ResponseWriter, text string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, text)
		conn.Close()
	}
	for _, row := range []struct {
		name    string
		timeout time.Duration
		handle  func(*testing.T, http.ResponseWriter, *http.Request)
		outcome ledger.Outcome
		status  int
	}{
		{"an answer", 0, func(_ *testing.T, w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }, ledger.Answered, http.StatusTeapot},
		{"a redirect is an answer and not followed", 0, func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, ledger.Answered, http.StatusFound},
		{"no answer in time", 300 * time.Millisecond, func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // lets the server notice that the client has gone
			<-r.Context().Done()
		}, ledger.Timeout, 0},
		{"an endless body", 300 * time.Millisecond, func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, "more ")
				w.(http.Flusher).Flush()
			}
		}, ledger.Timeout, 0},
		{"a connection closed without a word", 0, func(t *testing.T, w http.ResponseWriter, r *http.Request) { hijack(t, w, "") }, ledger.Reset, 0},
		{"a connection closed in the body", 0, func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			hijack(t, w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, ledger.Reset, 0},
		{"an answer that is not HTTP", 0, func(t *testing.T, w http.ResponseWriter, r *http.Request) { hijack(t, w, "SSH-2.0-x\r\n") }, ledger.Reset, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { row.handle(t, w, r) }))
			defer server.Close()
			b := newBench(t, p, server.URL, func(o *Options) {
				if row.timeout > 0 {
					o.Timeout = row.timeout
				}
			})
			for _, a := range b.run(t.Context(), b.oneByOne(3)) {
				if a.Outcome != row.outcome || a.Status != row.status {
					t.Errorf("attempt %d: %s %d, want %s %d", a.Seq, a.Outcome, a.Status, row.outcome, row.status)
				}
			}
		})
	}
}

func refusedWasNeverSent(t *testing.T, p Protocol) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	b := newBench(t, p, "http://"+listener.Addr().String(), nil)
	recorded := b.run(t.Context(), atOnce(20))
	for _, a := range recorded {
		if a.Outcome != ledger.Refused || !a.NeverSent() {
			t.Errorf("attempt %d: %s", a.Seq, a.Outcome)
		}
	}
	if len(recorded) != 20 {
		t.Errorf("%d attempts, want all 20", len(recorded))
	}
}

// A kept-alive connection that breaks under a request tempts the transport to
// send the request again by itself; the application would see it twice.
func aBrokenKeptConnectionIsNotTriedAgain(t *testing.T, p Protocol) {
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("Baggage")]++
		breaks := len(seen)%2 == 0
		mu.Unlock()
		if breaks {
			panic(http.ErrAbortHandler)
		}
		api(w, r)
	}))
	defer server.Close()
	b := newBench(t, p, server.URL, nil)
	outcomes := map[ledger.Outcome]int{}
	for _, a := range b.run(t.Context(), b.oneByOne(200)) {
		outcomes[a.Outcome]++
	}
	if diff := cmp.Diff(map[ledger.Outcome]int{ledger.Answered: 100, ledger.Reset: 100}, outcomes); diff != "" {
		t.Error(diff)
	}
	mu.Lock()
	defer mu.Unlock()
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", key, n)
		}
	}
}

// The target answers nothing until all arrivals have been dealt with: were the
// schedule to wait for it, the test would not end.
func openModelDropsAndNeverWaits(t *testing.T, p Protocol) {
	const limit, planned = 10, 50
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
		api(w, r)
	}))
	defer server.Close()
	b := newBench(t, p, server.URL, func(o *Options) { o.MaxInFlight = limit })
	dropped := 0
	b.each = func(a ledger.Attempt) {
		if a.Outcome == ledger.Dropped {
			if dropped++; dropped == planned-limit {
				close(release)
			}
		}
	}
	for _, a := range b.run(t.Context(), pace.Constant{Rate: 1000, Duration: planned * time.Millisecond}.Arrivals()) {
		want := ledger.Answered
		if a.Seq > limit {
			want = ledger.Dropped
		}
		if a.Outcome != want || a.Scheduled != time.Duration(a.Seq-1)*time.Millisecond {
			t.Errorf("attempt %d, due at %v: %s, want %s", a.Seq, a.Scheduled, a.Outcome, want)
		}
	}
}

func cancelEndsTheScheduleNotTheRequests(t *testing.T, p Protocol) {
	ctx, cancel := context.WithCancel(t.Context())
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		api(w, r)
	}))
	defer server.Close()
	go func() {
		<-arrived
		cancel()
		close(release)
	}()
	b := newBench(t, p, server.URL, nil)
	recorded := b.run(ctx, pace.Constant{Rate: 0.01, Duration: time.Hour}.Arrivals())
	if len(recorded) != 1 || recorded[0].Outcome != ledger.Answered {
		t.Errorf("recorded %v, want the one request answered", recorded)
	}
}

func aLedgerThatCannotBeWrittenStopsTheRun(t *testing.T, p Protocol) {
	server := httptest.NewServer(http.HandlerFunc(api))
	defer server.Close()
	b := newBench(t, p, server.URL, nil)
	if err := b.book.Close(ledger.Trailer{}); err != nil {
		t.Fatal(err)
	}
	err := b.attacker.Run(t.Context(), b.start, Due(atOnce(1000)))
	if err == nil || !strings.Contains(err.Error(), "already closed") || len(b.observed) > 0 {
		t.Errorf("got %v and %d requests, want the ledger's error and none", err, len(b.observed))
	}
}

func TestPreflight(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base/readyz" || r.Header.Get("Baggage") != "" {
			t.Errorf("asked for %s with baggage %q", r.URL, r.Header.Get("Baggage"))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	base, err := url.Parse(server.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}
	if status, err := Preflight(t.Context(), Options{Target: base, Protocol: Auto, UserAgent: "test", Timeout: time.Minute}); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("got %d, %v, want 503", status, err)
	}
	server.Close()
	if _, err := Preflight(t.Context(), Options{Target: base, Protocol: Auto, UserAgent: "test", Timeout: time.Minute}); err == nil {
		t.Error("no error from a closed server")
	}
}
