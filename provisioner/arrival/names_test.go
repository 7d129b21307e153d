package arrival

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
)

// named is a line of another pipeline.
func (d doc) named(n Names) doc {
	out := doc{index: d.index, visible: d.visible, fields: map[string]any{}}
	for field, value := range d.fields {
		if !n.lacks(field) {
			out.fields[n.of(field)] = value
		}
	}
	return out
}

func TestFieldsMayHaveOtherNames(t *testing.T) {
	theirs := Names{
		telemetry.FieldRunID: "labels.run", telemetry.FieldRunSeq: "labels.n", telemetry.FieldEventID: "id", telemetry.FieldStatus: telemetry.FieldRoute,
		telemetry.FieldRoute: "path", telemetry.FieldTraceID: NoField, telemetry.FieldEventDuration: NoField,
	}
	docs := linesOf(attempts(700))
	docs[4] = docs[4].with(telemetry.FieldStatus, 500)
	docs = append(docs[:9], append(docs[10:], docs[20].with(telemetry.FieldEventID, "again"))...)
	for i := range docs {
		docs[i] = docs[i].named(theirs)
	}
	n := newNode(t, docs...)
	audit := small(n, writeLedger(t, attempts(700)))
	audit.Names, audit.Search = theirs, Named{n, theirs}
	acc, err := audit.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if acc.Lost.Text(9) != "10" || acc.Duplicated.Attempts.Text(9) != "21" || acc.Corrupted.Attempts.Text(9) != "5" || acc.Delivered != 697 {
		t.Errorf("lost %s, duplicated %s, corrupted %s, delivered %d; want 10, 21, 5 and 697", acc.Lost.Text(9), acc.Duplicated.Attempts.Text(9), acc.Corrupted.Attempts.Text(9), acc.Delivered)
	}
	glance, err := audit.Glance(t.Context(), 0, silent)
	if err != nil || glance.alike() || glance.Documents != 700 {
		t.Errorf("a glance: %+v, %v", glance, err)
	}
	audit.Names, audit.Search = nil, n
	if acc, err = audit.Run(t.Context()); err != nil || acc.Lost.Len() != 700 {
		t.Errorf("under our names %d are lost, %v; want all", acc.Lost.Len(), err)
	}
	follow := Follow{Search: Named{n, theirs}, Names: theirs, Index: stream, Ledger: audit.Ledger, Poll: time.Millisecond, Within: 50 * time.Millisecond, Progress: silent}
	if f, err := follow.Run(t.Context()); err != nil || f.Earlier != 699 {
		t.Errorf("a watch saw %+v, %v", f, err)
	}
}

func TestARenamedSearchLosesNoDigit(t *testing.T) {
	body := encode(object{"search_after": []any{json.Number("9223372036854775807")}, "query": term(telemetry.FieldRunID, "r")})
	got, err := Names{telemetry.FieldRunID: "labels.run"}.renamed(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"9223372036854775807", `{"labels.run":"r"}`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestWhatElasticsearchTookLateIsNamed(t *testing.T) {
	docs := linesOf(attempts(20))
	for i := range docs {
		at, err := time.Parse(time.RFC3339, docs[i].fields[telemetry.FieldTimestamp].(string))
		if err != nil {
			t.Fatal(err)
		}
		lag := time.Second // just in time
		if i == 4 || i == 5 {
			lag += time.Millisecond
		}
		docs[i] = docs[i].with(telemetry.FieldEventIngested, at.Add(lag).Format("2006-01-02T15:04:05.000Z"))
	}
	audit := small(newNode(t, docs...), writeLedger(t, attempts(20)))
	audit.Late = time.Second
	acc, err := audit.Run(t.Context())
	if err != nil || acc.Late.Text(9) != "5-6 (2)" || acc.onTime().Outcome != Fails {
		t.Errorf("late: %s, %v; %+v", acc.Late.Text(9), err, acc.onTime())
	}
}
