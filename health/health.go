// Package health asks a server of the project whether it is well, from beside
// it: what a container's health check runs, since our images hold no other
// program that could ask. What well means is the server's business: 200 OK is a
// yes, everything else a no.
package health

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"plumbline/cli"
)

// DefaultTimeout is how long an answer may take unless somebody says otherwise.
const DefaultTimeout = 3 * time.Second

// Question is one request, asked once.
type Question struct {
	URL    string
	Within time.Duration // 0: DefaultTimeout
	TLS    *tls.Config   // nil: the system's authorities
	Next   string        // hint for who gets no answer
}

// Ask returns nil for a yes, and exit code 1 for a no and for silence.
func Ask(ctx context.Context, q Question) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(q.Within, DefaultTimeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, q.URL, nil)
	if err != nil {
		return q.silence(err)
	}
	// No proxy, no kept connection: one question, asked of this machine.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: q.TLS},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return q.silence(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &cli.Failure{Code: cli.False, Err: fmt.Errorf("healthcheck %s: %s: %s", q.URL, answer.Status, reason(answer.Body))}
}

func (q Question) silence(err error) error {
	return &cli.Failure{Code: cli.False, Err: fmt.Errorf("healthcheck: %w", err), Next: q.Next}
}

// reason is what the body of a refusal gives as one: our servers say it as
// {"message": …}, {"error": …} or {"error": {"message": …}}, others not at all.
func reason(body io.Reader) string {
	var envelope struct {
		Message string
		Error   json.RawMessage
	}
	_ = json.NewDecoder(io.LimitReader(body, 4<<10)).Decode(&envelope)
	var plain string
	var inner struct{ Message string }
	_, _ = json.Unmarshal(envelope.Error, &plain), json.Unmarshal(envelope.Error, &inner)
	return cmp.Or(envelope.Message, plain, inner.Message, "no reason given")
}

// Reachable turns an address to listen on into one to ask: every interface
// includes loopback.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "", err == nil && ip.Is4() && ip.IsUnspecified():
		return net.JoinHostPort("127.0.0.1", port)
	case err == nil && ip.IsUnspecified():
		return net.JoinHostPort("::1", port)
	}
	return addr
}
