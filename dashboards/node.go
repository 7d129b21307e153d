package dashboards

import (
	"encoding/json"
	"fmt"
)

// node is a JSON object of an answer, read strictly: what is asked for and
// not there, or of another type, is an error that names its place.
type node struct {
	path   string
	fields map[string]json.RawMessage
}

func (n node) value(name string, into any) error {
	raw, ok := n.fields[name]
	if !ok {
		return fmt.Errorf("%s.%s is missing", n.path, name)
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s.%s is null", n.path, name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s.%s: %v", n.path, name, err)
	}
	return nil
}

func (n node) child(name string) (node, error) {
	c := node{path: n.path + "." + name}
	return c, n.value(name, &c.fields)
}

func (n node) list(name string) ([]node, error) {
	var items []map[string]json.RawMessage
	if err := n.value(name, &items); err != nil {
		return nil, err
	}
	nodes := make([]node, len(items))
	for i, fields := range items {
		nodes[i] = node{path: fmt.Sprintf("%s.%s[%d]", n.path, name, i), fields: fields}
	}
	return nodes, nil
}

// count reads a whole number that is not negative.
func (n node) count(name string) (int64, error) {
	var v int64
	if err := n.value(name, &v); err != nil {
		return 0, err
	}
	if v < 0 {
		return 0, fmt.Errorf("%s.%s is %d", n.path, name, v)
	}
	return v, nil
}

// optional reads a number that may be null but must be named.
func (n node) optional(name string) (*float64, error) {
	if raw, ok := n.fields[name]; ok && string(raw) == "null" {
		return nil, nil
	}
	var v float64
	if err := n.value(name, &v); err != nil {
		return nil, err
	}
	return &v, nil
}

// text reads a group's key: a string, or a number as it is written.
func (n node) text(name string) (string, error) {
	var v any
	if err := n.value(name, &v); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		return string(n.fields[name]), nil
	}
	return "", fmt.Errorf("%s.%s is neither text nor a number", n.path, name)
}

// parse reads a whole JSON answer.
func parse(response []byte) (node, error) {
	n := node{path: "answer"}
	if err := json.Unmarshal(response, &n.fields); err != nil {
		return node{}, fmt.Errorf("not a JSON object: %v", err)
	}
	return n, nil
}
