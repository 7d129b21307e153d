package attack

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/loadgen/ledger"
)

func TestProtocols(t *testing.T) {
	for _, row := range []struct {
		name     string
		tls      bool
		protocol Protocol
		trusted  bool
		outcome  ledger.Outcome
		major    int32 // of HTTP, as the target sees it
	}{
		{"without TLS, HTTP/1.1", false, Auto, false, ledger.Answered, 1},
		{"without TLS over net/http, HTTP/1.1", false, Standard, false, ledger.Answered, 1},
		{"h2c", false, H2C, false, ledger.Answered, 2},
		{"TLS, HTTP/2 as the target offers it", true, Auto, true, ledger.Answered, 2},
		{"TLS, HTTP/1.1 if wanted", true, HTTP1, true, ledger.Answered, 1},
		{"TLS by a stranger is refused", true, Auto, false, ledger.Refused, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			var major atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				major.Store(int32(r.ProtoMajor))
				if r.Method == http.MethodGet && r.ContentLength > 0 {
					t.Errorf("GET with a body of %d", r.ContentLength)
				}
				api(w, r)
			}))
			defer server.Close()
			server.Config.Protocols = new(http.Protocols)
			server.Config.Protocols.SetHTTP1(true)
			server.Config.Protocols.SetHTTP2(true)
			server.Config.Protocols.SetUnencryptedHTTP2(true)
			server.EnableHTTP2 = row.tls
			if row.tls {
				server.StartTLS()
			} else {
				server.Start()
			}
			roots := x509.NewCertPool()
			if row.trusted {
				roots.AddCert(server.Certificate())
			}
			b := newBench(t, row.protocol, server.URL, func(o *Options) { o.Roots = roots })
			for _, a := range b.run(t.Context(), b.oneByOne(3)) {
				if a.Outcome != row.outcome {
					t.Errorf("attempt %d: %s, want %s", a.Seq, a.Outcome, row.outcome)
				}
			}
			if major.Load() != row.major {
				t.Errorf("the target saw HTTP/%d, want HTTP/%d", major.Load(), row.major)
			}
		})
	}
}

func TestTLSWhereThereIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(api))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	base.Scheme = "https"
	b := newBench(t, Auto, base.String(), nil)
	for _, a := range b.run(t.Context(), b.oneByOne(2)) {
		if a.Outcome != ledger.Refused {
			t.Errorf("attempt %d: %s, want %s", a.Seq, a.Outcome, ledger.Refused)
		}
	}
	if _, err := Preflight(t.Context(), Options{Target: base, Protocol: Auto, Timeout: time.Minute}); err == nil {
		t.Error("preflight finds nothing wrong")
	}
}
