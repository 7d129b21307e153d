package proof

import (
	"context"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
)

// at is the scope as somebody chooses it in Grafana: a scope ends before its end,
// Grafana's range at it.
func at(scope dashboards.Scope) panels.At {
	at := panels.At{From: scope.From, To: scope.To.Add(-time.Millisecond), Step: scope.Step(), Values: map[string][]string{}}
	if scope.RunID != "" {
		at.Values["run"] = []string{scope.RunID}
	}
	for field, variable := range map[string]string{telemetry.FieldRoute: "route", telemetry.FieldTraceID: "trace"} {
		if v := scope.Only[field]; v != "" {
			at.Values[variable] = []string{v}
		}
	}
	return at
}

// grafanaSearch executes what was rendered for Grafana and asks Elasticsearch.
func grafanaSearch(ctx context.Context, from Sources, r rendered, p dashboards.Panel, scope dashboards.Scope, want dashboards.Result, _ *dashboards.Truth) (*Check, error) {
	if p.Source.Counterpart() {
		return nil, nil
	}
	panel, there := r.grafana[p.ID]
	if !there {
		return &Check{Grafana, arrival.PanelCheck{Outcome: dashboards.Differs, Got: "nothing rendered", Want: "a panel"}}, nil
	}
	searches, err := panel.Searches(at(scope))
	if err != nil {
		return nil, err
	}
	answers := map[string][]byte{}
	for _, s := range searches {
		if right := grafana.Stream(p.Source.Stream); s.Source != right {
			return compared(Grafana, "the data source", want, 0, []string{"data source " + s.Source + " and not " + right}), nil
		}
		answer, err := from.Search.Search(ctx, p.Source.Stream, s.Body)
		if arrival.Missing(err) {
			return absent(Grafana, p.Source.Stream, want), nil
		}
		if err != nil {
			return nil, err
		}
		answers[s.Ref] = answer
	}
	drawn, err := panel.Draw(at(scope), answers)
	if err != nil {
		return nil, err
	}
	return compared(Grafana, "each group, measure, moment and line", want, len(drawn.Series)+len(drawn.Rows), panels.Differences(p, scope, want, drawn)), nil
}
