package rest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

func loadDocument(t *testing.T, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func operations(doc *openapi3.T) []string {
	var all []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

func TestDocumentAndRouterAgree(t *testing.T) {
	s := New(Options{})
	if diff := cmp.Diff(slices.Sorted(slices.Values(s.templates)), operations(loadDocument(t, openAPI))); diff != "" {
		t.Errorf("operations (-router +document):\n%s", diff)
	}
}

// The check above must notice a route that the document lacks.
func TestDocumentCheckHasTeeth(t *testing.T) {
	s := New(Options{})
	s.handle("GET /secret", s.health)
	got := cmp.Diff(slices.Sorted(slices.Values(s.templates)), operations(loadDocument(t, openAPI)))
	if !strings.Contains(got, "GET /secret") {
		t.Errorf("an undocumented route goes unnoticed: %q", got)
	}
}

func TestDocumentHoldsEveryEntityField(t *testing.T) {
	doc := loadDocument(t, openAPI)
	r := start(t, nil)
	session := r.session(t)
	for schema, path := range map[string]string{"User": "/users/1", "Investigation": "/investigations/1", "Dataset": "/datasets/1", "Datafile": "/datafiles/1"} {
		var got map[string]any
		if err := json.Unmarshal(r.do(t, http.MethodGet, path, session, "").body, &got); err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, part := range doc.Components.Schemas[schema].Value.AllOf {
			for name := range part.Value.Properties {
				known[name] = true
			}
		}
		for name := range got {
			if !known[name] {
				t.Errorf("%s answers %s, which the document's %s lacks", path, name, schema)
			}
		}
	}
}

// The docs page must work without internet: it may load nothing from elsewhere.
func TestDocsPageLoadsOnlyFromHere(t *testing.T) {
	r := start(t, nil)
	page := string(r.do(t, http.MethodGet, "/docs/", "", "").body)
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(loaded) < 4 {
		t.Errorf("the page loads %d things, want its scripts and styles", len(loaded))
	}
	for _, m := range loaded {
		if !strings.HasPrefix(m[1], "/docs/") {
			t.Errorf("the page loads %s", m[1])
			continue
		}
		if a := r.do(t, http.MethodGet, m[1], "", ""); a.status != http.StatusOK || len(a.body) == 0 {
			t.Errorf("%s: %d, %d bytes", m[1], a.status, len(a.body))
		}
	}
	if m := regexp.MustCompile(`https?://(?:cdn|unpkg|[a-z.]*jsdelivr|[a-z.]*cloudflare)[^"' ]*`).FindString(page); m != "" {
		t.Errorf("the page names %s", m)
	}
}
