package proof

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
)

// prometheusPanel executes what was rendered for Grafana and asks Prometheus, over
// the range of the watch. Two things have to hold. The counters behind the panel have
// to have counted the requests of the lines, in each of the panel's groups. And each
// number that is shown has to be what the panel's measure is by its definition,
// worked out from the raw samples, and lie where the lines allow it to.
func prometheusPanel(ctx context.Context, r rendered, p dashboards.Panel, want dashboards.Result, board dashboards.Outcome, w *watch) (*Check, error) {
	if !p.Source.Counterpart() {
		return nil, nil
	}
	if w == nil {
		return &Check{Prometheus, arrival.PanelCheck{Outcome: dashboards.NotJudged, Compared: "nothing: no Prometheus was named"}}, nil
	}
	panel, there := r.grafana[p.ID]
	if !there {
		return &Check{Prometheus, arrival.PanelCheck{Outcome: dashboards.Differs, Got: "nothing rendered", Want: "a panel"}}, nil
	}
	drawn, err := w.draw(ctx, panel)
	if err != nil {
		return nil, err
	}
	a := &against{watch: w, panel: p, numbers: numbersOf(p, panel, drawn)}
	if w.unread != "" {
		return a.unseen(want), nil
	}
	if err := a.all(ctx, extraLine(p, panel)); err != nil {
		return nil, err
	}
	check := compared(Prometheus, a.said(board), want, len(a.numbers), a.found)
	switch {
	case len(a.found) > 0:
		check.Want = "what samples and lines say"
	case a.empty(want):
		check.Outcome, check.Got, check.Want = dashboards.Empty, "no sample", "something, as the board shows"
	case a.ofRequests() && a.vague() != "":
		check.Outcome = dashboards.NotJudged
	}
	return check, nil
}

// empty reports a panel that shows nothing where the board shows something.
func (a *against) empty(want dashboards.Result) bool {
	return len(a.numbers) == 0 && want.Shows() && a.panel.Quiet == ""
}

// unseen is the check of a panel whose samples are not read.
func (a *against) unseen(want dashboards.Result) *Check {
	check := compared(Prometheus, "nothing: "+a.unread, want, len(a.numbers), nil)
	check.Outcome = dashboards.NotJudged
	if a.empty(want) {
		check.Outcome, check.Got, check.Want = dashboards.Empty, "no sample", "something, as the board shows"
	}
	return check
}

// vague is why the lines prove nothing; "" if they do.
func (a *against) vague() string {
	if a.why == "" && a.lines.low == 0 && a.lines.high > 0 {
		return "of no request the scrapes can tell whether it was counted"
	}
	return a.why
}

// draw asks what the panel asks, and draws the answers.
func (w *watch) draw(ctx context.Context, panel panels.Panel) (panels.Drawn, error) {
	questions, err := panel.Questions(w.at)
	if err != nil {
		return panels.Drawn{}, err
	}
	answers := map[string][]byte{}
	for _, q := range questions {
		if q.Instant {
			answers[q.Ref], err = w.prometheus.Answer(ctx, q.Expr, w.at.To)
		} else {
			answers[q.Ref], err = w.prometheus.AnswerOver(ctx, q.Expr, w.at.From, w.at.To, w.at.Step)
		}
		if err != nil {
			return panels.Drawn{}, err
		}
	}
	return panel.Draw(w.at, answers)
}

// ofRequests reports whether the panel is about requests, which the lines know.
func (a *against) ofRequests() bool {
	return a.panel.Source.Series.Form == dashboards.Histogram || a.panel.Measures[0].Field == telemetry.ScrapedMetric(telemetry.MetricDuration+"_count")
}

// said is what was compared.
func (a *against) said(board dashboards.Outcome) string {
	shown := "nothing is shown, and nothing is in the samples"
	if a.compared == 0 && a.panel.Quiet != "" {
		shown += ": " + a.panel.Quiet
	}
	if a.compared > 0 {
		shown = fmt.Sprintf("%s as PromQL's rules make them of the raw samples", english.Plural(a.compared, "number", ""))
	}
	switch {
	case !a.ofRequests():
		return shown
	case a.vague() != "":
		return shown + "; not held against the lines: " + a.vague()
	case a.bounded > 0:
		shown += ", and where the lines allow"
	}
	lines := "all lines of the range"
	if a.scope.RunID != "" && a.watch.lines.strays == 0 {
		lines = "the lines of the run"
		if board == dashboards.Held {
			lines += ", which are the ledger's"
		}
	}
	counted := humanize.Comma(int64(a.lines.low)) + " requests in the counters, exactly as in "
	if unsure := int64(a.lines.high - a.lines.low); unsure > 0 {
		counted = fmt.Sprintf("%s requests in the counters, and some of %s of which the scrapes cannot tell, as in ", humanize.Comma(int64(a.lines.low)), humanize.Comma(unsure))
	}
	return counted + lines + "; " + shown
}
