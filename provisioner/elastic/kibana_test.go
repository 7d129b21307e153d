package elastic

import (
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const kibanaAccount = "/_security/service/elastic/kibana/credential"

// credential makes, lists and deletes tokens of Kibana's account.
func (n *fakeNode) credential(w http.ResponseWriter, r *http.Request, name string) {
	_, exists := n.tokens[name]
	switch {
	case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, kibanaAccount+"/token/") && !exists && r.URL.Query().Get("refresh") == "true":
		n.tokens[name] = rand.Text()
		n.answer(w, 200, map[string]any{"created": true, "token": map[string]string{"name": name, "value": n.tokens[name]}})
	case r.Method == http.MethodGet && r.URL.Path == kibanaAccount:
		all := map[string]any{}
		for name := range n.tokens {
			all[name] = struct{}{}
		}
		n.answer(w, 200, map[string]any{"service_account": "elastic/kibana", "count": len(all), "tokens": all})
	case r.Method == http.MethodDelete && exists:
		delete(n.tokens, name)
		n.answer(w, 200, map[string]any{"found": true})
	default:
		n.t.Errorf("setup asked %s %s, which nobody expects", r.Method, r.URL)
		n.answer(w, 404, map[string]any{"found": false})
	}
}

// asKibana answers who asks with a token, and says whether somebody did.
func (n *fakeNode) asKibana(w http.ResponseWriter, r *http.Request) bool {
	token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !is {
		return false
	}
	if r.URL.Path != "/_security/_authenticate" {
		n.t.Errorf("setup asked %s with Kibana's token", r.URL.Path)
	}
	for _, known := range n.tokens {
		if known == token {
			n.answer(w, 200, map[string]any{"username": "elastic/kibana"})
			return true
		}
	}
	n.answer(w, 401, map[string]any{"error": map[string]string{"type": "security_exception", "reason": "no such token"}})
	return true
}

func TestKibanaGetsATokenOfItsOwnAccount(t *testing.T) {
	node, s := newFakeNode(t)
	s.KibanaToken = filepath.Join(t.TempDir(), "kibana.token")
	node.tokens["somebody-elses"] = "x"
	provision := func() (note, token string) {
		t.Helper()
		done, progress, err := run(t, s, 8)
		if err != nil || len(done) != 1 {
			t.Fatalf("%v:\n%s", err, progress)
		}
		text, err := os.ReadFile(s.KibanaToken)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(s.KibanaToken); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if strings.Contains(progress, strings.TrimSpace(string(text))) {
			t.Errorf("the token is told: %s", progress)
		}
		if len(node.tokens) != 2 || node.tokens["somebody-elses"] == "" {
			t.Errorf("tokens %v, want one of ours beside somebody else's", node.tokens)
		}
		return done[0].Note, string(text)
	}
	note, first := provision()
	if note != "a token was made" {
		t.Errorf("at first: %s", note)
	}
	if note, again := provision(); note != "its token is kept" || again != first {
		t.Errorf("again: %s", note)
	}
	if err := os.WriteFile(s.KibanaToken, []byte("of-another-cluster\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if note, third := provision(); note != "a token was made" || third == first {
		t.Errorf("with a token that is refused: %s", note)
	}
	if err := os.WriteFile(s.KibanaToken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if note, _ := provision(); note != "a token was made" {
		t.Errorf("with an empty file: %s", note)
	}
}

func TestWithoutAFileKibanaGetsNothing(t *testing.T) {
	node, s := newFakeNode(t)
	done, _, err := run(t, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(done, func(d Done) bool { return d.Name == "kibana" }) || len(node.tokens) > 0 {
		t.Errorf("steps %v, tokens %v", done, node.tokens)
	}
}

func TestATokenThatCannotBeAskedAboutIsNotReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kibana.token")
	if err := os.WriteFile(file, []byte("good\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := Config{URL: "http://127.0.0.1:1"}
	c, err := New(gone)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ensureKibanaToken(gone, file)(t.Context())
	if connect := new(ConnectError); !errors.As(err, &connect) {
		t.Errorf("%v, want that nobody answers", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "good\n" {
		t.Errorf("the file now holds %q", text)
	}
}
