// Package faultproxy stands between a shipper and Elasticsearch and does harm
// when it is told to: it slows and cuts connections (Toxiproxy, on TCP), and
// behind that answers bulk requests, or some of their items, with refusals in
// the words of Elasticsearch (an HTTPS proxy with the node's own certificate).
// Told nothing, it passes everything on. It counts what it saw and did, so that
// a test can prove that harm was done.
//
// When harm is done, and what may come of it, is the tests'.
package faultproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Options say what the proxy stands before. The files are read when the first
// connection comes, for a node makes them as it starts.
type Options struct {
	Elasticsearch     string // https://HOST:PORT
	CAFile            string // whom to trust there
	CertFile, KeyFile string // what shippers are shown
}

// Proxy is a running proxy. Its methods are safe for concurrent use.
type Proxy struct {
	URL string // https://127.0.0.1:PORT, for the shipper

	wire     *toxiproxy.Proxy
	server   *http.Server
	pass     *httputil.ReverseProxy
	upstream *http.Transport

	mu     sync.Mutex
	fault  Fault
	items  uint64 // seen under SomeItems, to choose among them
	counts Counts
}

// Counts are what the proxy saw and did since it started.
type Counts struct {
	Connections uint64         // that came from the shipper
	Bulks       uint64         // requests for _bulk
	Refused     uint64         // of these, refused as a whole
	Slow        uint64         // of these, longer than SlowAfter on the way here
	Torn        uint64         // of these, broken off on the way here
	Lost        uint64         // of these, passed on, but the answer was not to be had: Elasticsearch is gone
	Items       map[int]uint64 // items by the status that Elasticsearch gave them
	Sifted      uint64         // items refused, one by one
}

// SlowAfter is how long a bulk request is on its way before it counts as slow.
const SlowAfter = 250 * time.Millisecond

// Start listens on a free port of 127.0.0.1.
func Start(o Options) (*Proxy, error) {
	target, err := url.Parse(o.Elasticsearch)
	if err != nil {
		return nil, fmt.Errorf("start fault proxy: %w", err)
	}
	files := sync.OnceValues(o.read)
	p := &Proxy{counts: Counts{Items: map[int]uint64{}}}
	p.upstream = &http.Transport{DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		id, err := files()
		if err != nil {
			return nil, err
		}
		return (&tls.Dialer{Config: &tls.Config{RootCAs: id.trust}}).DialContext(ctx, network, address)
	}}
	p.pass = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Accept-Encoding") // the transport asks for its own, and undoes it
		},
		Transport:      p.upstream,
		ModifyResponse: p.answered,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			p.count(func(c *Counts) { c.Lost++ })
			panic(http.ErrAbortHandler) // the shipper shall see what it would without us: a broken connection
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start fault proxy: %w", err)
	}
	p.server = &http.Server{
		Handler:           http.HandlerFunc(p.serve),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are its trade
		TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			id, err := files()
			return id.shown, err
		}},
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				p.count(func(c *Counts) { c.Connections++ })
			}
		},
	}
	go p.server.ServeTLS(listener, "", "") // ends with Close

	p.wire = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "shipper", "127.0.0.1:0", listener.Addr().String())
	if err := p.wire.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start fault proxy: %w", err), p.server.Close())
	}
	p.URL = "https://" + p.wire.Listen
	return p, nil
}

// identity is what the files hold.
type identity struct {
	shown *tls.Certificate
	trust *x509.CertPool
}

func (o Options) read() (identity, error) {
	shown, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return identity{}, fmt.Errorf("fault proxy: %w", err)
	}
	ca, err := os.ReadFile(o.CAFile)
	if err != nil {
		return identity{}, fmt.Errorf("fault proxy: %w", err)
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(ca) {
		return identity{}, fmt.Errorf("fault proxy: %s holds no certificate", o.CAFile)
	}
	return identity{&shown, trust}, nil
}

// Close breaks every connection off.
func (p *Proxy) Close() error {
	p.wire.Stop()
	err := p.server.Close()
	p.upstream.CloseIdleConnections()
	return err
}

// Counts returns the counts so far.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Items = map[int]uint64{}
	for status, n := range p.counts.Items {
		c.Items[status] = n
	}
	return c
}

// Less returns what was counted since before.
func (c Counts) Less(before Counts) Counts {
	d := Counts{
		Connections: c.Connections - before.Connections, Bulks: c.Bulks - before.Bulks, Refused: c.Refused - before.Refused,
		Slow: c.Slow - before.Slow, Torn: c.Torn - before.Torn, Lost: c.Lost - before.Lost, Sifted: c.Sifted - before.Sifted,
		Items: map[int]uint64{},
	}
	for status, n := range c.Items {
		d.Items[status] = n - before.Items[status]
	}
	return d
}

func (p *Proxy) count(change func(*Counts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.counts)
}

// Slow lets so many bytes a second come from the shipper, and each piece of an
// answer wait for latency.
func (p *Proxy) Slow(latency time.Duration, bytesPerSecond int) error {
	return errors.Join(
		p.poison("latency", "downstream", map[string]int64{"latency": latency.Milliseconds()}),
		p.poison("bandwidth", "upstream", map[string]int64{"rate": int64(max(bytesPerSecond/1000, 1))}))
}

// CutRequests breaks each connection off after so many bytes from the shipper.
func (p *Proxy) CutRequests(bytes int64) error {
	return p.poison("limit_data", "upstream", map[string]int64{"bytes": bytes})
}

// CutAnswers breaks each connection off after so many bytes to the shipper: what
// Elasticsearch has taken, the shipper does not learn.
func (p *Proxy) CutAnswers(bytes int64) error {
	return p.poison("limit_data", "downstream", map[string]int64{"bytes": bytes})
}

func (p *Proxy) poison(kind, stream string, attributes map[string]int64) error {
	text, err := json.Marshal(map[string]any{"type": kind, "stream": stream, "attributes": attributes})
	if err != nil {
		return fmt.Errorf("fault proxy: %s: %w", kind, err)
	}
	if _, err := p.wire.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
		return fmt.Errorf("fault proxy: %s: %w", kind, err)
	}
	return nil
}

// Refuse answers bulk requests so from now on.
func (p *Proxy) Refuse(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Heal passes everything on again.
func (p *Proxy) Heal(ctx context.Context) {
	p.Refuse(None)
	p.wire.Toxics.ResetToxics(ctx)
}
