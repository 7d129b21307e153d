package upstream_test

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"plumbline/cli/transcript"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/internal/store/storetest"
	"plumbline/demo-app/internal/upstream"
	"plumbline/demo-app/internal/upstream/icatfake"
	"plumbline/demo-app/telemetry"
)

// pair is one catalogue, reached directly and by way of the fake icat.server.
type pair struct {
	store  *store.Store
	fake   *icatfake.Server
	icat   *upstream.ICAT
	server *httptest.Server
	log    *transcript.Buffer
	spans  *spans
}

// newPair starts a fake; change, which may be nil, adapts how it is called.
func newPair(t *testing.T, fake icatfake.Options, change func(*upstream.Options)) *pair {
	t.Helper()
	s := storetest.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	fake.Store = s
	p := &pair{store: s, fake: icatfake.New(fake), log: &transcript.Buffer{}, spans: &spans{}}
	p.server = httptest.NewTLSServer(p.fake)
	t.Cleanup(p.server.Close)
	o := upstream.Options{
		URL: p.server.URL, Username: facility.RootName, Password: facility.Password, CheckCert: true, CAFile: authority(t, p.server),
		Log:       telemetry.NewLog(p.log, telemetry.Service{Name: "test"}, 0),
		Operation: p.spans.start,
	}
	if change != nil {
		change(&o)
	}
	var err error
	if p.icat, err = upstream.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.icat.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Log(err) // the fake may be in trouble
		}
	})
	return p
}

// authority writes the server's certificate where Options.CAFile can name it.
func authority(t *testing.T, s *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// login opens a session at the fake.
func (p *pair) login(t *testing.T, user string) icat.Session {
	t.Helper()
	c := icat.Credentials{Username: user, Password: facility.Password}
	if user == icat.Anonymous {
		c = icat.Credentials{Mechanism: icat.Anonymous}
	}
	s, err := p.icat.Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func entity(t *testing.T, name string) *icat.Entity {
	t.Helper()
	e, ok := icat.Lookup(name)
	if !ok {
		t.Fatalf("no entity %s", name)
	}
	return e
}

func filter(t *testing.T, e *icat.Entity, query string) icat.Filter {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	f, err := icat.ParseFilter(e, values, icat.ListParameters())
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return f
}

func code(err error) icat.Code {
	if err == nil {
		return ""
	}
	return icat.AsError(err).Code
}

// spans keeps all that Operation is told.
type spans struct {
	mu   sync.Mutex
	told []string
}

func (s *spans) start(ctx context.Context, backend, operation, entity string) (context.Context, func(error)) {
	return ctx, func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		text := backend + " " + operation + " " + entity + " " + string(code(err))
		if err != nil {
			text += " " + err.Error()
		}
		s.told = append(s.told, text)
	}
}

func (s *spans) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.told...)
}

// handler is for servers that are no icat.server at all.
func handler(t *testing.T, h http.HandlerFunc, change func(*upstream.Options)) *upstream.ICAT {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o := upstream.Options{URL: server.URL, Username: "u", Password: "p"}
	if change != nil {
		change(&o)
	}
	u, err := upstream.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
