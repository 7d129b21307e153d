package dashboards

import (
	"slices"
	"strconv"
	"strings"

	"plumbline/demo-app/telemetry"
)

// Agree compares what the panel shows with the truth: every count exactly,
// every group by its key, ratios from their exact counts, and percentiles by
// the rank rule of rank.go.
func (p Panel) Agree(got Result, t *Truth) Agreement { return p.AgreeAt(got, t, compression) }

// AgreeAt is Agree for percentiles that were asked for with another compression.
func (p Panel) AgreeAt(got Result, t *Truth, compression float64) Agreement {
	if p.Kind == Note {
		return Agreement{Panel: p.ID, Outcome: Held, Compared: "nothing: text"}
	}
	want, err := p.expect(t)
	if err != nil {
		a := Agreement{Panel: p.ID, Outcome: NotJudged, Compared: err.Error()}
		if !got.Shows() && p.Quiet == "" {
			a.Outcome, a.Got, a.Want = Empty, documents(got.Documents), "something to show"
		}
		return a
	}
	a := Agreement{Panel: p.ID, Got: documents(got.Documents), Want: documents(want.documents), Compared: p.compared()}
	switch {
	case got.Documents > 0:
	case want.documents > 0:
		a.Outcome = Empty
		return a
	case p.Quiet != "":
		a.Outcome, a.Compared = Held, "nothing is there, as the truth says: "+p.Quiet
		return a
	default:
		a.Outcome, a.Compared = NotJudged, "nothing: the truth of this run holds no document for this panel"
		return a
	}
	c := comparison{panel: p, compression: compression, got: got, want: want}
	c.all()
	a.Outcome, a.Differences = Held, c.differences
	if len(c.differences) > 0 {
		d := c.differences[0]
		a.Outcome, a.Got, a.Want = Differs, d.What+" "+d.Got, d.What+" "+d.Want
	}
	return a
}

func documents(n int64) string { return strconv.FormatInt(n, 10) + " documents" }

// compared says in words what Agree looks at for this panel.
func (p Panel) compared() string {
	said := []string{"documents exactly"}
	if !p.By.none() {
		said = append(said, "every "+strings.ToLower(p.By.Label)+" and its count exactly")
	}
	for _, m := range p.Measures {
		switch m.Op {
		case OpRate:
			said = append(said, "rates from exact counts")
		case OpRatio, OpBurn, OpLeft:
			said = append(said, "ratios from exact counts")
		case OpMax:
			said = append(said, "largest values exactly")
		case OpSum:
			said = append(said, "sums exactly")
		case OpUnique:
			said = append(said, "different values exactly")
		case OpPercentile:
			said = append(said, "percentiles of the whole range by rank")
		}
	}
	if p.Kind == Lines {
		said = append(said, "how many are listed")
		if p.Order.Field == telemetry.FieldEventDuration {
			said = append(said, "the longest of all comes first")
		}
	}
	if p.Kind == TimeSeries || p.Kind == Heatmap {
		said = append(said, "time buckets by their sum")
		if slices.ContainsFunc(p.Measures, func(m Measure) bool { return m.Op == OpPercentile }) {
			said = append(said, "percentiles of single buckets only as parts that must mix to the whole's ranks")
		}
	}
	return strings.Join(slices.Compact(said), ", ")
}
