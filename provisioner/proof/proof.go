// Package proof executes every panel of every dashboard in each form in which it
// is shown: as the board asks it, as Lens would ask for what was rendered for
// Kibana, and as Grafana would for what was rendered for it, of Elasticsearch or
// of Prometheus. The first is held against the truth of a run, if there is one, the
// others against the first; what Prometheus answers against the raw samples behind
// it, and these against the access lines of the same time.
//
// What a rendered panel asks is read from the rendered file and not from the model
// that it was made of: a mistake in an encoder shows here.
package proof

import (
	"context"
	"fmt"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/promql"
)

// Names of the forms.
const (
	Board      = "board"
	Kibana     = "kibana"
	Grafana    = "grafana"    // out of Elasticsearch
	Prometheus = "prometheus" // in Grafana
)

// Check is one panel in one form.
type Check struct {
	Form string `json:"form"`
	arrival.PanelCheck
}

// Searcher runs searches. It is *elastic.Client, or the one of the tests.
type Searcher = arrival.Searcher

// Sources are the servers that hold the data.
type Sources struct {
	Search     Searcher
	Prometheus *promql.Client // nil: panels are not asked of it
}

// All executes the panels of all dashboards over a time that is past. Without a
// truth nothing is known but that there has to be something to see; progress hears
// of each dashboard.
func All(ctx context.Context, from Sources, scope dashboards.Scope, truth *dashboards.Truth, progress func(string)) ([]Check, error) {
	scope.From, scope.To = scope.From.Truncate(time.Millisecond), scope.To.Truncate(time.Millisecond)
	rendered, err := read()
	if err != nil {
		return nil, err
	}
	var seen *watch
	if from.Prometheus != nil {
		if seen, err = look(ctx, from, scope, progress); err != nil {
			return nil, err
		}
	}
	var checks []Check
	for _, d := range dashboards.All() {
		progress("executing the panels of " + d.Title)
		for _, p := range d.Panels {
			if p.Kind == dashboards.Note {
				continue
			}
			of, err := one(ctx, from, rendered, p, scope.For(p), truth, seen)
			if err != nil {
				return nil, fmt.Errorf("panel %s: %w", p.ID, err)
			}
			for i := range of {
				of[i].Dashboard, of[i].ID, of[i].Title = d.ID, p.ID, p.Title
			}
			checks = append(checks, of...)
		}
	}
	return checks, nil
}

// one executes one panel in all its forms.
func one(ctx context.Context, from Sources, r rendered, p dashboards.Panel, scope dashboards.Scope, truth *dashboards.Truth, seen *watch) ([]Check, error) {
	got, err := ask(ctx, from.Search, p, scope)
	if err != nil {
		return nil, err
	}
	a := agree(p, got, truth)
	if p.Source.Stream == telemetry.StreamLag { // only the watch that wrote these documents knows them
		a = dashboards.Agreement{Outcome: dashboards.NotJudged, Compared: "nothing: only a verdict that was reached live knows these"}
	}
	own := Check{Board, arrival.PanelCheck{Documents: got.Documents, Rows: len(got.Rows) + len(got.Lines), Outcome: a.Outcome, Compared: a.Compared, Differs: a.Differences}}
	if a.Outcome == dashboards.Differs || a.Outcome == dashboards.Empty {
		own.Got, own.Want = a.Got, a.Want
	}
	checks := []Check{own}
	for _, form := range []func(context.Context, Sources, rendered, dashboards.Panel, dashboards.Scope, dashboards.Result, *dashboards.Truth) (*Check, error){kibanaSearch, grafanaSearch} {
		c, err := form(ctx, from, r, p, scope, got, truth)
		if err != nil {
			return nil, err
		}
		if c != nil {
			checks = append(checks, *c)
		}
	}
	c, err := prometheusPanel(ctx, r, p, got, own.Outcome, seen)
	if err != nil {
		return nil, err
	}
	if c != nil {
		checks = append(checks, *c)
	}
	return checks, nil
}

// agree holds the panel's own answer against the truth, if there is one.
func agree(p dashboards.Panel, got dashboards.Result, truth *dashboards.Truth) dashboards.Agreement {
	switch {
	case truth != nil:
		return p.Agree(got, truth)
	case !got.Shows() && p.Quiet == "":
		return dashboards.Agreement{Outcome: dashboards.Empty, Got: "nothing", Want: "something to show"}
	}
	return dashboards.Agreement{Outcome: dashboards.NotJudged, Compared: "nothing: no ledger was named"}
}

// ask is the panel's own question.
func ask(ctx context.Context, search Searcher, p dashboards.Panel, scope dashboards.Scope) (dashboards.Result, error) {
	index, body, err := p.Query(scope)
	if err != nil {
		return dashboards.Result{}, err
	}
	answer, err := search.Search(ctx, index, body)
	if arrival.Missing(err) {
		return dashboards.Result{}, nil
	}
	if err != nil {
		return dashboards.Result{}, err
	}
	got, err := p.Decode(answer)
	if p.Kind == dashboards.Stat { // an answer without buckets does not say what it covers
		got.From, got.To = scope.From, scope.To
	}
	return got, err
}

// absent is the check of a form that asks for a stream that does not exist: right
// where the board has nothing either, and a wrong name in what was rendered if not.
func absent(form, stream string, want dashboards.Result) *Check {
	c := compared(form, "nothing: nothing was ever written to "+stream, want, 0, nil)
	if want.Documents > 0 {
		c.Outcome, c.Got, c.Want = dashboards.Differs, "no stream "+stream, "what the board shows"
	}
	return c
}

// compared makes a check of what a form differs in from the panel's own answer.
func compared(form, what string, got dashboards.Result, rows int, differences []string) *Check {
	c := &Check{form, arrival.PanelCheck{Documents: got.Documents, Rows: rows, Outcome: dashboards.Held, Compared: what}}
	if len(differences) > 0 {
		c.Outcome, c.Got, c.Want = dashboards.Differs, differences[0], "what the board shows"
		for _, d := range differences {
			c.Differs = append(c.Differs, dashboards.Difference{What: d})
		}
	}
	return c
}
