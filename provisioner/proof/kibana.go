package proof

import (
	"context"
	"fmt"
	"slices"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana/lens"
	"plumbline/provisioner/arrival"
)

// kibanaSearch executes what was rendered for Kibana.
func kibanaSearch(ctx context.Context, from Sources, r rendered, p dashboards.Panel, scope dashboards.Scope, want dashboards.Result, truth *dashboards.Truth) (*Check, error) {
	s := lens.Scope{From: scope.From, To: scope.To, Interval: scope.Step(), Only: only(p, scope), TopHits: true}
	if i := slices.IndexFunc(r.lists, func(l lens.List) bool { return l.ID == p.ID }); i >= 0 {
		l := r.lists[i]
		index, body, err := l.Request(s)
		if err != nil {
			return nil, err
		}
		answer, err := from.Search.Search(ctx, index, body)
		if arrival.Missing(err) {
			return absent(Kibana, index, want), nil
		}
		if err != nil {
			return nil, err
		}
		got, err := l.Read(answer)
		if err != nil {
			return nil, err
		}
		return compared(Kibana, "each document that is listed", want, min(len(got), p.Show), l.Differences(p, got, want)), nil
	}
	i := slices.IndexFunc(r.lens, func(l lens.Panel) bool { return l.ID == p.ID })
	if i < 0 {
		return &Check{Kibana, arrival.PanelCheck{Outcome: dashboards.Differs, Got: "nothing rendered", Want: "a panel"}}, nil
	}
	l := r.lens[i]
	index, body, err := l.Request(s)
	if err != nil {
		return nil, err
	}
	answer, err := from.Search.Search(ctx, index, body)
	if arrival.Missing(err) {
		return absent(Kibana, index, want), nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := l.Read(answer, s)
	if err != nil {
		return nil, err
	}
	differences := append(l.Differences(p, rows, want), ranks(l, p, rows, want, truth)...)
	return compared(Kibana, "each group, measure and moment", want, len(rows), differences), nil
}

// compression is that of the percentiles that Lens asks for.
const compression = 100

// ranks holds Lens' percentiles against the exact durations of the truth.
func ranks(l lens.Panel, p dashboards.Panel, rows []lens.Row, want dashboards.Result, truth *dashboards.Truth) (differences []string) {
	if truth == nil || overTime(p) || !slices.ContainsFunc(p.Measures, func(m dashboards.Measure) bool { return m.Op == dashboards.OpPercentile }) {
		return nil
	}
	shown := l.Shown()
	got := want
	got.Rows = slices.Clone(want.Rows)
	for i := range got.Rows {
		got.Rows[i].Cells = slices.Clone(got.Rows[i].Cells)
		for _, row := range rows {
			for j, m := range p.Measures {
				if row.Group == got.Rows[i].Key && m.Op == dashboards.OpPercentile {
					got.Rows[i].Cells[j].Value = row.Values[shown[j]]
				}
			}
		}
	}
	for _, d := range p.AgreeAt(got, truth, compression).Differences {
		differences = append(differences, fmt.Sprintf("%s: %s, want %s", d.What, d.Got, d.Want))
	}
	return differences
}

// only are the values that narrow the panel.
func only(p dashboards.Panel, scope dashboards.Scope) map[string]string {
	return scope.Narrowed(p.Source)
}
