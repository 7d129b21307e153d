package arrival

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/provisioner/elastic"
)

// node is an Elasticsearch in memory that knows just what an audit asks and
// refuses everything else. A view opened on it stays as it was.
type node struct {
	t  testing.TB
	mu sync.Mutex

	streams map[string][]doc // documents by data stream; a stream that is not there answers 404
	views   map[string][]doc
	calls   int
	fail    func(call int, op string) error       // breaks a call
	spoil   func(op string, answer []byte) []byte // alters an answer
	queries []string                              // bodies of the searches, in order
}

// doc is a document: its fields by dotted name, and when it becomes searchable.
type doc struct {
	index   string
	fields  map[string]any
	visible time.Time
}

const stream = "logs-test"

func newNode(t testing.TB, docs ...doc) *node {
	return &node{t: t, streams: map[string][]doc{stream: docs}, views: map[string][]doc{}}
}

func (n *node) begin(op string) error {
	n.calls++
	if n.fail != nil {
		return n.fail(n.calls, op)
	}
	return nil
}

func (n *node) searchable(name string) ([]doc, error) {
	docs, ok := n.streams[name]
	if !ok {
		return nil, &elastic.Error{Op: "search " + name, Status: http.StatusNotFound, Type: "index_not_found_exception"}
	}
	var seen []doc
	for _, d := range docs {
		if !d.visible.After(time.Now()) {
			seen = append(seen, d)
		}
	}
	return seen, nil
}

func (n *node) OpenPIT(_ context.Context, index string, _ time.Duration) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("open"); err != nil {
		return "", err
	}
	docs, err := n.searchable(index)
	id := fmt.Sprintf("view-%d", len(n.views))
	n.views[id] = docs
	return id, err
}

func (n *node) ClosePIT(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.views[id]; !ok {
		n.t.Errorf("close of an unknown view %q", id)
	}
	delete(n.views, id)
	return nil
}

func (n *node) Count(_ context.Context, index string, query []byte) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("count"); err != nil {
		return 0, err
	}
	docs, err := n.searchable(index)
	if err != nil {
		return 0, err
	}
	var body struct{ Query map[string]any }
	n.parse(query, &body)
	var count int64
	for _, d := range docs {
		if n.matches(d, body.Query) {
			count++
		}
	}
	return count, nil
}

func (n *node) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("search"); err != nil {
		return nil, err
	}
	docs, err := n.searchable(index)
	if err != nil {
		return nil, err
	}
	return n.answer("search", docs, body)
}

func (n *node) SearchPIT(_ context.Context, body, _ []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("page"); err != nil {
		return nil, err
	}
	var b struct{ PIT struct{ ID string } }
	if err := json.Unmarshal(body, &b); err != nil {
		n.t.Error(err)
	}
	docs, ok := n.views[b.PIT.ID]
	if !ok {
		return nil, &elastic.Error{Op: "search point in time", Status: http.StatusNotFound, Type: "search_context_missing_exception"}
	}
	return n.answer("page", docs, body)
}

func (n *node) parse(body []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		n.t.Errorf("body %s: %v", body, err)
	}
}

func (n *node) answer(op string, docs []doc, raw []byte) ([]byte, error) {
	var body struct {
		Size        int
		TotalHits   bool     `json:"track_total_hits"`
		Source      bool     `json:"_source"`
		Stored      string   `json:"stored_fields"`
		Fields      []string // from the source, where DocValues cannot be: texts
		DocValues   []string `json:"docvalue_fields"`
		Query       map[string]any
		Sort        []any
		SearchAfter []any `json:"search_after"`
		PIT         map[string]any
		Slice       *struct{ ID, Max int }
		Aggs        map[string]map[string]any
	}
	n.parse(raw, &body)
	n.queries = append(n.queries, string(raw))
	type found struct {
		doc
		sort []any
	}
	var list []found
	var matching []doc
	for i, d := range docs {
		if !n.matches(d, body.Query) || body.Slice != nil && i*body.Slice.Max/len(docs) != body.Slice.ID {
			continue
		}
		matching = append(matching, d)
		var keys []any
		for _, by := range body.Sort {
			keys = append(keys, n.sortValue(int64(i), d, by))
		}
		if len(body.SearchAfter) == 0 || slices.CompareFunc(keys, body.SearchAfter, compareKeys) > 0 {
			list = append(list, found{d, keys})
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return slices.CompareFunc(a.sort, b.sort, compareKeys) })
	hits := []any{}
	for _, d := range list[:min(len(list), body.Size)] {
		fields := map[string]any{}
		for _, name := range append(body.DocValues, body.Fields...) {
			switch v := d.fields[name].(type) {
			case nil:
			case []any:
				fields[name] = v
			default:
				fields[name] = []any{v}
			}
		}
		hit := map[string]any{"_index": d.index, "_score": nil, "fields": fields, "sort": d.sort}
		if body.Source {
			hit["_source"] = d.fields
		}
		hits = append(hits, hit)
	}
	top := map[string]any{"max_score": nil, "hits": hits}
	if body.TotalHits {
		top["total"] = map[string]any{"value": len(matching), "relation": "eq"}
	}
	out, err := json.Marshal(map[string]any{
		"took": 1, "timed_out": false, "_shards": map[string]int{"total": 1, "successful": 1, "skipped": 0, "failed": 0},
		"hits": top, "aggregations": n.aggregate(matching, body.Aggs),
	})
	if n.spoil != nil {
		out = n.spoil(op, out)
	}
	return out, err
}

