package arrival

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

const (
	byKind      = "method, route and status searched for"
	bySorting   = "sort values"
	byDocValues = "doc values"
)

// howRead tells by the last question how values were read.
func howRead(n *node) string {
	switch last := n.queries[len(n.queries)-1]; {
	case strings.Contains(last, "docvalue_fields"):
		return byDocValues
	case strings.Contains(last, `{"`+telemetry.FieldRoute+`":{"order"`):
		return bySorting
	}
	return byKind
}

// Values are read the cheap way where that loses nothing, and only there.
func TestHowValuesAreRead(t *testing.T) {
	const six, two = 6, 20 // documents in a slice: of 40 there are as many slices, and six kinds
	none := func(int, string) error { return nil }
	for _, row := range []struct {
		proves  string
		change  func(docs []doc)
		fail    func(call int, op string) error
		part    int
		how     string
		altered map[string][]uint64
	}{
		{"one value each, few kinds", func([]doc) {}, none, six, byKind, nil},
		{"a kind of one document, which is altered", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldStatus, 503)
		}, none, 5, byKind, map[string][]uint64{telemetry.FieldStatus: {7}}},
		{"a route with a backslash is searched for as it is", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldRoute, `/a\"b`)
		}, none, 5, byKind, map[string][]uint64{telemetry.FieldRoute: {7}}},
		{"more kinds than slices", func([]doc) {}, none, 7, bySorting, nil},
		{"a value is missing: no kind has it, and it is missed", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldMethod, nil).with(telemetry.FieldStatus, nil)
		}, none, 5, bySorting, map[string][]uint64{telemetry.FieldMethod: {7}, telemetry.FieldStatus: {7}}},
		{"one document with two numbers: all by doc values, and it is seen", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldStatus, []any{200, 503})
		}, none, six, byDocValues, map[string][]uint64{telemetry.FieldStatus: {7}}},
		{"one with two texts, of which the first is right", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldMethod, []any{"GET", "PUT"})
		}, none, six, byDocValues, map[string][]uint64{telemetry.FieldMethod: {7}}},
		{"fields that cannot be sorted by", func([]doc) {}, func(call int, op string) error {
			if op == "page" && call == 2 {
				return &elastic.Error{Op: "search point in time", Status: http.StatusBadRequest}
			}
			return nil
		}, six, byDocValues, nil},
		{"a text with a backslash is read as it is", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldRoute, `/a\"b`)
		}, none, two, bySorting, map[string][]uint64{telemetry.FieldRoute: {7}}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			docs := linesOf(attempts(40))
			row.change(docs)
			n := newNode(t, docs...)
			n.fail = row.fail
			a := small(n, writeLedger(t, attempts(40)))
			a.part = row.part
			acc, err := a.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.altered, says(acc).Corrupted); diff != "" {
				t.Errorf("corrupted (-want +got):\n%s", diff)
			}
			if how := howRead(n); how != row.how {
				t.Errorf("read by %s, want %s", how, row.how)
			}
			for _, c := range acc.Corrupted.Cases {
				if c.Field == telemetry.FieldRoute && c.Found != `/a\"b` {
					t.Errorf("found %q", c.Found)
				}
			}
		})
	}
}

// Where there are more kinds than one answer tells, none is searched for: the
// documents of the others would not be read.
func TestHowValuesOfManyKindsAreRead(t *testing.T) {
	sent := attempts(groupPage + 1)
	for i := range sent {
		sent[i].Route = fmt.Sprint("/", i)
	}
	n := newNode(t, linesOf(sent)...)
	a := small(n, writeLedger(t, sent))
	a.part = 1
	if acc, err := a.Run(t.Context()); err != nil || acc.Delivered != groupPage+1 {
		t.Errorf("%+v, %v", acc, err)
	}
	if how := howRead(n); how != bySorting {
		t.Errorf("read by %s", how)
	}
}
