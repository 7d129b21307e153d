package rest

import (
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/internal/rest/document"
)

func loadDocument(t testing.TB, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
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

var update = flag.Bool("update", false, "write openapi.json anew")

// The committed document is what package document makes of the schema.
func TestDocumentIsUpToDate(t *testing.T) {
	want := document.New()
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(openAPI)); diff != "" {
		t.Errorf("openapi.json (-want +got); go test ./demo-app/internal/rest -update writes it:\n%s", diff)
	}
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

// The examples are what a client would send and get: each keeps to its schema.
func TestDocumentsExamplesKeepToTheirSchemas(t *testing.T) {
	p := readPromises(t)
	checked := 0
	var walk func(at []string, v any)
	walk = func(at []string, v any) {
		switch v := v.(type) {
		case map[string]any:
			examples := map[string]any{}
			if e, ok := v["example"]; ok && v["schema"] != nil {
				examples["example"] = e
			}
			if named, ok := v["examples"].(map[string]any); ok && v["schema"] != nil {
				for name, e := range named {
					examples[name] = e.(map[string]any)["value"]
				}
			}
			for name, e := range examples {
				schema, err := p.compiler.Compile(documentURL + "#" + pointer(append(at[:len(at):len(at)], "schema")))
				if err == nil {
					err = schema.Validate(e)
				}
				if err != nil {
					t.Errorf("%s: %s: %v", strings.Join(at, " "), name, err)
				}
				checked++
			}
			for name, below := range v {
				walk(append(at[:len(at):len(at)], name), below)
			}
		case []any:
			for i, below := range v {
				walk(append(at[:len(at):len(at)], strconv.Itoa(i)), below)
			}
		}
	}
	walk(nil, p.doc)
	if checked < 100 {
		t.Errorf("only %d examples", checked)
	}
}

// Whoever reads the page must find an answer to each question on it.
func TestDocumentIsComplete(t *testing.T) {
	doc := loadDocument(t, openAPI)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == "" || o.Summary == "" || len(o.Tags) != 1 || doc.Tags.Get(o.Tags[0]) == nil || doc.Tags.Get(o.Tags[0]).Description == "" {
				t.Errorf("%s %s: id %q, summary %q, tags %q", method, path, o.OperationID, o.Summary, o.Tags)
			}
			for _, p := range o.Parameters {
				if p.Value.Description == "" || p.Value.Example == nil && p.Value.Name != "distinct" {
					t.Errorf("%s %s: parameter %s has no description or no example", method, path, p.Value.Name)
				}
			}
			for status, r := range o.Responses.Map() {
				if *r.Value.Description == "" || r.Value.Headers["X-Request-Id"] == nil {
					t.Errorf("%s %s: answer %s has no description or no request id", method, path, status)
				}
			}
		}
	}
}

// The docs page must work without internet: it may load nothing from elsewhere.
func TestDocsPageLoadsOnlyFromHere(t *testing.T) {
	r := start(t, nil)
	page := string(r.do(t, http.MethodGet, "/docs/", "", "").body)
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(loaded) < 3 {
		t.Errorf("the page loads %d things, want its style, icon and script", len(loaded))
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
