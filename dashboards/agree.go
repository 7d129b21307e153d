package dashboards

import (
	"slices"
	"strconv"
	"strings"
)

// Agree compares what the panel shows with the truth: every count exactly,
// every group by its key, ratios from their exact counts, and percentiles by
// the rank rule of rank.go.
func (p Panel) Agree(got Result, t *Truth) Agreement {
	want, err := p.expect(t)
	if err != nil {
		return Agreement{Panel: p.ID, Outcome: NotJudged, Compared: err.Error()}
	}
	a := Agreement{Panel: p.ID, Got: documents(got.Documents), Want: documents(want.documents), Compared: p.compared()}
	if want.documents == 0 && got.Documents == 0 {
		a.Outcome, a.Compared = NotJudged, "nothing: the truth of this run holds no document for this panel"
		return a
	}
	if got.Documents == 0 {
		a.Outcome = Empty
		return a
	}
	c := comparison{panel: p, got: got, want: want}
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
		case OpRatio:
			said = append(said, "ratios from exact counts")
		case OpMax:
			said = append(said, "largest values exactly")
		case OpPercentile:
			said = append(said, "percentiles of the whole range by rank")
		}
	}
	if p.Kind == TimeSeries {
		said = append(said, "time buckets by their sum")
		if slices.ContainsFunc(p.Measures, func(m Measure) bool { return m.Op == OpPercentile }) {
			said = append(said, "percentiles of single buckets only as parts that must mix to the whole's ranks")
		}
	}
	return strings.Join(slices.Compact(said), ", ")
}
