package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

const (
	maxBody = 64 << 20 // an answer that goes on beyond is cut
	maxKept = 64 << 10 // of an answer that the journey reads
)

// engine sends single requests over net/http.
type engine struct {
	base      url.URL
	runID     string
	userAgent string
	timeout   time.Duration
	transport *http.Transport
}

// answer is what became of a request. status is 0 unless outcome is Answered.
type answer struct {
	outcome ledger.Outcome
	status  int
	body    []byte // of a login
}

func newEngine(o Options) *engine {
	return &engine{base: *o.Target, runID: o.RunID, userAgent: o.UserAgent, timeout: o.Timeout, transport: newTransport(o.MaxInFlight, o.Timeout)}
}

func newTransport(connections int, timeout time.Duration) *http.Transport {
	return &http.Transport{ // no Proxy: the target is meant, not what is in front of it
		DialContext:         (&net.Dialer{Timeout: timeout}).DialContext,
		TLSHandshakeTimeout: timeout,
		MaxIdleConns:        connections,
		MaxIdleConnsPerHost: connections,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
}

func (e *engine) close() { e.transport.CloseIdleConnections() }

// do uses the transport without http.Client: a redirect is an answer, not a
// second request under the same number.
func (e *engine) do(seq uint64, r journey.Request) answer {
	connected := false
	ctx, cancel := context.WithTimeout(context.Background(), e.timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	request, err := e.request(ctx, seq, r)
	if err != nil {
		return answer{outcome: ledger.Refused}
	}
	response, err := e.transport.RoundTrip(request)
	if err != nil {
		if !connected {
			return answer{outcome: ledger.Refused}
		}
		return answer{outcome: broken(err)}
	}
	defer response.Body.Close()
	var body []byte
	if r.Login {
		if body, err = io.ReadAll(io.LimitReader(response.Body, maxKept)); err != nil {
			return answer{outcome: broken(err)}
		}
	}
	n, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	switch {
	case err != nil:
		return answer{outcome: broken(err)}
	case n == maxBody:
		return answer{outcome: ledger.Reset}
	}
	return answer{ledger.Answered, response.StatusCode, body}
}

func (e *engine) request(ctx context.Context, seq uint64, r journey.Request) (*http.Request, error) {
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(e.base.String(), "/")+r.Path, body)
	if err != nil {
		return nil, err
	}
	if body == nil && r.Method == http.MethodGet {
		request.Body, request.TransferEncoding = nothing{}, []string{"identity"}
	}
	h := request.Header
	h.Set("User-Agent", e.userAgent)
	h.Set("Traceparent", "00-"+ledger.TraceID(e.runID, seq)+"-"+ledger.SpanID(e.runID, seq)+"-01")
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
