package red

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"

	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

//go:embed assets/red.html
var page string

// WriteHTML writes the report as one page that needs nothing else, for a screen
// of any width or for paper.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("red").Funcs(template.FuncMap{
		"comma": comma, "short": short, "ratio": ratio, "named": named, "percent": percent, "signed": signed,
		"count":   func(n uint64) string { return comma(float64(n)) },
		"missing": func(s Judged) bool { return s.Missing != "" },
		"at":      func(s Judged, i int) Route { return s.Routes[i] },
		"share":   func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) },
		"rate":    func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"source":  func(i int) string { return fmt.Sprintf("s%d", i%colours) },
		"class":   class, "cost": costOf,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		*Report
		Quantiles []float64
		Seconds   float64
		Charts    []chart
	}{r, exact.Quantiles(), r.To.Sub(r.From).Seconds(), r.charts()})
}

// colours is how many sources have one of their own.
const colours = 6

// class is how an outcome is painted.
func class(o arrival.Outcome) string {
	switch o {
	case arrival.Holds:
		return "good"
	case arrival.Fails:
		return "bad"
	case arrival.Unmeasured:
		return "warn"
	}
	return "quiet"
}

// costs are those of a source in words.
type costs struct{ Bytes, CPU, Visible, Of, Note string }

func costOf(c Cost) costs {
	out := costs{Bytes: "not known", CPU: "not measured", Visible: "not measured"}
	if s := c.Stored; s != nil {
		out.Bytes, out.Of = fmt.Sprintf("%.3g", s.PerRequest), s.Of
	}
	for i, p := range c.CPU {
		if i == 0 {
			out.CPU = ""
		} else {
			out.CPU += ", "
		}
		out.CPU += p.Part + " " + short(p.PerRequest)
		if p.Shared {
			out.CPU += " (shared)"
		}
	}
	switch v := c.Visible; {
	case v == nil:
	case v.P50 == 0:
		out.Visible, out.Note = "at most "+short(v.Max), v.Note
	default:
		out.Visible, out.Note = fmt.Sprintf("%s, at most %s", short(v.P50), short(v.Max)), v.Note
	}
	return out
}
