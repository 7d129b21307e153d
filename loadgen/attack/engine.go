package attack

import (
	"context"
	"fmt"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// Engine carries requests to the target and says what became of them. One
// goroutine calls its methods, Wait and Start from within Run.
type Engine interface {
	// Run calls send once and returns when all that it started has ended.
	Run(send func())

	// Wait carries on what is in flight until a moment has come, perhaps a tick
	// later, and reports whether it came before ctx was cancelled.
	Wait(ctx context.Context, until time.Time) bool

	// Start sends a request. ended hears once of its end, from any goroutine.
	Start(seq uint64, r journey.Request, ended func(Answer))
}

// Answer is what became of a request.
type Answer struct {
	Outcome ledger.Outcome
	Status  int       // 0 unless Outcome is Answered
	Body    []byte    // its begin, if the journey keeps something of it; valid until ended returns
	At      time.Time // when its end came
}

// Protocol is what an attack speaks.
type Protocol string

// The protocols. HTTP/1.1 without TLS goes over the program's own engine where
// there is one (Linux), all else over net/http.
const (
	Auto     Protocol = "auto"  // HTTP/1.1; with TLS, HTTP/2 if the target offers it
	HTTP1    Protocol = "http1" // HTTP/1.1
	H2C      Protocol = "h2c"   // HTTP/2 without TLS, from the first byte on
	Standard Protocol = "http"  // as Auto, but always over net/http
)

// ParseProtocol reads the name of a protocol.
func ParseProtocol(name string) (Protocol, error) {
	switch p := Protocol(name); p {
	case Auto, HTTP1, H2C, Standard:
		return p, nil
	}
	return "", fmt.Errorf("unknown protocol %q", name)
}

func newEngine(o Options) Engine {
	if o.Target.Scheme == "http" && (o.Protocol == Auto || o.Protocol == HTTP1) {
		if e, err := newDirect(o); err == nil {
			return e
		}
	}
	return newStandard(o)
}
