package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// standard is the engine over net/http: a goroutine for each request.
type standard struct {
	base      url.URL
	runID     string
	traces    ledger.Traces
	userAgent string
	timeout   time.Duration
	multiplex bool // HTTP/2 for sure
	transport *http.Transport
	timer     *time.Timer
	group     sync.WaitGroup
}

func newStandard(o Options) *standard {
	timer := time.NewTimer(0)
	timer.Stop()
	return &standard{base: *o.Target, runID: o.RunID, traces: ledger.TracesOf(o.RunID), userAgent: o.UserAgent, timeout: o.Timeout, multiplex: o.Protocol == H2C,
		transport: newTransport(o), timer: timer}
}

func newTransport(o Options) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(o.Protocol != H2C)
	protocols.SetHTTP2(o.Protocol == Auto || o.Protocol == Standard)
	protocols.SetUnencryptedHTTP2(o.Protocol == H2C)
	return &http.Transport{ // no Proxy: the target is meant, not what is in front of it
		DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.Timeout,
		Protocols:              &protocols,
		MaxIdleConns:           o.MaxInFlight,
		MaxIdleConnsPerHost:    o.MaxInFlight,
		MaxResponseHeaderBytes: maxHead,
		IdleConnTimeout:        idleTime,
		DisableCompression:     true,
	}
}

func (e *standard) Run(send func()) {
	defer e.transport.CloseIdleConnections()
	defer e.group.Wait()
	send()
}

func (e *standard) Wait(ctx context.Context, until time.Time) bool {
	wait := time.Until(until)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	e.timer.Reset(wait)
	select {
	case <-ctx.Done():
		return false
	case <-e.timer.C:
		return true
	}
}

func (e *standard) Start(seq uint64, r journey.Request, ended func(Answer)) {
	e.group.Go(func() {
		answer := e.do(seq, r)
		answer.At = time.Now()
		ended(answer)
	})
}

// do uses the transport without http.Client: a redirect is an answer, not a
// second request under the same number.
func (e *standard) do(seq uint64, r journey.Request) Answer {
	connected := false
	ctx, cancel := context.WithTimeout(context.Background(), e.timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	request, err := e.request(ctx, seq, r)
	if err != nil {
		return Answer{Outcome: ledger.Refused}
	}
	response, err := e.transport.RoundTrip(request)
	if err != nil {
		if !connected {
			return Answer{Outcome: ledger.Refused}
		}
		return Answer{Outcome: broken(err)}
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode < 100:
		return Answer{Outcome: ledger.Reset} // three digits, but no status
	case response.StatusCode == http.StatusSwitchingProtocols:
		return Answer{Outcome: ledger.Answered, Status: response.StatusCode} // what follows is no body
	}
	var body []byte
	if r.Keep != journey.Nothing {
		if body, err = io.ReadAll(io.LimitReader(response.Body, maxKept)); err != nil {
			return Answer{Outcome: broken(err)}
		}
	}
	n, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxBody+1-int64(len(body))))
	switch {
	case err != nil:
		return Answer{Outcome: broken(err)}
	case n+int64(len(body)) > maxBody:
		return Answer{Outcome: ledger.Reset}
	}
	return Answer{Outcome: ledger.Answered, Status: response.StatusCode, Body: body}
}

func (e *standard) request(ctx context.Context, seq uint64, r journey.Request) (*http.Request, error) {
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(e.base.String(), "/")+r.Path, body)
	if err != nil {
		return nil, err
	}
	if body == nil && !e.multiplex && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		request.Body, request.TransferEncoding = nothing{}, []string{"identity"}
	}
	h := request.Header
	h.Set("User-Agent", e.userAgent)
	h.Set("Traceparent", string(e.traces.AppendParent(nil, seq)))
	h.Set("Baggage", fmt.Sprintf("%s=%s,%s=%d", telemetry.FieldRunID, e.runID, telemetry.FieldRunSeq, seq))
	if r.Body != "" {
		h.Set("Content-Type", "application/json")
	}
	if r.Bearer != "" {
		h.Set("Authorization", "Bearer "+r.Bearer)
	}
	return request, nil
}

// nothing is an empty body that cannot be read again, so that the transport does
// not repeat the request by itself when a kept-alive connection breaks: the
// application might see one number twice. Together with the identity encoding
// nothing goes over the wire for it; without, the transport guesses within
// 200 ms whether there is a body and sends an empty chunked one when it is late.
// HTTP/2 says by itself which requests were not looked at, and repeats no others.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }

// broken tells a limit that ran out from a connection that broke.
func broken(err error) ledger.Outcome {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return ledger.Timeout
	}
	return ledger.Reset
}
