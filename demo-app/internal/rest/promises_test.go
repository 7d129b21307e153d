package rest

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"plumbline/demo-app/icat"
)

// promises are what the document says of answers. Its schemas are compiled
// once; a validator of whole exchanges would do so for every answer.
type promises struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
}

const documentURL = "https://api.example/openapi.json"

func readPromises(t testing.TB) *promises {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(documentURL, doc); err != nil {
		t.Fatal(err)
	}
	return &promises{doc.(map[string]any), c}
}

// documented compares an answer with the document: status, headers, type and
// body. Of an operation that the document does not have it says nothing.
func (r *running) documented(method, path string, a answer) error {
	u, err := url.Parse(path)
	if err != nil {
		return fmt.Errorf("no path: %w", err)
	}
	_, pattern := r.mux.Handler(&http.Request{Method: method, URL: u, Host: "api"})
	_, template, ok := strings.Cut(pattern, " ")
	if !ok || method == "HEAD" || a.status == http.StatusMethodNotAllowed || bytes.Contains(a.body, []byte(icat.NoSuchRoute)) {
		return nil
	}
	return r.says().check(strings.ToLower(method), template, a)
}

func (p *promises) check(method, template string, a answer) error {
	at := []string{"paths", template, method, "responses", strconv.Itoa(a.status)}
	response, ok := p.at(at).(map[string]any)
	if !ok {
		return fmt.Errorf("status %d is not documented", a.status)
	}
	if ref, ok := response["$ref"].(string); ok {
		at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		response, _ = p.at(at).(map[string]any)
	}
	headers, _ := response["headers"].(map[string]any)
	if headers["X-Request-Id"] == nil || a.header.Get("X-Request-Id") == "" {
		return fmt.Errorf("X-Request-Id is not there, or not documented")
	}
	for _, name := range []string{"X-Cache", "Retry-After", "Www-Authenticate", "Location"} {
		if documented := headers[name] != nil || headers["WWW-Authenticate"] != nil && name == "Www-Authenticate"; a.header.Get(name) != "" && !documented && a.status/100 != 3 {
			return fmt.Errorf("header %s is not documented", name)
		}
	}
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q: %w", a.header.Get("Content-Type"), err)
	}
	at = append(at[:len(at):len(at)], "content", media, "schema")
	if p.at(at) == nil {
		if template == "/docs/" {
			return nil // its assets have their own types
		}
		return fmt.Errorf("content type %s is not documented", media)
	}
	if media != typeJSON {
		return nil
	}
	schema, err := p.compiler.Compile(documentURL + "#" + pointer(at))
	if err != nil {
		return err
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		return err
	}
	return schema.Validate(body)
}

// at returns what is at the path of names, nil if there is nothing.
func (p *promises) at(path []string) any {
	var v any = p.doc
	for _, name := range path {
		members, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = members[name]
	}
	return v
}

func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name)))
	}
	return b.String()
}
