package faultproxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/stack/node"
	"plumbline/stack/trial"
)

// bench is a proxy before an Elasticsearch that stores whatever comes.
type bench struct {
	*Proxy
	shipper *http.Client
	node    *httptest.Server
	stored  *[]string // ids, in order
}

func start(t *testing.T) bench {
	t.Helper()
	certs, err := node.Issue(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"ca.crt": certs.CA, "node.crt": certs.Cert, "node.key": certs.Key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(certs.Cert, certs.Key)
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	es := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_bulk" {
			fmt.Fprint(w, "you know, for search")
			return
		}
		body, _ := io.ReadAll(r.Body)
		var items []any
		for i, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
			if i%2 == 0 {
				var action struct {
					Create struct {
						ID string `json:"_id"`
					}
				}
				if err := json.Unmarshal([]byte(line), &action); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				stored = append(stored, action.Create.ID)
				items = append(items, map[string]any{"create": map[string]any{"_id": action.Create.ID, "status": 201}})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"took": 1, "errors": false, "items": items})
	}))
	es.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	es.StartTLS()
	t.Cleanup(es.Close)
	p, err := Start(Options{
		Elasticsearch: es.URL, CAFile: filepath.Join(dir, "ca.crt"),
		CertFile: filepath.Join(dir, "node.crt"), KeyFile: filepath.Join(dir, "node.key"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(certs.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}
	t.Cleanup(transport.CloseIdleConnections)
	return bench{p, &http.Client{Transport: transport}, es, &stored}
}

// bulk sends so many items, each with a source of so many bytes.
func (b bench) bulk(ids []string, size int) (int, string, error) {
	var body bytes.Buffer
	for _, id := range ids {
		fmt.Fprintf(&body, "{\"create\":{\"_index\":\"logs\",\"_id\":%q}}\n{\"message\":%q}\n", id, strings.Repeat("x", size))
	}
	res, err := b.shipper.Post(b.URL+"/_bulk", "application/x-ndjson", &body)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func (b bench) mustBulk(t *testing.T, ids ...string) (int, string) {
	t.Helper()
	status, text, err := b.bulk(ids, 10)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func TestProxyPassesOn(t *testing.T) {
	b := start(t)
	if status, _ := b.mustBulk(t, "a", "b"); status != 200 || !slices.Equal(*b.stored, []string{"a", "b"}) {
		t.Errorf("status %d, stored %q", status, *b.stored)
	}
	res, err := b.shipper.Get(b.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if c := b.Counts(); c.Bulks != 1 || c.Items[201] != 2 || c.Connections != 1 || c.Refused+c.Sifted+c.Torn+c.Lost != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestProxyRefusesRequests(t *testing.T) {
	for fault, want := range map[Fault]refusal{
		TooManyRequests: {429, "es_rejected_execution_exception", "rejected execution"},
		Unavailable:     {503, "cluster_block_exception", "SERVICE_UNAVAILABLE"},
	} {
		b := start(t)
		b.Refuse(fault)
		status, text := b.mustBulk(t, "a")
		var answer struct {
			Error  struct{ Type, Reason string }
			Status int
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		if status != want.status || answer.Status != want.status || answer.Error.Type != want.kind || !strings.Contains(answer.Error.Reason, want.reason) {
			t.Errorf("%d %s, want %+v", status, text, want)
		}
		b.Heal(t.Context())
		if status, _ := b.mustBulk(t, "b"); status != 200 {
			t.Errorf("healed, and it answers %d", status)
		}
		if c := b.Counts(); c.Refused != 1 || !slices.Equal(*b.stored, []string{"b"}) {
			t.Errorf("counted %+v, stored %q", c, *b.stored)
		}
	}
}

func TestProxyRefusesItems(t *testing.T) {
	b := start(t)
	b.Refuse(SomeItems)
	type items struct {
		Errors bool
		Items  []struct {
			Create struct {
				ID     string `json:"_id"`
				Status int
				Error  struct{ Type string }
			}
		}
	}
	decode := func(text string) (a items) {
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return a
	}
	_, text := b.mustBulk(t, "a", "b", "c", "d", "e", "f", "g", "h")
	a := decode(text)
	var got []string
	for _, item := range a.Items {
		got = append(got, fmt.Sprintf("%s %d %s", item.Create.ID, item.Create.Status, item.Create.Error.Type))
	}
	want := []string{
		"a 201 ", "b 201 ", "c 429 es_rejected_execution_exception", "d 201 ", "e 201 ", "f 429 es_rejected_execution_exception", "g 201 ", "h 201 ",
	}
	if !a.Errors || !slices.Equal(got, want) || strings.Join(*b.stored, "") != "abdegh" {
		t.Errorf("answered %q, stored %q", got, *b.stored)
	}
	// The ninth is alone, and Elasticsearch would not take a request of nothing.
	_, text = b.mustBulk(t, "i")
	if a := decode(text); len(a.Items) != 1 || a.Items[0].Create.Status != 429 || len(*b.stored) != 6 {
		t.Errorf("answered %s, stored %q", text, *b.stored)
	}
	if c := b.Counts(); c.Sifted != 3 || c.Items[201] != 6 {
		t.Errorf("counted %+v", c)
	}
}

func TestProxyHurtsConnections(t *testing.T) {
	t.Run("an answer that is cut off has been stored", func(t *testing.T) {
		b := start(t)
		if err := b.CutAnswers(4 << 10); err != nil {
			t.Fatal(err)
		}
		ids := slices.Repeat([]string{"a"}, 200)
		if _, _, err := b.bulk(ids, 10); err == nil {
			t.Error("the answer came whole")
		}
		if len(*b.stored) != len(ids) {
			t.Errorf("%d stored, want %d", len(*b.stored), len(ids))
		}
		b.Heal(t.Context())
		b.mustBulk(t, "b")
		if c := b.Counts(); c.Connections < 2 {
			t.Errorf("counted %+v, want another connection", c)
		}
	})
	t.Run("a request that is cut off has not", func(t *testing.T) {
		b := start(t)
		if err := b.CutRequests(8 << 10); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.bulk([]string{"a"}, 64<<10); err == nil {
			t.Error("the request came whole")
		}
		err := trial.Await(t.Context(), "a torn request", func() error { // the shipper may know before the proxy does
			if c := b.Counts(); c.Torn == 0 {
				return fmt.Errorf("counted %+v", c)
			}
			return nil
		})
		if err != nil || len(*b.stored) > 0 {
			t.Errorf("%v, stored %q", err, *b.stored)
		}
	})
	t.Run("a slow request is counted", func(t *testing.T) {
		b := start(t)
		if err := b.Slow(10*time.Millisecond, 100_000); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.bulk([]string{"a"}, 100<<10); err != nil {
			t.Fatal(err)
		}
		if c := b.Counts(); c.Slow != 1 {
			t.Errorf("counted %+v", c)
		}
	})
	t.Run("without Elasticsearch there is no answer", func(t *testing.T) {
		b := start(t)
		b.node.Close()
		if _, _, err := b.bulk([]string{"a"}, 10); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want a connection that ends", err)
		}
		if c := b.Counts(); c.Lost != 1 {
			t.Errorf("counted %+v", c)
		}
	})
}
