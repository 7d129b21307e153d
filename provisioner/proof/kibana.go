package proof

import (
	"context"
	"slices"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana/lens"
	"plumbline/provisioner/arrival"
)

// kibanaSearch executes what was rendered for Kibana.
func kibanaSearch(ctx context.Context, from Sources, r rendered, p dashboards.Panel, scope dashboards.Scope, want dashboards.Result) (*Check, error) {
	s := lens.Scope{From: scope.From, To: scope.To, Interval: scope.Step(), Only: only(p, scope), TopHits: true}
	if i := slices.IndexFunc(r.lists, func(l lens.List) bool { return l.ID == p.ID }); i >= 0 {
		l := r.lists[i]
		index, body, err := l.Request(s)
		if err != nil {
			return nil, err
		}
		answer, err := from.Search.Search(ctx, index, body)
		if arrival.Missing(err) {
			return compared(Kibana, nothing, want, 0, nil), nil
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
		return compared(Kibana, nothing, want, 0, nil), nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := l.Read(answer, s)
	if err != nil {
		return nil, err
	}
	return compared(Kibana, "each group, measure and moment", want, len(rows), l.Differences(p, rows, want)), nil
}

const nothing = "nothing: nothing was ever written there"

// only are the values that narrow the panel.
func only(p dashboards.Panel, scope dashboards.Scope) map[string]string {
	return scope.Narrowed(p.Source)
}
