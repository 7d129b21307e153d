package config

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"plumbline/cli"
	"plumbline/demo-app/icat"
)

// Healthy asks the server at c.Addr whether it is ready, or whether it lives
// when c.Live. It returns nil for a yes, exit code 1 for a no and for silence.
func (c Config) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.CheckTimeout)
	defer cancel()
	path := "/readyz"
	if c.Live {
		path = "/healthz"
	}
	url := "http://" + reachable(c.Addr) + path
	no := func(err error) error {
		return &cli.Failure{Code: cli.False, Err: err, Next: "name the server's address with -addr, or ADDR"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return no(err)
	}
	// No proxy, no kept connection: one question, asked of this machine.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return no(fmt.Errorf("healthcheck: %w", err))
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	var why icat.Envelope
	_ = json.NewDecoder(io.LimitReader(answer.Body, 4<<10)).Decode(&why) // not every server has the envelope
	return &cli.Failure{Code: cli.False, Err: fmt.Errorf("healthcheck %s: %s: %s", url, answer.Status, cmp.Or(why.Message, "no reason given"))}
}

// reachable turns an address to listen on into one to ask: every interface
// includes loopback.
func reachable(addr string) string {
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
