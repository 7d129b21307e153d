package rest

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/cli/transcript"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/telemetry"
)

// A delay longer than the server's own limit of an answer delays it, and does
// not cut it.
func TestAnInjectedDelayDoesNotCutTheAnswer(t *testing.T) {
	faults := fault.New(fault.Options{Registerer: prometheus.NewRegistry()})
	var log transcript.Buffer
	web := New(Options{Faults: faults, Log: telemetry.NewLog(&log, telemetry.Service{}, telemetry.LevelInfo)}).HTTP()
	web.WriteTimeout = longWait
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		if err := web.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	latency := &fault.Latency{Shape: "constant", Value: fault.Duration(3 * longWait)}
	if _, err := faults.Set(fault.Rule{ID: "slow", Route: "/version", Latency: latency}); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := send(client, req); err != nil || a.status != http.StatusOK {
		t.Errorf("status %d, %v; the log:\n%s", a.status, err, log.String())
	}
}
