//go:build unix

package attack

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
)

const isTarget = "PLUMBLINE_TEST_TARGET"

// TestTarget is no test but the process that the probe stops. It remembers when
// it answered which request.
func TestTarget(t *testing.T) {
	if os.Getenv(isTarget) == "" {
		t.Skip("not asked for")
	}
	var mu sync.Mutex
	answered := map[string]int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/times" {
			_ = json.NewEncoder(w).Encode(answered) // the probe notices
			return
		}
		answered[r.Header.Get("Baggage")] = time.Now().UnixNano()
	}))
	defer server.Close()
	fmt.Println("at", server.URL)
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the probe ends
}

func startTarget(t *testing.T) (url string, process *os.Process) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTarget$")
	command.Env = append(os.Environ(), isTarget+"=1")
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "at ")
	}
	t.Cleanup(func() {
		stdin.Close()
		for lines.Scan() { // its verdict, so that it need not wait for a reader
		}
		_ = command.Wait() // it is no test
	})
	return url, command.Process
}

// hiccups measures by how much a nap of a millisecond is overslept at worst.
func hiccups(stop <-chan struct{}) (worst time.Duration) {
	for {
		select {
		case <-stop:
			return worst
		default:
			begin := time.Now()
			time.Sleep(time.Millisecond)
			worst = max(worst, time.Since(begin)-time.Millisecond)
		}
	}
}

// The target stands still for a second of the run. The reported p99 must be what
// somebody would say who knows the schedule and when the target has answered
// each request, whatever the generator saw: no wait is omitted, none invented.
func TestCoordinatedOmission(t *testing.T) {
	if raced {
		t.Skip("not under the race detector; make test runs it by itself")
	}
	for _, p := range []Protocol{HTTP1, Standard} {
		t.Run("over "+string(p), func(t *testing.T) {
			for range 6 {
				told, truth, hiccup := probe(t, p)
				t.Logf("p99 %v, in truth %v; worst hiccup of the machine %v", told, truth, hiccup)
				tolerance := truth / 20
				if (told - truth).Abs() <= tolerance {
					return
				}
				if hiccup < tolerance/2 {
					t.Fatalf("p99 %v, want %v within 5 %%", told, truth)
				}
			}
			t.Skip("could not be measured: this machine stands still itself for longer than what is to be seen")
		})
	}
}

func probe(t *testing.T, p Protocol) (told, truth, hiccup time.Duration) {
	const rate, length, stall = 2000, 4 * time.Second, time.Second
	url, process := startTarget(t)
	schedule := pace.Constant{Rate: rate, Duration: length}
	b := newBench(t, p, url, func(o *Options) {
		o.MaxInFlight = int(schedule.Count())
		o.Steps = &same{step: journey.Step{Method: http.MethodGet, Path: "/", Expect: http.StatusOK}}
	})
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() { worst <- hiccups(stop) }()
	stopped := make(chan error, 1)
	time.AfterFunc(time.Until(b.start.Add(length/4)), func() {
		err := process.Signal(syscall.SIGSTOP)
		time.Sleep(stall)
		if err == nil {
			err = process.Signal(syscall.SIGCONT)
		}
		stopped <- err
	})
	recorder := report.NewRecorder(ledger.Header{Rate: rate, Duration: length})
	recorded := b.run(t.Context(), schedule.Arrivals())
	for _, a := range recorded {
		recorder.Add(a)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	close(stop)
	hiccup = <-worst

	got := recorder.Report(ledger.Trailer{}, true, "")
	if got.Sent != schedule.Count() || got.Outcomes[ledger.Answered] != got.Sent {
		t.Errorf("sent %d, outcomes %v, want %d answered", got.Sent, got.Outcomes, schedule.Count())
	}
	answered := map[string]int64{}
	response, err := http.Get(url + "/times")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answered); err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	seq := 0
	for due := range schedule.Arrivals() {
		seq++
		at := answered[fmt.Sprintf("run.id=%s,run.seq=%d", runID, seq)]
		waits = append(waits, time.Duration(at-b.start.UnixNano())-due)
	}
	slices.Sort(waits)
	truth = waits[len(waits)*99/100]
	if least := stall - length/100; truth < least*9/10 {
		t.Fatalf("in truth the p99 is %v: the target did not stand still for %v", truth, stall)
	}
	return got.Latency.P99, truth, hiccup
}

// A TLS server greets a client that speaks without TLS with an alert, or with a
// word in clear; neither is taken for silence.
func TestTheTargetSpeaksTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(api))
	defer server.Close()
	for _, p := range []Protocol{HTTP1, Standard} {
		b := newBench(t, p, "http://"+server.Listener.Addr().(*net.TCPAddr).String(), nil)
		for _, a := range b.run(t.Context(), b.oneByOne(2)) {
			if a.Outcome != ledger.Answered || a.Status != http.StatusBadRequest {
				t.Errorf("over %s: %s %d, want the server's 400", p, a.Outcome, a.Status)
			}
		}
	}
}
