package elastic

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"plumbline/elasticsearch"
)

// fakeNode answers the requests of setup as Elasticsearch does, from the
// roles and templates put into it, and refuses any other path.
type fakeNode struct {
	t        *testing.T
	mu       sync.Mutex
	names    map[string]bool // what was put, e.g. "_security/role/reader"
	keys     []*fakeKey
	tokens   map[string]string // of Kibana's account, by name
	modules  []string
	override string // index template that wins over all others, if any
	widen    string // role whose keys may do everything, if any
	lax      bool   // accepts documents of everybody
}

type fakeKey struct {
	ID       string                     `json:"id"`
	Name     string                     `json:"name"`
	Metadata map[string]any             `json:"metadata"`
	Roles    map[string]json.RawMessage `json:"role_descriptors"`
	secret   string
	ended    bool
}

func newFakeNode(t *testing.T) (*fakeNode, Setup) {
	t.Helper()
	node := &fakeNode{t: t, names: map[string]bool{}, tokens: map[string]string{}}
	server := httptest.NewServer(node)
	t.Cleanup(server.Close)
	return node, Setup{
		Config:  Config{URL: server.URL, Username: "elastic", PasswordFile: file(t, "password", "pw")},
		KeysDir: path.Join(t.TempDir(), "keys"),
		Within:  10 * pollEvery * steady,
	}
}

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var body map[string]json.RawMessage
	if r.ContentLength > 0 {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			n.t.Errorf("%s %s: body is not a JSON object: %v", r.Method, r.URL.Path, err)
		}
	}
	if n.asKibana(w, r) {
		return
	}
	holder, ok := n.authenticate(r)
	if !ok {
		n.answer(w, 401, map[string]any{"error": map[string]string{"type": "security_exception", "reason": "no such key"}})
		return
	}
	under, name := path.Split(strings.TrimPrefix(r.URL.Path, "/"))
	switch asked := r.Method + " " + under; {
	case r.URL.Path == "/":
		fmt.Fprint(w, root)
	case r.URL.Path == "/_cluster/health":
		fmt.Fprint(w, `{"status":"green"}`)
	case asked == "PUT _ingest/pipeline/", asked == "PUT _component_template/", asked == "PUT _index_template/", asked == "PUT _security/role/":
		n.names[under+name] = true
		fmt.Fprint(w, `{"acknowledged":true}`)
	case asked == "POST _index_template/_simulate_index/":
		n.simulate(w, name)
	case r.URL.Path == "/_nodes/plugins":
		var modules []map[string]string
		for _, m := range n.modules {
			modules = append(modules, map[string]string{"name": m})
		}
		n.answer(w, 200, map[string]any{"nodes": map[string]any{"id": map[string]any{"modules": modules}}})
	case r.URL.Path == "/_security/_authenticate":
		n.answer(w, 200, map[string]any{"api_key": holder})
	case strings.HasPrefix(r.URL.Path, kibanaAccount):
		n.credential(w, r, name)
	case r.URL.Path == "/_security/api_key":
		n.apiKey(w, r, body)
	case r.URL.Path == "/_security/user/_has_privileges":
		n.hasPrivileges(w, holder, body)
	case r.Method == "PUT" && path.Base(path.Dir(r.URL.Path)) == "_create":
		if n.lax {
			n.answer(w, 201, map[string]any{})
			return
		}
		n.answer(w, 403, map[string]any{"error": map[string]string{"type": "security_exception", "reason": "unauthorized"}})
	default:
		n.t.Errorf("setup asked %s %s, which nobody expects", r.Method, r.URL.Path)
		n.answer(w, 404, map[string]any{"error": "unknown path"})
	}
}

func (n *fakeNode) answer(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		n.t.Error(err)
	}
}

// authenticate returns the key that asks, or nil for elastic.
func (n *fakeNode) authenticate(r *http.Request) (*fakeKey, bool) {
	if user, password, ok := r.BasicAuth(); ok {
		return nil, user == "elastic" && password == "pw"
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "APIKey "))
	if err != nil {
		return nil, false
	}
	for _, k := range n.keys {
		if string(text) == k.ID+":"+k.secret {
			return k, !k.ended
		}
	}
	return nil, false
}

