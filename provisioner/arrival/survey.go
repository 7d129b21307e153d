package arrival

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// surveyed is what one question tells of all documents of a run.
type surveyed struct {
	covered
	Hits         struct{ Total struct{ Value uint64 } }
	Aggregations map[string]surveyedOf
}

// surveyedOf is one of its aggregations, of whichever kind.
type surveyedOf struct {
	Values  uint64 `json:"value"`     // in a field
	Having  uint64 `json:"doc_count"` // documents with a value there
	Buckets []struct {
		Key       map[string]json.RawMessage
		Documents uint64 `json:"doc_count"`
	}
}

// survey divides the documents of a run so that as little as possible has to be read
// of each.
//
// Where no document has two values in a field that is judged (as many values as
// documents that have one, of each), the fields can be sorted by, and nothing is lost
// by it. Where they are of few kinds, each kind is searched for by its method, route
// and status, which are not read again of each document.
//
// A field that is of one type here and of another there cannot be sorted by, and one
// document is asked for to know that.
func (p *pass) survey(ctx context.Context, query object) ([]portion, error) {
	if p.pit == "" {
		return nil, nil
	}
	fields := allJudged()
	sources, aggs := []object{}, object{}
	for i, f := range fields {
		aggs[fmt.Sprint("values", i)] = object{"value_count": object{"field": f.field}}
		aggs[fmt.Sprint("having", i)] = object{"filter": exists(f.field)}
	}
	for i, f := range kindFields() {
		sources = append(sources, object{fmt.Sprint(i): object{"terms": object{"field": f.field, "missing_bucket": true}}})
	}
	aggs["kinds"] = object{"composite": object{"size": groupPage, "sources": sources}}
	body := newSearch(1, auditLayout().sortedBy(fields...), query)
	body.PIT, body.TotalHits, body.Aggs = p.view(), true, aggs
	answer, err := p.Search.SearchPIT(ctx, encode(body), nil)
	if errors.Is(err, &elastic.Error{Status: http.StatusBadRequest}) {
		documents, err := p.count(ctx, query)
		return []portion{{query, auditLayout().docValues(fields...), documents}}, err
	}
	if err != nil {
		return nil, err
	}
	var got surveyed
	if err := json.Unmarshal(answer, &got); err != nil {
		return nil, fmt.Errorf("read the answer to a search: %w", err)
	}
	documents := got.Hits.Total.Value
	if !got.single() {
		return []portion{{query, auditLayout().docValues(fields...), documents}}, got.all()
	}
	if kinds, err := p.kinds(got.Aggregations["kinds"], query, documents); kinds != nil || err != nil {
		return kinds, errors.Join(err, got.all())
	}
	return []portion{{query, auditLayout().sortedBy(fields...), documents}}, got.all()
}

// single reports that no document has two values in a field that is judged.
func (s surveyed) single() bool {
	for i := range allJudged() {
		values, counted := s.Aggregations[fmt.Sprint("values", i)]
		if !counted || values.Values != s.Aggregations[fmt.Sprint("having", i)].Having {
			return false
		}
	}
	return true
}

// kinds is a portion for each kind of documents; nil if it would take more than twice
// as many answers to read them so, or if a document lacks one of the fields.
func (p *pass) kinds(found surveyedOf, query object, documents uint64) ([]portion, error) {
	var portions []portion
	rest := documents
	if uint64(len(found.Buckets)) > documents/uint64(p.part) {
		return nil, nil
	}
	for _, bucket := range found.Buckets {
		layout, terms := auditLayout().sortedBy(attemptFields()...), []object{query}
		for i, f := range kindFields() {
			value := bucket.Key[fmt.Sprint(i)]
			if len(value) == 0 {
				return nil, nil
			}
			text, err := p.pages.text(value)
			if err != nil {
				return nil, fmt.Errorf("read the answer to a search: %w", err)
			}
			if text == nil {
				return nil, nil
			}
			layout.given[columnNames()[f.field]] = text
			terms = append(terms, term(f.field, value))
		}
		rest -= bucket.Documents
		portions = append(portions, portion{all(terms...), layout, bucket.Documents})
	}
	if rest != 0 { // there are more kinds than one answer tells
		return nil, nil
	}
	return portions, nil
}

// judged is a field that a document is held against its attempt by, and how an index
// without it would have it.
type judged struct{ field, unmapped string }

// attemptFields differ from attempt to attempt.
func attemptFields() []judged {
	return []judged{{telemetry.FieldRunSeq, "long"}, {telemetry.FieldTraceID, "keyword"}}
}

// kindFields are those that many attempts have in common.
func kindFields() []judged {
	return []judged{{telemetry.FieldMethod, "keyword"}, {telemetry.FieldRoute, "keyword"}, {telemetry.FieldStatus, "long"}}
}

func allJudged() []judged { return append(attemptFields(), kindFields()...) }
