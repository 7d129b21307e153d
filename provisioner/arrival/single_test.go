package arrival

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// Values are read the cheap way where that loses nothing, and only there.
func TestHowValuesAreRead(t *testing.T) {
	sorting := func(int, string) error { return nil }
	for _, row := range []struct {
		proves  string
		change  func(docs []doc)
		fail    func(call int, op string) error
		asked   bool // for doc values
		altered map[string][]uint64
	}{
		{"one value each: by sorting", func([]doc) {}, sorting, false, nil},
		{"a value is missing: by sorting, and it is missed", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldMethod, nil).with(telemetry.FieldStatus, nil)
		}, sorting, false, map[string][]uint64{telemetry.FieldMethod: {7}, telemetry.FieldStatus: {7}}},
		{"one document with two numbers: all by doc values, and it is seen", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldStatus, []any{200, 503})
		}, sorting, true, map[string][]uint64{telemetry.FieldStatus: {7}}},
		{"one with two texts, of which the first is right", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldMethod, []any{"GET", "PUT"})
		}, sorting, true, map[string][]uint64{telemetry.FieldMethod: {7}}},
		{"fields that cannot be sorted by: by doc values", func([]doc) {}, func(call int, op string) error {
			if op == "page" && call == 2 {
				return &elastic.Error{Op: "search point in time", Status: http.StatusBadRequest}
			}
			return nil
		}, true, nil},
		{"a text with a backslash is read as it is", func(docs []doc) {
			docs[6] = docs[6].with(telemetry.FieldRoute, `/a\"b`)
		}, sorting, false, map[string][]uint64{telemetry.FieldRoute: {7}}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			docs := linesOf(attempts(40))
			row.change(docs)
			n := newNode(t, docs...)
			n.fail = row.fail
			acc, err := small(n, writeLedger(t, attempts(40))).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.altered, says(acc).Corrupted); diff != "" {
				t.Errorf("corrupted (-want +got):\n%s", diff)
			}
			if asked := strings.Contains(n.queries[len(n.queries)-1], "docvalue_fields"); asked != row.asked {
				t.Errorf("asked for doc values: %v, want %v", asked, row.asked)
			}
			for _, c := range acc.Corrupted.Cases {
				if c.Field == telemetry.FieldRoute && c.Found != `/a\"b` {
					t.Errorf("found %q", c.Found)
				}
			}
		})
	}
}
