package dashboards

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Line is one document: its text in each column, "" if it has none there.
type Line []string

// lines reads the documents of an answer.
func (p Panel) lines(top node) ([]Line, error) {
	outer, err := top.child("hits")
	if err != nil {
		return nil, err
	}
	hits, err := outer.list("hits")
	if err != nil {
		return nil, err
	}
	if len(hits) > p.Show {
		return nil, fmt.Errorf("%s.hits: %d documents instead of at most %d", outer.path, len(hits), p.Show)
	}
	lines := make([]Line, len(hits))
	for i, hit := range hits {
		fields := node{path: hit.path + ".fields"}
		if _, any := hit.fields["fields"]; any { // without, the document has none of them
			if fields, err = hit.child("fields"); err != nil {
				return nil, err
			}
		}
		lines[i] = make(Line, len(p.Columns))
		for j, c := range p.Columns {
			if lines[i][j], err = fields.words(c.Field); err != nil {
				return nil, err
			}
		}
	}
	return lines, nil
}

// words are the values of a field of a document, as they are written.
func (n node) words(name string) (string, error) {
	if _, there := n.fields[name]; !there {
		return "", nil
	}
	var values []json.RawMessage
	if err := n.value(name, &values); err != nil {
		return "", err
	}
	words := make([]string, len(values))
	for i, raw := range values {
		if json.Unmarshal(raw, &words[i]) != nil { // not a string
			words[i] = string(raw)
		}
	}
	return strings.Join(words, ", "), nil
}
