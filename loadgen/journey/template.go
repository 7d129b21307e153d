package journey

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/facility"
)

// value is what a {{name}} stands for.
type value struct {
	text   string
	number bool // or true or false: without quotes in JSON
	open   bool // only an answer will tell; text is the name
}

// template is a text with {{names}} in it.
type template []piece

// piece is either a literal or a name.
type piece struct{ literal, name string }

func parseTemplate(text string) (template, error) {
	var t template
	for {
		literal, rest, found := strings.Cut(text, "{{")
		if literal != "" {
			t = append(t, piece{literal: literal})
		}
		if !found {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if name = strings.TrimSpace(name); !closed || !isName(name) {
			return nil, fmt.Errorf("{{%.20s: a name of a-z, 0-9, _ and . and }} should follow", name)
		}
		t = append(t, piece{name: name})
		text = after
	}
}

func isName(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '.')
	})
}

// fill puts the values in, each through escape.
func (t template) fill(values func(string) value, escape func(string) string) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		if p.name == "" {
			continue
		}
		if v := values(p.name); v.open {
			b.WriteString(v.text)
		} else {
			b.WriteString(escape(v.text))
		}
	}
	return b.String()
}

func plainly(s string) string { return s }

// node is a part of a body or a query: JSON with templates in place of strings.
type node struct {
	kind  nodeKind
	raw   string // of a number, true, false or null
	text  template
	keys  []string // of an object
	items []*node  // of an object or array
}

type nodeKind int

const (
	rawNode nodeKind = iota
	textNode
	objectNode
	arrayNode
)

// json appends the node with its values. A text that is nothing but one name
// keeps the kind of the name's value.
func (n *node) json(b []byte, values func(string) value) []byte {
	switch n.kind {
	case rawNode:
		return append(b, n.raw...)
	case textNode:
		if len(n.text) == 1 && n.text[0].name != "" {
			if v := values(n.text[0].name); v.number {
				return append(b, v.text...)
			}
		}
		return append(b, text(n.text.fill(values, plainly))...)
	}
	brackets := "[]"
	if n.kind == objectNode {
		brackets = "{}"
	}
	b = append(b, brackets[0])
	for i, item := range n.items {
		if i > 0 {
			b = append(b, ',')
		}
		if n.kind == objectNode {
			b = append(append(b, text(n.keys[i])...), ':')
		}
		b = item.json(b, values)
	}
	return append(b, brackets[1])
}

// word is the node as the value of a query's key: a mapping as JSON, all else as
// it stands.
func (n *node) word(values func(string) value) string {
	switch n.kind {
	case textNode:
		return n.text.fill(values, plainly)
	default:
		return string(n.json(nil, values))
	}
}

// written is what a step's path and body are filled from.
type written struct {
	path  template
	keys  []string // of the query
	query []*node
	body  *node
	scene map[string]value
}

func (w *written) fill(v *visit) (path, body string) {
	values := func(name string) value {
		if known, ok := w.scene[name]; ok {
			return known
		}
		if known, ok := v.captured[name]; ok {
			return known
		}
		return value{text: "{{" + name + "}}", open: true}
	}
	path = w.path.fill(values, url.PathEscape)
	for i, key := range w.keys {
		words := []*node{w.query[i]}
		if w.query[i].kind == arrayNode {
			words = w.query[i].items
		}
		for _, n := range words {
			separator := "&"
			if !strings.Contains(path, "?") {
				separator = "?"
			}
			path += separator + url.QueryEscape(key) + "=" + url.QueryEscape(n.word(values))
		}
	}
	if w.body != nil {
		body = string(w.body.json(nil, values))
	}
	return path, body
}

// capture takes a value out of an answer.
type capture struct {
	name    string
	pointer []string // the parts of a JSON pointer
}

func parsePointer(text string) ([]string, error) {
	if text == "" || text[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer: it begins with /, for example /0/id", text)
	}
	parts := strings.Split(text[1:], "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts, nil
}

// maxCaptured is how long a captured value may be, in bytes.
const maxCaptured = 1024

// take captures from a body and reports whether all was there.
func (v *visit) take(captures []capture, body []byte) bool {
	if len(captures) == 0 {
		return true
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var whole any
	if decoder.Decode(&whole) != nil {
		return false
	}
	if v.captured == nil {
		v.captured = map[string]value{}
	}
	for _, c := range captures {
		found, ok := follow(whole, c.pointer)
		if !ok {
			return false
		}
		v.captured[c.name] = found
	}
	return true
}

func follow(in any, pointer []string) (value, bool) {
	for _, part := range pointer {
		switch at := in.(type) {
		case map[string]any:
			in = at[part]
		case []any:
			i, err := strconv.ParseUint(part, 10, 31)
			if err != nil || i >= uint64(len(at)) {
				return value{}, false
			}
			in = at[i]
		default:
			return value{}, false
		}
	}
	switch found := in.(type) {
	case string:
		return value{text: found}, found != "" && len(found) <= maxCaptured
	case json.Number:
		return value{text: found.String(), number: true}, len(found) <= maxCaptured
	case bool:
		return value{text: fmt.Sprint(found), number: true}, true
	}
	return value{}, false
}

// variables are the names that a defined journey may use without capturing
// them, each with what it stands for.
func variables() map[string]string {
	return map[string]string{
		"user":          "name of somebody who takes part in an investigation",
		"user.id":       "their id",
		"password":      "everybody's password",
		"ingest":        "name of the account that may create",
		"investigation": "id of one of the user's investigations",
		"dataset":       "id of one of its datasets",
		"datafile":      "id of one of its files",
		"instrument":    "id of the instrument it took place on",
		"cycle":         "id of the facility cycle it took place in",
		"word":          "a longer word of its title",
		"run":           "the run's id",
		"visit":         "the visit's number, from 1",
		"now":           "when the run began, as 2026-01-02T15:04:05Z",
		"random":        "a number from 0 to 999999",
	}
}

// scene draws what the variables stand for in one visit.
func (p *planner) scene() map[string]value {
	number := func(n int64) value { return value{text: fmt.Sprint(n), number: true} }
	u := p.member()
	v := p.own(u)
	dataset, datafile := p.file(v.ID)
	for range 100 { // until somebody's investigation has files
		if dataset != 0 {
			break
		}
		u = p.member()
		v = p.own(u)
		dataset, datafile = p.file(v.ID)
	}
	return map[string]value{
		"user": {text: u.name}, "user.id": number(u.id), "password": {text: facility.Password}, "ingest": {text: facility.IngestName},
		"investigation": number(v.ID), "dataset": number(dataset), "datafile": number(datafile),
		"instrument": number(p.directory.on[v.ID]), "cycle": number(p.directory.during[v.ID]), "word": {text: p.word(v.Title)},
		"run": {text: p.directory.run}, "visit": number(int64(p.visit)), "now": {text: p.directory.now.UTC().Format(time.RFC3339)},
		"random": number(p.random.Int64N(1_000_000)),
	}
}
