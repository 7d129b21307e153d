package red

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

// maxShown is how many routes the table has; the JSON has all.
const maxShown = 5

// WriteTable writes the report for a terminal.
func (r *Report) WriteTable(w io.Writer, colour bool) error {
	paint := painter(colour)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", paint(r.Outcome, strings.ToUpper(string(r.Outcome))), r.Summary)
	fmt.Fprintf(&b, "run %s, %.1f s, judged in %v\n", r.Run, r.To.Sub(r.From).Seconds(), r.Took.Round(10*time.Millisecond))
	for i, e := range r.Exact[:min(len(r.Exact), maxShown+1)] {
		fmt.Fprintf(&b, "\n%s\n", r.routeTable(i, e))
	}
	if more := len(r.Exact) - 1 - maxShown; more > 0 {
		fmt.Fprintf(&b, "\n… and %s more; -o json has them\n", things(more, "route"))
	}
	fmt.Fprintf(&b, "\n%s\n", r.costs())
	fmt.Fprintf(&b, "\n%s\n", r.properties(paint))
	said := r.Reading
	if r.Advice != nil {
		said = append(slices.Clone(said), r.Advice.Words()...)
	}
	for _, sentence := range said {
		fmt.Fprintf(&b, "\n%s\n", wrapped(sentence))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// routeTable has the truth in its first row and each source below.
func (r *Report) routeTable(i int, e Exact) string {
	headings := table.Row{named(e.Route), "requests", "errors", "rate/s"}
	first := table.Row{"exact", comma(float64(e.Requests)), ratio(e.ErrorRatio), fmt.Sprintf("%.2f", e.Rate)}
	for k, q := range exact.Quantiles() {
		headings = append(headings, percent(q))
		first = append(first, short(e.Quantiles[k]))
	}
	t := sheet(headings)
	t.AppendRow(first)
	for _, s := range r.Sources {
		if s.Missing != "" {
			t.AppendRow(table.Row{s.Name, "missing", "-", "-", "-", "-", "-", "-", "-"})
			continue
		}
		t.AppendRow(s.Routes[i].row(s.Name))
	}
	return t.Render()
}

func (r Route) row(name string) table.Row {
	row := table.Row{name, r.Requests.text(comma), r.ErrorRatio.text(ratio), r.Rate.text(func(v float64) string { return fmt.Sprintf("%.2f", v) })}
	for _, q := range exact.Quantiles() {
		cell := "-"
		for _, has := range r.Quantiles {
			if has.Q == q && has.Got != nil {
				cell = short(*has.Got) + " " + signed(has.Error)
			}
		}
		row = append(row, cell)
	}
	return row
}

// text is the number and its error, where that is worth a word.
func (f Figure) text(write func(float64) string) string {
	if f.Got == nil {
		return "-"
	}
	if f.Error != nil && math.Abs(*f.Error) < 5e-4 {
		return write(*f.Got)
	}
	return write(*f.Got) + " " + signed(f.Error)
}

// costs is what each source takes.
func (r *Report) costs() string {
	t := sheet(table.Row{"cost per request", "bytes stored", "CPU", "visible after"})
	for _, s := range r.Sources {
		if s.Missing != "" {
			continue
		}
		c := costOf(s.Cost)
		t.AppendRow(table.Row{s.Name, c.Bytes, c.CPU, c.Visible})
	}
	return t.Render()
}

func (r *Report) properties(paint func(arrival.Outcome, string) string) string {
	t := sheet(table.Row{"promise", "", "found"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 84, WidthMaxEnforcer: text.WrapSoft}})
	for _, p := range r.Properties {
		t.AppendRow(table.Row{p.Name, paint(p.Outcome, string(p.Outcome)), p.Text})
	}
	return t.Render()
}

func sheet(headings table.Row) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(headings)
	var columns []table.ColumnConfig
	for n := 2; n <= len(headings); n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// wrapped breaks a sentence into lines.
func wrapped(sentence string) string {
	lines := strings.Split(text.WrapSoft(sentence, 100), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d.Abs() >= unit.size {
			return fmt.Sprintf("%.4g %s", float64(d)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%.4g µs", float64(d)/1e3)
}

// signed writes a relative error.
func signed(off *float64) string {
	switch {
	case off == nil:
		return "(∞)"
	case math.Abs(*off) < 5e-4:
		return "(±0)"
	case math.Abs(*off) < .1:
		return fmt.Sprintf("(%+.1f %%)", 100**off)
	}
	return fmt.Sprintf("(%+.0f %%)", 100**off)
}

func ratio(v float64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%.3g %%", 100*v)
}

func painter(colour bool) func(arrival.Outcome, string) string {
	codes := map[arrival.Outcome]string{arrival.Holds: "\x1b[32m", arrival.Fails: "\x1b[31m", arrival.Unmeasured: "\x1b[33m"}
	return func(o arrival.Outcome, s string) string {
		if code := codes[o]; colour && code != "" {
			return code + s + "\x1b[0m"
		}
		return s
	}
}
