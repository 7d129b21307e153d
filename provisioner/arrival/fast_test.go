package arrival

import (
	"slices"
	"strings"
	"testing"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// same is n attempts of one method, route and status.
func same(n uint64) []ledger.Attempt {
	list := attempts(n)
	for i := range list {
		list[i].Route, list[i].Status = "/users", 200
	}
	return list
}

// without and doubled change documents by number.
func without(docs []doc, seqs ...uint64) []doc {
	return slices.DeleteFunc(slices.Clone(docs), func(d doc) bool {
		return slices.Contains(seqs, d.fields[telemetry.FieldRunSeq].(uint64))
	})
}

func doubled(docs []doc, seqs ...uint64) []doc {
	for _, seq := range seqs {
		i := slices.IndexFunc(docs, func(d doc) bool { return d.fields[telemetry.FieldRunSeq] == seq })
		docs = append(docs, docs[i].with(telemetry.FieldEventID, "again"))
	}
	return docs
}

func TestGlance(t *testing.T) {
	type world struct {
		sent []ledger.Attempt
		docs []doc
	}
	for _, row := range []struct {
		proves string
		change func(w *world)
		want   []Stretch
		groups []string // "method route status: documents of sent"
		out    uint64   // documents that are numbered as no attempt
	}{
		{"nothing differs where all is there", func(*world) {}, nil, nil, 0},
		{"a loss is seen in its stretch, and its group", func(w *world) { w.docs = without(w.docs, 15) },
			[]Stretch{{First: 11, Last: 20, Sent: 10, Found: 9}}, []string{"GET /users 200: 39 of 40"}, 0},
		{"a duplicate is", func(w *world) { w.docs = doubled(w.docs, 15) },
			[]Stretch{{First: 11, Last: 20, Sent: 10, Found: 11}}, []string{"GET /users 200: 41 of 40"}, 0},
		{"a duplicate does not hide the loss beside it", func(w *world) { w.docs = doubled(without(w.docs, 15), 16) },
			[]Stretch{{First: 11, Last: 20, Sent: 10, Found: 10}}, nil, 0},
		{"nor with the same sum", func(w *world) { w.docs = doubled(without(w.docs, 11, 14), 12, 13) },
			[]Stretch{{First: 11, Last: 20, Sent: 10, Found: 10}}, nil, 0},
		{"nor with the same sum and squares, where the counts differ", func(w *world) { w.docs = doubled(without(w.docs, 4, 5), 1, 2, 6) },
			[]Stretch{{First: 1, Last: 10, Sent: 10, Found: 11}}, []string{"GET /users 200: 41 of 40"}, 0},
		{"nor with the same squares", func(w *world) { w.docs = doubled(without(w.docs, 1, 7), 5, 5) },
			[]Stretch{{First: 1, Last: 10, Sent: 10, Found: 10}}, nil, 0},
		{"a duplicate elsewhere cancels no loss", func(w *world) { w.docs = doubled(without(w.docs, 15), 25) },
			[]Stretch{{First: 11, Last: 20, Sent: 10, Found: 9}, {First: 21, Last: 30, Sent: 10, Found: 11}}, nil, 0},
		{"head loss is seen", func(w *world) { w.docs = without(w.docs, 1) },
			[]Stretch{{First: 1, Last: 10, Sent: 10, Found: 9}}, []string{"GET /users 200: 39 of 40"}, 0},
		{"tail loss is seen", func(w *world) { w.docs = without(w.docs, 40) },
			[]Stretch{{First: 31, Last: 40, Sent: 10, Found: 9}}, []string{"GET /users 200: 39 of 40"}, 0},
		{"an altered status is seen in its groups", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldStatus, 500) },
			nil, []string{"GET /users 200: 39 of 40", "GET /users 500: 1 of 0"}, 0},
		{"a field that is gone is", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldRoute, nil) },
			nil, []string{"GET  200: 1 of 0", "GET /users 200: 39 of 40"}, 0},
		{"a document beyond the ledger is", func(w *world) {
			w.docs = append(w.docs, line(attempt(41)).with(telemetry.FieldRoute, "/users").with(telemetry.FieldStatus, 200))
		},
			nil, []string{"GET /users 200: 41 of 40"}, 1},
		{"and one without a number", func(w *world) { w.docs = append(w.docs, w.docs[3].with(telemetry.FieldRunSeq, nil)) },
			nil, []string{"GET /users 200: 41 of 40"}, 1},
		{"another run does not matter", func(w *world) { w.docs = append(w.docs, w.docs[3].with(telemetry.FieldRunID, "other")) }, nil, nil, 0},
		{"without an answer and not found is known, not lost", func(w *world) {
			w.sent[14].Outcome, w.sent[14].Status = ledger.Timeout, 0
			w.docs = without(w.docs, 15)
		}, []Stretch{{First: 11, Last: 20, Sent: 10, Open: 1, Found: 9, Known: true}}, nil, 0},
		{"but another one in its place is lost", func(w *world) {
			w.sent[14].Outcome, w.sent[14].Status = ledger.Timeout, 0
			w.docs = without(w.docs, 16)
		}, []Stretch{{First: 11, Last: 20, Sent: 10, Open: 1, Found: 9}}, nil, 0},
		{"never sent is not waited for", func(w *world) {
			w.sent[14].Outcome, w.sent[14].Status = ledger.Dropped, 0
			w.docs = without(w.docs, 15)
		}, nil, nil, 0},
		{"nothing arrived", func(w *world) { w.docs = nil }, []Stretch{
			{First: 1, Last: 10, Sent: 10}, {First: 11, Last: 20, Sent: 10}, {First: 21, Last: 30, Sent: 10}, {First: 31, Last: 40, Sent: 10},
		}, []string{"GET /users 200: 0 of 40"}, 0},
	} {
		t.Run(row.proves, func(t *testing.T) {
			w := world{sent: same(40)}
			w.docs = linesOf(w.sent)
			row.change(&w)
			a := small(newNode(t, w.docs...), writeLedger(t, w.sent))
			a.width = 10
			g, err := a.Glance(t.Context(), 0, silent)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(g.Differ, row.want) || g.Outside != row.out {
				t.Errorf("stretches %+v, %d outside; want %+v, %d", g.Differ, g.Outside, row.want, row.out)
			}
			var groups []string
			for _, group := range g.Groups {
				groups = append(groups, group.text())
			}
			if !slices.Equal(groups, row.groups) {
				t.Errorf("groups %q, want %q", groups, row.groups)
			}
			var r Report
			r.JudgeGlance(g)
			if seen := len(row.want)+len(row.groups) > 0 || row.out > 0; seen != (len(r.Broken()) > 0) || r.Outcome == Holds {
				t.Errorf("outcome %q, %q", r.Outcome, r.Broken())
			}
		})
	}
}

