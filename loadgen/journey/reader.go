package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxErrors is how many mistakes of a file are told at once.
const maxErrors = 10

// reader turns a file of journeys into them and collects what is wrong with it.
type reader struct {
	file string
	errs []error
}

// Read reads journeys that a YAML file defines; docs/journeys.md describes it.
// The error joins one line for each mistake, file:line:column first.
func Read(file string, from io.Reader) ([]Journey, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %v", file, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes", file, maxFile)
	}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&document); {
	case err == io.EOF:
		return nil, fmt.Errorf("%s:1:1: is empty; a list of journeys is wanted", file)
	case err != nil:
		return nil, syntaxError(file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); err != io.EOF {
		return nil, fmt.Errorf("%s: holds more than one document", file)
	}
	r := &reader{file: file}
	journeys := r.document(document.Content[0])
	if len(r.errs) > maxErrors {
		r.errs = append(r.errs[:maxErrors], fmt.Errorf("%s: and %d more", file, len(r.errs)-maxErrors))
	}
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return journeys, nil
}

// syntaxError puts the library's line number where ours are. It knows no column.
func syntaxError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			return fmt.Errorf("%s:%s: %s", file, line, what)
		}
	}
	return fmt.Errorf("%s: %s", file, text)
}

func (r *reader) document(n *yaml.Node) []Journey {
	r.refuseAliases(n)
	if len(r.errs) > 0 {
		return nil
	}
	list := r.fields(n, "the file", []string{"journeys"})["journeys"]
	if list == nil {
		return nil
	}
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 || len(list.Content) > maxJourneys {
		r.fail(list, "journeys: a list of 1 to %d journeys is wanted", maxJourneys)
		return nil
	}
	var all []Journey
	taken := map[string]bool{}
	for _, j := range BuiltIn() {
		taken[j.Name] = true
	}
	for _, item := range list.Content {
		j := r.journey(item)
		if taken[j.Name] && j.Name != "" {
			r.fail(item, "journey %q: the name is taken, by a built-in journey or one before", j.Name)
		}
		taken[j.Name] = true
		all = append(all, j)
	}
	return all
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d:%d: %s", r.file, n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// refuseAliases keeps a small file from meaning a huge one.
func (r *reader) refuseAliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.fail(n, "anchors and aliases are not supported: write it out")
		return
	}
	for _, child := range n.Content {
		r.refuseAliases(child)
	}
}

// pairs calls each for the keys of a mapping and their values.
func (r *reader) pairs(n *yaml.Node, each func(key, value *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			r.fail(key, "a key must be a plain word")
			continue
		case seen[key.Value]:
			r.fail(key, "%s is given twice", key.Value)
			continue
		}
		seen[key.Value] = true
		each(key, n.Content[i+1])
	}
}

// fields returns the values of a mapping by key, after looking that those wanted
// are there and no others than those and the optional ones.
func (r *reader) fields(n *yaml.Node, what string, wanted []string, optional ...string) map[string]*yaml.Node {
	allowed := append(slices.Clone(wanted), optional...)
	found := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s is a mapping of %s", what, strings.Join(allowed, ", "))
		return found
	}
	r.pairs(n, func(key, value *yaml.Node) {
		if !slices.Contains(allowed, key.Value) {
			r.fail(key, "unknown key %.40q: %s has %s", key.Value, what, strings.Join(allowed, ", "))
			return
		}
		found[key.Value] = value
	})
	for _, key := range wanted {
		if found[key] == nil {
			r.fail(n, "%s is missing: %s has %s", key, what, strings.Join(allowed, ", "))
		}
	}
	return found
}

func (r *reader) name(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Value == "" || len(n.Value) > 64 || n.Value != strings.TrimSpace(n.Value) ||
		strings.ContainsFunc(n.Value, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(" ._-", c))
		}) {
		r.fail(n, "name %.40q: 1 to 64 letters, digits, spaces and . _ - are wanted", n.Value)
	}
	return n.Value
}

func (r *reader) text(n *yaml.Node, key string, limit int) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || len(n.Value) > limit || strings.ContainsFunc(n.Value, func(c rune) bool { return c < ' ' }) {
		r.fail(n, "%s: a line of up to %d bytes is wanted", key, limit)
	}
	return n.Value
}

func (r *reader) weight(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	weight, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || weight < 1 || weight > MaxWeight {
		r.fail(n, "weight %.20q: a whole number from 1 to %d is wanted", n.Value, MaxWeight)
	}
	return weight
}

func (r *reader) think(n *yaml.Node) *Think {
	if n == nil {
		return nil
	}
	t, err := ParseThink(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		r.fail(n, "%v", err)
	}
	return &t
}

// template reads a text with {{names}} that are known; nil if it is wrong.
func (r *reader) template(n *yaml.Node, key string, known map[string]string) template {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		r.fail(n, "%s: a text is wanted", key)
		return nil
	}
	t, err := parseTemplate(n.Value)
	if err != nil {
		r.fail(n, "%v", err)
		return nil
	}
	for _, p := range t {
		if p.name != "" && known[p.name] == "" {
			r.fail(n, "{{%s}} is not known here, known are %s", p.name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			return nil
		}
	}
	return t
}

// node reads a part of a body or query.
func (r *reader) node(n *yaml.Node, known map[string]string) *node {
	out := &node{}
	switch n.Kind {
	case yaml.MappingNode:
		out.kind = objectNode
		r.pairs(n, func(key, value *yaml.Node) {
			out.keys = append(out.keys, key.Value)
			out.items = append(out.items, r.node(value, known))
		})
	case yaml.SequenceNode:
		out.kind = arrayNode
		for _, item := range n.Content {
			out.items = append(out.items, r.node(item, known))
		}
	default:
		var v any
		switch n.Tag {
		case "!!int", "!!float", "!!bool", "!!null":
			err := n.Decode(&v)
			raw, bad := json.Marshal(v)
			if err != nil || bad != nil {
				r.fail(n, "%.20q has no form in JSON", n.Value)
			}
			out.raw = string(raw)
		default:
			out.kind = textNode
			if n.Value != "" {
				out.text = r.template(n, "value", known)
			}
		}
	}
	return out
}

func (r *reader) query(n *yaml.Node, known map[string]string) (keys []string, values []*node) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.fail(n, "query: keys and values are wanted, for example {limit: 50}")
		return nil, nil
	}
	r.pairs(n, func(key, value *yaml.Node) {
		keys = append(keys, key.Value)
		values = append(values, r.node(value, known))
	})
	return keys, values
}