// sortValue is a document's place by one entry of a sort: dates are milliseconds. A
// missing number sorts as the largest, a missing text as null. Of several the
// smallest counts.
func (n *node) sortValue(place int64, d doc, by any) any {
	if by == "_shard_doc" {
		return place
	}
	for field, how := range by.(map[string]any) {
		how := how.(map[string]any)
		v := slices.Sorted(slices.Values(values(d, field)))
		switch {
		case len(v) == 0 && how["unmapped_type"] == "keyword":
			return nil
		case len(v) == 0:
			return int64(math.MaxInt64)
		case how["unmapped_type"] != "keyword" && strings.Contains(v[0], "T"):
			at, err := time.Parse(time.RFC3339, v[0])
			if err != nil {
				n.t.Error(err)
			}
			if how["order"] == "desc" {
				return -at.UnixMilli()
			}
			return at.UnixMilli()
		}
		if x, err := strconv.ParseInt(v[0], 10, 64); err == nil && how["unmapped_type"] != "keyword" {
			return x
		}
		return v[0]
	}
	return nil
}

// compareKeys orders sort values: numbers among numbers, texts among texts, null last.
func compareKeys(a, b any) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(fmt.Sprint(a == nil), fmt.Sprint(b == nil))
	case isInteger(fmt.Sprint(a)) && isInteger(fmt.Sprint(b)):
		return cmp.Compare(integer(a), integer(b))
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// matches knows match_all, bool, exists, term, terms and range.
func (n *node) matches(d doc, query map[string]any) bool {
	for kind, arg := range query {
		of := arg.(map[string]any)
		switch kind {
		case "match_all":
			return true
		case "bool":
			return n.matchesBool(d, of)
		case "exists":
			return len(values(d, of["field"].(string))) > 0
		case "term":
			for field, want := range of {
				return slices.Contains(values(d, field), fmt.Sprint(want))
			}
		case "terms":
			for field, list := range of {
				return slices.ContainsFunc(list.([]any), func(want any) bool { return slices.Contains(values(d, field), fmt.Sprint(want)) })
			}
		case "range":
			for field, limits := range of {
				return slices.ContainsFunc(values(d, field), func(v string) bool { return n.inside(v, limits.(map[string]any)) })
			}
		}
		n.t.Errorf("query of unknown kind %q", kind)
	}
	return false
}

func (n *node) matchesBool(d doc, of map[string]any) bool {
	ok := true
	for clause, arg := range of {
		switch clause {
		case "filter":
			for _, q := range arg.([]any) {
				ok = ok && n.matches(d, q.(map[string]any))
			}
		case "should":
			ok = ok && slices.ContainsFunc(arg.([]any), func(q any) bool { return n.matches(d, q.(map[string]any)) })
		case "must_not":
			ok = ok && !n.matches(d, arg.(map[string]any))
		case "minimum_should_match":
		default:
			n.t.Errorf("bool of unknown clause %q", clause)
		}
	}
	return ok
}

// inside compares numbers as numbers and dates as text, which sorts alike.
func (n *node) inside(v string, limits map[string]any) bool {
	for op, limit := range limits {
		c := strings.Compare(v, fmt.Sprint(limit))
		if x, err := strconv.Atoi(v); err == nil {
			y, _ := strconv.Atoi(fmt.Sprint(limit))
			c = cmp.Compare(x, y)
		}
		if op == "gte" && c < 0 || op == "lte" && c > 0 {
			return false
		}
	}
	return true
}

func values(d doc, field string) []string {
	var out []string
	switch v := d.fields[field].(type) {
	case nil:
	case []any:
		for _, one := range v {
			out = append(out, fmt.Sprint(one))
		}
	default:
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// Create lets the node take lag documents.
func (n *node) Create(_ context.Context, stream string, d any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("create"); err != nil {
		return err
	}
	n.streams[stream] = append(n.streams[stream], doc{fields: d.(map[string]any)})
	return nil
}