// What the fast check cannot see, and the audit does: losses and duplicates of one
// stretch and group with the same count, sum and sum of squares.
func TestBlindSpotOfAGlance(t *testing.T) {
	sent := same(40)
	docs := doubled(without(linesOf(sent), 1, 5, 6), 2, 3, 7)
	a := small(newNode(t, docs...), writeLedger(t, sent))
	g, err := a.Glance(t.Context(), 0, silent)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Differ)+len(g.Groups) > 0 || g.Outside > 0 {
		t.Errorf("a glance saw %+v", g)
	}
	var r Report
	r.JudgeGlance(g)
	if r.Outcome != Alike || !strings.Contains(r.Properties[0].Text, "1, 5 and 6") {
		t.Errorf("outcome %q, %q: want the blind spot named", r.Outcome, r.Properties[0].Text)
	}
	got := audit(t, a)
	if want := []uint64{1, 5, 6}; !slices.Equal(got.Lost, want) {
		t.Errorf("the audit says lost %v, want %v", got.Lost, want)
	}
	if want := []uint64{2, 3, 7}; !slices.Equal(got.Duplicated, want) {
		t.Errorf("the audit says duplicated %v, want %v", got.Duplicated, want)
	}
}

// Beyond 2^53 doubles do not tell numbers apart, so squares are left out there.
func TestSquaresAreComparedWhereTheyAreExact(t *testing.T) {
	if !squared(ledger.OutlineWidth, 3_000_000) || squared(ledger.OutlineWidth, 3_100_000) {
		t.Error("a thousand squares have an exact sum up to 3,000,000, and not far beyond")
	}
	big := ledger.Sums{N: 2, Sum: 4e9, Squares: 1}
	if !alike(big, ledger.Sums{N: 2, Sum: 4e9, Squares: 2}, 3e9) || alike(big, ledger.Sums{N: 2, Sum: 4e9 + 1, Squares: 1}, 3e9) {
		t.Error("of large numbers counts and sums are compared, and no squares")
	}
}

func TestGlanceRefusesPartialAnswers(t *testing.T) {
	path := writeLedger(t, attempts(40))
	for old, spoiled := range map[string]string{
		`"timed_out":false`: `"timed_out":true`, `"failed":0`: `"failed":1`, `"_shards"`: `"shards"`, `{`: `[`,
	} {
		n := newNode(t, linesOf(attempts(40))...)
		n.spoil = func(_ string, answer []byte) []byte { return []byte(strings.Replace(string(answer), old, spoiled, 1)) }
		if g, err := small(n, path).Glance(t.Context(), 0, silent); err == nil {
			t.Errorf("%s: %+v and no error", spoiled, g)
		}
	}
}
