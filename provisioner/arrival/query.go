package arrival

import (
	"encoding/json"
	"fmt"

	"plumbline/demo-app/telemetry"
)

// object is a piece of a request body.
type object map[string]any

func term(field string, value any) object { return object{"term": object{field: value}} }

func between(first, last uint64) object {
	return object{"range": object{telemetry.FieldRunSeq: object{"gte": first, "lte": last}}}
}

func from(seq uint64) object {
	return object{"range": object{telemetry.FieldRunSeq: object{"gte": seq}}}
}

func everything() object { return object{"match_all": object{}} }

func exists(field string) object { return object{"exists": object{"field": field}} }

func all(filters ...object) object { return object{"bool": object{"filter": filters}} }

func oneOf(options []object) object {
	return object{"bool": object{"should": options, "minimum_should_match": 1}}
}

func not(query object) object { return object{"bool": object{"must_not": query}} }

// A layout is what a search returns of each document, and where in its hits. Of
// requests nothing is read from the stored document. Doc values show a missing value
// and a second one. Sort values are cheaper by a third, for Elasticsearch and for us,
// but of several they show the first: behind the first sort key, which alone
// decides the order, they are a way to read what has one value at most.
type layout struct {
	fields []string
	sort   []any
	sorted []column // by position in sort; the first is not a column
	source bool     // the stored document, too

	given [columns][]byte // values that are known of all documents that the search finds
}

// auditLayout reads what is measured, and as yet nothing that is judged.
func auditLayout() layout {
	return layout{
		// Shard order is the cheapest there is: nothing is sorted.
		sort: []any{
			"_shard_doc", ascending(telemetry.FieldEventDuration, "long"),
			instant(telemetry.FieldTimestamp), instant(telemetry.FieldEventCreated), instant(telemetry.FieldEventIngested),
		},
		sorted: []column{columns, colDuration, colTimestamp, colCreated, colIngested},
	}
}

// sortedBy reads fields as sort values, too: each has one value at most.
func (l layout) sortedBy(fields ...judged) layout {
	for _, f := range fields {
		l.sort, l.sorted = append(l.sort, ascending(f.field, f.unmapped)), append(l.sorted, columnNames()[f.field])
	}
	return l
}

// docValues reads fields as doc values, too.
func (l layout) docValues(fields ...judged) layout {
	for _, f := range fields {
		l.fields = append(l.fields, f.field)
	}
	return l
}

func copiesLayout() layout {
	return layout{
		fields: []string{telemetry.FieldRunSeq, telemetry.FieldEventID},
		sort:   []any{"_shard_doc"}, sorted: []column{columns},
	}
}

func followLayout() layout {
	return layout{
		fields: []string{telemetry.FieldRunSeq},
		sort: []any{
			ascending(telemetry.FieldRunSeq, "long"), instant(telemetry.FieldTimestamp), instant(telemetry.FieldEventCreated), instant(telemetry.FieldEventIngested),
		},
		sorted: []column{columns, colTimestamp, colCreated, colIngested},
	}
}

// lineLayout asks for what the shipper sent: of a text there is nothing else.
func lineLayout() layout {
	return layout{sort: []any{"_shard_doc"}, sorted: []column{columns}, source: true}
}

func ascending(field, unmapped string) object {
	return object{field: object{"order": "asc", "unmapped_type": unmapped}}
}

// instant asks for a date in milliseconds, whatever the mapping's resolution.
func instant(field string) object {
	return object{field: object{"order": "asc", "unmapped_type": "date", "numeric_type": "date"}}
}

// slice is one of several parts of a view that have no document in common.
type slice struct{ id, of int64 }

// object is nil for the whole view.
func (s slice) object() object {
	if s.of == 1 {
		return nil
	}
	return object{"id": s.id, "max": s.of}
}

// search is the body of one page of hits.
type search struct {
	Size        int             `json:"size"`
	TotalHits   bool            `json:"track_total_hits"`
	Source      bool            `json:"_source"`
	Stored      string          `json:"stored_fields,omitempty"`
	DocValues   []string        `json:"docvalue_fields,omitempty"`
	Query       object          `json:"query"`
	Sort        []any           `json:"sort"`
	SearchAfter json.RawMessage `json:"search_after,omitempty"`
	PIT         object          `json:"pit,omitempty"`
	Slice       object          `json:"slice,omitempty"`
	Aggs        object          `json:"aggs,omitempty"`
}

func newSearch(size int, l layout, query object) search {
	s := search{Size: size, Source: l.source, DocValues: l.fields, Query: query, Sort: l.sort}
	if !l.source {
		s.Stored = "_none_"
	}
	return s
}

// encode cannot fail: a body is made of strings, numbers and objects of them.
func encode(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("encode a search: %v", err))
	}
	return text
}
