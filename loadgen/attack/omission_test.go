package attack

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
)

// pipes is a network in memory, so that a run can take place in simulated time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// The target stands still for a second of a 10 s run (it ends between two
// arrivals). Of the arrivals one in ten falls into that second and waits for the
// rest of it, so the true p99 is 0.90 s. A generator that waits for the target would send fewer requests
// and report a p99 near 0.
func TestAStalledTargetIsNotOmitted(t *testing.T) {
	const rate, length, stall, resume = 200, 10 * time.Second, 4 * time.Second, 4999 * time.Millisecond
	for _, row := range []struct {
		name        string
		maxInFlight int
		dropped     uint64
		p99         time.Duration
	}{
		{"with room for all that wait", 1000, 0, 900 * time.Millisecond},
		{"with room for 40 the others are counted as dropped", 40, 160, 909 * time.Millisecond}, // the 19th longest wait of 1,840
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if at := time.Since(start); at >= stall && at < resume {
						time.Sleep(resume - at)
					}
					api(w, r)
				})}
				served := make(chan error, 1)
				go func() { served <- server.Serve(network) }()

				b := newBench(t, Standard, "http://target", func(o *Options) { o.MaxInFlight = row.maxInFlight })
				b.attacker.engine.(*standard).transport.DialContext = network.dial
				recorder := report.NewRecorder(ledger.Header{Rate: rate, Duration: length})
				schedule := pace.Constant{Rate: rate, Duration: length}
				for _, a := range b.run(t.Context(), schedule.Arrivals()) {
					recorder.Add(a)
				}
				if err := server.Close(); err != nil {
					t.Error(err)
				}
				<-served

				got := recorder.Report(ledger.Trailer{}, true, "")
				if got.Sent+row.dropped != schedule.Count() || got.Outcomes[ledger.Answered] != got.Sent || got.Outcomes[ledger.Dropped] != row.dropped {
					t.Errorf("sent %d, outcomes %v, want %d dropped of %d", got.Sent, got.Outcomes, row.dropped, schedule.Count())
				}
				if off := got.Latency.P99 - row.p99; off.Abs() > row.p99/100 {
					t.Errorf("p99 %v, want %v", got.Latency.P99, row.p99)
				}
			})
		})
	}
}
