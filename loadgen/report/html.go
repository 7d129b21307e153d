package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"

	"plumbline/loadgen/ledger"
)

//go:embed assets/report.html
var page string

// figure is one of the numbers at the top of the page.
type figure struct{ Name, Value, More, Class string }

// WriteHTML writes the report as one page that needs nothing else, for a screen
// of any width or for paper.
func (r Report) WriteHTML(w io.Writer, p Plots) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"comma": comma, "short": short, "statuses": statuses, "outcomes": outcomes,
		"row": func(name string, p Percentiles) any {
			return struct {
				Name string
				P    Percentiles
			}{name, p}
		},
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Report        Report
		Wanted, Shape string
		Figures       []figure
		Charts        []chart
	}{r, r.wanted(), shape(r.Run), r.figures(), p.charts()})
}

// shape is the schedule's, where wanted does not say it.
func shape(h ledger.Header) string {
	if h.Rate == 0 {
		return ""
	}
	return h.Pace
}

func (r Report) figures() []figure {
	errors := r.Unexpected + r.Sent - r.Outcomes[ledger.Answered]
	planned := "of " + comma(r.Planned) + " planned"
	switch {
	case r.Run.Rate == 0:
		planned = "the target decides"
	case r.Planned == 0:
		planned = "planned unknown"
	}
	class := ""
	if errors > 0 {
		class = "bad"
	}
	return []figure{
		{"sent", comma(r.Sent), planned, ""},
		{"rate", perSecond(r.RateAchieved), "achieved", ""},
		{"errors", comma(errors), fmt.Sprintf("%s unexpected, %s no answer", comma(r.Unexpected), comma(errors-r.Unexpected)), class},
		{"dropped", comma(r.Outcomes[ledger.Dropped]), "never sent", ""},
		{"p50", short(r.Latency.P50), "from the schedule", ""},
		{"p99", short(r.Latency.P99), "p99.9 " + short(r.Latency.P999), ""},
	}
}
