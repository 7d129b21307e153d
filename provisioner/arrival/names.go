package arrival

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"plumbline/demo-app/telemetry"
)

// Names are the fields of documents that are called otherwise than demo-app calls
// them: theirs by ours. NoField says that documents have none: it is not compared.
type Names map[string]string

// NoField stands for a field that the documents of a pipeline do not have.
const NoField = "-"

// Nameable returns our names of the fields that may be called otherwise, by a short
// word for each, and whether documents can do without.
func Nameable() map[string]struct {
	Field    string
	Optional bool
} {
	type field = struct {
		Field    string
		Optional bool
	}
	return map[string]field{
		"run": {telemetry.FieldRunID, false}, "seq": {telemetry.FieldRunSeq, false},
		"id": {telemetry.FieldEventID, true}, "trace": {telemetry.FieldTraceID, true},
		"method": {telemetry.FieldMethod, true}, "route": {telemetry.FieldRoute, true}, "status": {telemetry.FieldStatus, true},
		"duration": {telemetry.FieldEventDuration, true}, "read": {telemetry.FieldEventCreated, true},
	}
}

// of is their name of a field.
func (n Names) of(ours string) string {
	if theirs, ok := n[ours]; ok {
		return theirs
	}
	return ours
}

// lacks reports that documents have no such field.
func (n Names) lacks(field string) bool { return n[field] == NoField }

// columns is where the values of an answer go.
func (n Names) columns() map[string]column {
	columns := map[string]column{}
	for ours, c := range columnNames() {
		columns[n.of(ours)] = c
	}
	return columns
}

// Named is a Searcher of documents with other names: what is asked of it under our
// names, it asks under theirs.
type Named struct {
	Searcher
	Names Names
}

// Search asks under their names.
func (n Named) Search(ctx context.Context, index string, body []byte) ([]byte, error) {
	body, err := n.Names.renamed(body)
	if err != nil {
		return nil, err
	}
	return n.Searcher.Search(ctx, index, body)
}

// SearchPIT asks under their names.
func (n Named) SearchPIT(ctx context.Context, body, into []byte) ([]byte, error) {
	body, err := n.Names.renamed(body)
	if err != nil {
		return nil, err
	}
	return n.Searcher.SearchPIT(ctx, body, into)
}

// Count asks under their names.
func (n Named) Count(ctx context.Context, index string, query []byte) (int64, error) {
	query, err := n.Names.renamed(query)
	if err != nil {
		return 0, err
	}
	return n.Searcher.Count(ctx, index, query)
}

// renamed is a request body with their names in place of ours.
func (n Names) renamed(body []byte) ([]byte, error) {
	if len(n) == 0 {
		return body, nil
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // some are larger than a double tells apart
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("rename fields of a search: %w", err)
	}
	return json.Marshal(n.walk(tree))
}

// walk puts their names where ours stand: keys, as in a term, a range or a sort, and
// values, as in an aggregation's field or a list of fields. What is a run's name and
// not a field's stays: no run is called like a field.
func (n Names) walk(tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[n.of(key)] = n.walk(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = n.walk(v[i])
		}
		return v
	case string:
		return n.of(v)
	}
	return tree
}
