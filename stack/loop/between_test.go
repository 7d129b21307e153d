package loop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
)

// between stands between a verify and Elasticsearch, and returns its own address.
// At the first request that holds a text it lets those under way come to their end,
// and everything else wait until act has returned, which is told the view that the
// request is about.
func (l *loop) between(t *testing.T, holding string, act func(view string)) string {
	t.Helper()
	var once sync.Once
	var quiet sync.RWMutex
	forward := l.forward(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if bytes.Contains(body, []byte(holding)) {
			var about struct{ PIT struct{ ID string } }
			if err := json.Unmarshal(body, &about); err != nil || about.PIT.ID == "" {
				t.Errorf("%s is about no view: %s", r.URL.Path, body)
			}
			once.Do(func() {
				quiet.Lock()
				defer quiet.Unlock()
				act(about.PIT.ID)
			})
		}
		quiet.RLock()
		defer quiet.RUnlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// forward hands on whatever it is asked.
func (l *loop) forward(t *testing.T) *httputil.ReverseProxy {
	t.Helper()
	target, err := url.Parse(l.Elasticsearch)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(l.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport, ErrorLog: log.New(io.Discard, "", 0),
	}
}
