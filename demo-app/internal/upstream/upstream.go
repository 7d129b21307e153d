// Package upstream is the catalogue of a real icat.server, over its REST
// interface. It turns filters into JPQL, answers into icat.Objects and failures
// into icat.Errors. Who may see what is icat.server's decision: each call goes
// out under the caller's own session, which is icat.server's own as well. Only
// the look-up of a user by name uses the service account of the Options.
//
// A session id travels in the query string there, so an outgoing address is a
// secret: it never reaches a log line, a span or an error.
//
// The package was written from the sources of icat.server 6.2 and is tested on
// the strict fake in icatfake. It has not met a live icat.server.
package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
	"plumbline/localweb"
)

// Defaults of the Options.
const (
	DefaultMaxInFlight = 32
	DefaultCallTimeout = 10 * time.Second
)

// Options say where the icat.server is and how to deal with it.
type Options struct {
	// URL is its address, for instance https://host:8181/icat; without a path,
	// /icat is meant. Plain http is for the loopback interface only.
	URL string

	// The service account. Authenticator is a mnemonic, "" means "simple"; it is
	// also the mechanism of a user who logs in without naming one.
	Username, Password, Authenticator string

	// CheckCert verifies the server's certificate, against the authorities in the
	// PEM file CAFile, or those of the system if it is "". Without it, whoever
	// stands between reads every session and password.
	CheckCert bool
	CAFile    string

	MaxInFlight int           // calls at the same time; others wait. 0 means DefaultMaxInFlight
	CallTimeout time.Duration // of one call, waiting and retries included. 0 means DefaultCallTimeout

	// Location is the time zone of icat.server's JVM: dates in its queries carry
	// none. nil means UTC.
	Location *time.Location

	Log *telemetry.Log // nil: nothing is logged

	// Operation is told of every call to the server; what it returns is called
	// with the outcome. nil: nobody is told.
	Operation func(ctx context.Context, backend, operation, entity string) (context.Context, func(error))
}

// ICAT is an icat.server. Its methods may be called from any goroutine; their
// errors are icat.Errors with icat.server's codes, or UNAVAILABLE when it
// cannot be reached, TIMEOUT when it takes too long, BAD_UPSTREAM when what
// answers is no icat.server.
type ICAT struct {
	base      string // without a slash at its end
	http      *http.Client
	slots     chan struct{}
	timeout   time.Duration
	location  *time.Location
	log       *telemetry.Log
	operation func(ctx context.Context, backend, operation, entity string) (context.Context, func(error))
	mechanism string
	account   account
	alive     probe
}

// New returns the icat.server that o describes. It does not call it yet.
func New(o Options) (*ICAT, error) {
	base, err := address(o.URL)
	if err != nil {
		return nil, fmt.Errorf("icat.server address: %w", err)
	}
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	inFlight := cmp.Or(o.MaxInFlight, DefaultMaxInFlight)
	if inFlight < 1 || o.CallTimeout < 0 {
		return nil, errors.New("icat.server: calls in flight and their timeout are at least 0")
	}
	u := &ICAT{
		base: base,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               nil, // a proxy would see every session id
				DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
				TLSClientConfig:     secure,
				TLSHandshakeTimeout: 5 * time.Second,
				MaxIdleConnsPerHost: inFlight,
				IdleConnTimeout:     time.Minute,
			},
			// An address carries the session id, a form the password: neither goes
			// where a redirect says.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		slots:     make(chan struct{}, inFlight),
		timeout:   cmp.Or(o.CallTimeout, DefaultCallTimeout),
		location:  cmp.Or(o.Location, time.UTC),
		log:       o.Log,
		operation: o.Operation,
		mechanism: cmp.Or(o.Authenticator, icat.Simple),
	}
	if u.log == nil {
		u.log = telemetry.NewLog(io.Discard, telemetry.Service{}, 0)
	}
	if u.operation == nil {
		u.operation = func(ctx context.Context, _, _, _ string) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	u.account.credentials = icat.Credentials{Username: o.Username, Password: o.Password, Mechanism: u.mechanism}
	return u, nil
}

// Close logs the service account out and closes idle connections. Calls that
// need the account fail from then on.
func (u *ICAT) Close(ctx context.Context) error {
	defer u.http.CloseIdleConnections()
	id := u.account.close()
	if id == "" {
		return nil
	}
	return u.Logout(ctx, id)
}

// CheckURL reports what is wrong with a URL of Options. It asks nobody. The error
// shows nothing of the URL.
func CheckURL(text string) error {
	_, err := address(text)
	return err
}

// address checks and completes the address of an icat.server.
func address(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text would repeat the address
		return "", errors.New("not of the form https://host:8181/icat")
	case u.User != nil:
		return "", errors.New("holds a user; user and password have settings of their own")
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("not of the form https://host:8181/icat")
	case u.Scheme == "http" && !localweb.Loopback(u.Hostname()):
		return "", errors.New("plain http would show passwords to the network; use https")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	return u.Scheme + "://" + u.Host + cmp.Or(path, "/icat"), nil
}

func (o Options) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !o.CheckCert}
	if o.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("icat.server authorities: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("icat.server authorities: %s holds no PEM certificate", o.CAFile)
	}
	return config, nil
}