func (n *fakeNode) apiKey(w http.ResponseWriter, r *http.Request, body map[string]json.RawMessage) {
	switch r.Method {
	case http.MethodPut:
		key := &fakeKey{ID: fmt.Sprintf("key%d", len(n.keys)), secret: rand.Text()}
		for member, into := range map[string]any{"name": &key.Name, "metadata": &key.Metadata, "role_descriptors": &key.Roles} {
			if err := json.Unmarshal(body[member], into); err != nil {
				n.t.Errorf("create API key: %s: %v", member, err)
			}
		}
		n.keys = append(n.keys, key)
		n.answer(w, 200, map[string]string{"id": key.ID, "api_key": key.secret})
	case http.MethodGet:
		found := []*fakeKey{}
		for _, k := range n.keys {
			if !k.ended && (k.ID == r.URL.Query().Get("id") || k.Name == r.URL.Query().Get("name")) {
				found = append(found, k)
			}
		}
		n.answer(w, 200, map[string]any{"api_keys": found})
	case http.MethodDelete:
		var ids []string
		if err := json.Unmarshal(body["ids"], &ids); err != nil {
			n.t.Errorf("invalidate API keys: %v", err)
		}
		for _, k := range n.keys {
			k.ended = k.ended || slices.Contains(ids, k.ID)
		}
		n.answer(w, 200, map[string]any{})
	default:
		n.t.Errorf("setup asked %s %s, which nobody expects", r.Method, r.URL.Path)
	}
}

// alive lists the names of the keys that work.
func (n *fakeNode) alive() (names []string) {
	for _, k := range n.keys {
		if !k.ended {
			names = append(names, k.Name)
		}
	}
	return names
}

// simulate answers with the template whose pattern matches.
func (n *fakeNode) simulate(w http.ResponseWriter, stream string) {
	winner := n.override
	templates, err := elasticsearch.IndexTemplates()
	if err != nil {
		n.t.Error(err)
	}
	for _, t := range templates {
		var body struct {
			Patterns []string `json:"index_patterns"`
		}
		if err := json.Unmarshal(t.JSON, &body); err != nil {
			n.t.Error(err)
		}
		for _, p := range body.Patterns {
			if ok, _ := path.Match(p, stream); ok && winner == "" && n.names["_index_template/"+t.Name] {
				winner = t.Name
			}
		}
	}
	n.answer(w, 200, map[string]any{"template": map[string]any{"mappings": map[string]any{"_meta": map[string]string{"template": winner}}}})
}

func (n *fakeNode) hasPrivileges(w http.ResponseWriter, holder *fakeKey, body map[string]json.RawMessage) {
	type grants struct {
		Cluster []string
		Indices []struct{ Names, Privileges []string }
	}
	var held grants
	wide := false
	for name, role := range holder.Roles {
		wide = name == n.widen
		if err := json.Unmarshal(role, &held); err != nil {
			n.t.Error(err)
		}
	}
	var asked struct {
		Cluster []string
		Index   []struct{ Names, Privileges []string }
	}
	for member, into := range map[string]any{"cluster": &asked.Cluster, "index": &asked.Index} {
		if err := json.Unmarshal(body[member], into); err != nil {
			n.t.Errorf("has privileges: %s: %v", member, err)
		}
	}
	cluster, index := map[string]bool{}, map[string]map[string]bool{}
	for _, p := range asked.Cluster {
		cluster[p] = wide || slices.Contains(held.Cluster, p)
	}
	for _, a := range asked.Index {
		if index[a.Names[0]] == nil {
			index[a.Names[0]] = map[string]bool{}
		}
		for _, p := range a.Privileges {
			may := wide
			for _, g := range held.Indices {
				for _, pattern := range g.Names {
					ok, _ := path.Match(pattern, a.Names[0])
					may = may || ok && slices.Contains(g.Privileges, p)
				}
			}
			index[a.Names[0]][p] = may
		}
	}
	n.answer(w, 200, map[string]any{"cluster": cluster, "index": index})
}
