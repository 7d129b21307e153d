package loop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (l *loop) secret(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.KeysDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// administrator asks Elasticsearch as the user elastic.
type administrator struct {
	url, password string
	http          *http.Client
}

func (l *loop) administrator(t *testing.T) *administrator {
	t.Helper()
	ca, err := os.ReadFile(l.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}
	t.Cleanup(transport.CloseIdleConnections)
	return &administrator{url: l.Elasticsearch, password: l.secret(t, "elastic.password"), http: &http.Client{Transport: transport}}
}

func (a *administrator) put(t *testing.T, path string, body any) {
	t.Helper()
	a.ask(t, http.MethodPut, path, body)
}

func (a *administrator) ask(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, a.url+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("elastic", a.password)
	res, err := a.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s: %s", method, path, res.Status, answer.String())
	}
	return answer.Bytes()
}

// find is the document of a line that arrived as text.
func (a *administrator) find(t *testing.T, run string, seq int) (index, id string, source map[string]any) {
	t.Helper()
	identity := fmt.Sprintf("run.id=%s run.seq=%d ", run, seq)
	var answer struct {
		Hits struct {
			Hits []struct {
				Index  string         `json:"_index"`
				ID     string         `json:"_id"`
				Source map[string]any `json:"_source"`
			}
		}
	}
	text := a.ask(t, http.MethodPost, "/"+lineStream+"/_search", map[string]any{
		"size": 50, "query": map[string]any{"match_phrase": map[string]any{"message": identity}},
	})
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	for _, hit := range answer.Hits.Hits {
		if message, _ := hit.Source["message"].(string); strings.Contains(message, identity) {
			return hit.Index, hit.ID, hit.Source
		}
	}
	t.Fatalf("no document of line %d of %s", seq, run)
	return "", "", nil
}
