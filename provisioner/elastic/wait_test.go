package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func client(t *testing.T, url string) *Client {
	t.Helper()
	c, err := New(Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const root = `{"name":"n","cluster_name":"c","version":{"number":"8.19.7"}}`

// starting answers as a node does that is up from the given moment on, and
// before that with an error.
func starting(up time.Duration, before func(*http.Request) (*http.Response, error), health string) func(*http.Request) (*http.Response, error) {
	begun := time.Now()
	return func(r *http.Request) (*http.Response, error) {
		switch {
		case time.Since(begun) < up:
			return before(r)
		case r.URL.Path == "/":
			return status(200, root)(r)
		case r.URL.Path == "/_cluster/health":
			return status(200, health)(r)
		}
		return status(404, `{"error":"unknown path"}`)(r)
	}
}

func failing(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func TestWaitReady(t *testing.T) {
	const yellow, red = `{"status":"yellow"}`, `{"status":"red","timed_out":true}`
	refused, denied := failing(syscall.ECONNREFUSED), status(401, `{"error":{"type":"security_exception"}}`)
	untrusted := failing(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}})
	for name, row := range map[string]struct {
		up     time.Duration
		before func(*http.Request) (*http.Response, error)
		health string
		want   string // note or error
		fails  bool
		from   time.Duration // not before, and at most a second later
	}{
		"a node that is up is asked several times":       {0, refused, yellow, "8.19.7, cluster c, health yellow", false, 2 * pollEvery},
		"a node that starts is waited for":               {20 * time.Second, refused, yellow, "8.19.7", false, 20 * time.Second},
		"a password refused while starting is forgiven":  {10 * time.Second, denied, yellow, "8.19.7", false, 10 * time.Second},
		"a password that stays refused ends the wait":    {time.Hour, denied, yellow, "401 Unauthorized", true, refusedFor},
		"a certificate of others ends the wait at once":  {time.Hour, untrusted, yellow, "not signed by the given CA", true, 0},
		"at the deadline the last error is told":         {time.Hour, refused, yellow, "not ready after 1m0s; last: info: es:9200: connection refused", true, time.Minute},
		"a cluster that cannot store is not ready":       {0, refused, red, "not ready after 1m0s; last: cluster health: red", true, time.Minute},
		"an unavailable node is told with its own words": {time.Hour, status(503, `{"error":"starting"}`), yellow, "last: info: 503 Service Unavailable: starting", true, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := scripted(t, starting(row.up, row.before, row.health))
				begun := time.Now()
				note, err := c.waitReady(time.Minute)(t.Context())
				if took := time.Since(begun); took < row.from || took > row.from+time.Second {
					t.Errorf("took %v, want about %v", took, row.from)
				}
				if err != nil {
					note = err.Error()
				}
				if (err != nil) != row.fails || !strings.Contains(note, row.want) {
					t.Errorf("%q, error %v; want %q", note, err, row.want)
				}
			})
		})
	}
}

func TestOneGoodAnswerIsNotEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c, _ := scripted(t, func(r *http.Request) (*http.Response, error) {
			if time.Since(begun) < 10*time.Second && int(time.Since(begun)/pollEvery)%steady == 0 {
				return nil, syscall.ECONNRESET
			}
			return starting(0, nil, `{"status":"green"}`)(r)
		})
		if _, err := c.waitReady(time.Minute)(t.Context()); err != nil || time.Since(begun) < 10*time.Second {
			t.Errorf("ready after %v, error %v", time.Since(begun), err)
		}
	})
}

func TestWaitingStopsWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c, _ := scripted(t, failing(errors.New("not yet")))
		if _, err := c.waitReady(time.Minute)(ctx); err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("error %v", err)
		}
	})
}
