package lens_test

import (
	"strings"
	"testing"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana/lens"
	"plumbline/dashboards/kibana/savedobject"
	rendered "plumbline/dashboards/rendered/kibana"
	"plumbline/demo-app/telemetry"
)

func lists(t *testing.T, text []byte) []lens.List {
	t.Helper()
	objects, _, err := savedobject.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	all, err := lens.Lists(objects)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// judgeLines compares the documents in order. Discover shows no fewer than ten.
func judgeLines(t *testing.T, l lens.List, e exchange) (faults []string) {
	t.Helper()
	p := find(t, l.ID)
	got, err := l.Read(e.Lens)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Decode(e.Model)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Lines) == 0 {
		return []string{"no documents"}
	}
	return l.Differences(p, got, want)
}

func TestRecordedLinesAgree(t *testing.T) {
	all := lists(t, rendered.Objects)
	if len(all) != 4 {
		t.Errorf("%d panels of lines, want 4", len(all))
	}
	l := all[0]
	_, request, err := l.Request(scope())
	if err != nil {
		t.Fatal(err)
	}
	e := kept(t, l.ID, request)
	for _, fault := range judgeLines(t, l, e) {
		t.Errorf("%s: %s", l.ID, fault)
	}
	e.Lens = []byte(strings.Replace(string(e.Lens), `"`+telemetry.FieldPath+`":["`, `"`+telemetry.FieldPath+`":["x`, 1))
	if len(judgeLines(t, l, e)) == 0 {
		t.Error("an altered path is not noticed")
	}
}

// lists asks for the panels of lines, in both ways, and records the first.
func (n node) lists() {
	n.t.Helper()
	for i, l := range lists(n.t, rendered.Objects) {
		p := find(n.t, l.ID)
		index, request, err := l.Request(scope())
		if err != nil {
			n.t.Fatal(err)
		}
		_, query, err := p.Query(seedScope())
		if err != nil {
			n.t.Fatal(err)
		}
		if p.Kind != dashboards.Lines {
			n.t.Errorf("%s is a %s", l.ID, p.Kind)
		}
		e := exchange{Request: request, Lens: n.search(index, request), Model: n.search(index, query)}
		for _, fault := range judgeLines(n.t, l, e) {
			n.t.Errorf("%s: %s", l.ID, fault)
		}
		if i == 0 {
			n.keep(exchangeFile(l.ID), e)
		}
	}
}
