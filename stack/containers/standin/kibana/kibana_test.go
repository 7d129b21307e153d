package main

import (
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/provisioner/kibana/kibanafake"
)

const key = "0123456789abcdef0123456789abcdef"

// shipped is the file that compose.yaml mounts.
func shipped(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../../images/kibana.yml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSettings(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := strings.ReplaceAll(string(shipped(t)), "/run/plumbline/trust/ca.crt", ca)
	set := map[string]string{
		"KIBANA_ADDRESS": "http://127.0.0.1:5601", "KIBANA_TOKEN": "t", "KIBANA_SESSION_KEY": key, "KIBANA_OBJECTS_KEY": key, "KIBANA_REPORTING_KEY": key,
	}
	for _, row := range []struct{ proves, from, to, want string }{
		{"the file that compose.yaml mounts is accepted", "", "", ""},
		{"a setting that Kibana does not have is refused", "server.name:", "server.nmae:", "server.nmae"},
		{"a variable that is not set is refused", "${KIBANA_TOKEN}", "${KIBANA_TOKN}", "KIBANA_TOKN is not set in the environment"},
		{"a short encryption key is refused", "${KIBANA_OBJECTS_KEY}", "short", "xpack.encryptedSavedObjects.encryptionKey has 5 characters, want 32 or more"},
		{"Elasticsearch without TLS is refused", "https://elasticsearch", "http://elasticsearch", `elasticsearch.hosts ["http://elasticsearch:9200"]: want one address with https`},
		{"no token is refused", `"${KIBANA_TOKEN}"`, `""`, "elasticsearch.serviceAccountToken is missing"},
		{"an address that ends in a slash is refused", "${KIBANA_ADDRESS}", "${KIBANA_ADDRESS}/", `server.publicBaseUrl "http://127.0.0.1:5601/": want an address that does not end in /`},
		{"an authority that is not there is refused", ca, ca + ".none", "no such file"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			text := strings.Replace(good, row.from, row.to, 1)
			if row.from != "" && text == good {
				t.Fatalf("kibana.yml has no %s", row.from)
			}
			s, err := read([]byte(text), func(name string) (string, bool) { value, ok := set[name]; return value, ok })
			switch {
			case row.want == "" && (err != nil || s.address() != "0.0.0.0:5601"):
				t.Errorf("listens at %s, %v", s.address(), err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

// basic is what a browser sends.
func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":secret"))
}

// Who may do what is for Elasticsearch to say, and for the fake to hold to.
func TestElasticsearchKnowsWhoAsks(t *testing.T) {
	es := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := map[string]string{
			"Bearer token":   `{"username": "elastic/kibana", "roles": []}`,
			basic("elastic"): `{"username": "elastic", "roles": ["superuser"]}`,
			basic("reader"):  `{"username": "reader", "roles": ["viewer"]}`,
		}[r.Header.Get("Authorization")]
		if r.URL.Path != "/_security/_authenticate" || !known {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer es.Close()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: es.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves, token, authorization, request string
		want                                  int
	}{
		{"it is not ready while its token is another's", "stolen", "", "GET /api/status", 503},
		{"anybody may ask whether it is", "token", "", "GET /api/status", 200},
		{"a superuser may write", "token", basic("elastic"), "POST /api/spaces/space", 200},
		{"another user may not", "token", basic("reader"), "POST /api/spaces/space", 403},
		{"who Elasticsearch does not know may not", "token", basic("nobody"), "POST /api/spaces/space", 401},
		{"nor who says nothing", "token", "", "POST /api/spaces/space", 401},
		{"nor who has guessed the account's name within", "token", basic("writer"), "POST /api/spaces/space", 401},
	} {
		t.Run(row.proves, func(t *testing.T) {
			to, err := dial(settings{Hosts: []string{es.URL}, Authorities: []string{ca}, Token: row.token})
			if err != nil {
				t.Fatal(err)
			}
			g := newGate(to, kibanafake.Config{Version: "8.19.7"})
			method, path, _ := strings.Cut(row.request, " ")
			r := httptest.NewRequest(method, path, strings.NewReader(`{"id": "a", "name": "A"}`))
			r.Header.Set("Kbn-Xsrf", "true")
			r.Header.Set("Content-Type", "application/json")
			if row.authorization != "" {
				r.Header.Set("Authorization", row.authorization)
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code != row.want {
				t.Errorf("status %d, want %d: %s", w.Code, row.want, w.Body)
			}
			if refused := len(g.refusals()); (refused > 0) != (row.want == 401 || row.want == 403) {
				t.Errorf("%d requests listed as refused", refused)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	for proves, row := range map[string]struct {
		args []string
		want string
	}{
		"a flag that there is not":   {[]string{"-port", "1"}, "flag provided but not defined: -port"},
		"a home without its setting": {[]string{"-home", t.TempDir()}, "kibana.yml: no such file"},
	} {
		t.Run(proves, func(t *testing.T) {
			if err := run(t.Context(), row.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}
