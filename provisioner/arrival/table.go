package arrival

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/dashboards"
)

// WriteTable writes the report for a terminal. Lists are abbreviated here;
// WriteJSON has them whole.
func (r *Report) WriteTable(w io.Writer, colour bool) error {
	paint := painter(colour)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", paint(r.Outcome, strings.ToUpper(string(r.Outcome))), r.Summary)
	if r.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", r.Hint)
	}
	if r.Run != "" {
		fmt.Fprintf(&b, "run %s, ", r.Run)
	}
	fmt.Fprintf(&b, "ledger %s, ", r.Ledger)
	if r.Index != "" {
		fmt.Fprintf(&b, "index %s, ", r.Index)
	}
	fmt.Fprintf(&b, "judged in %v\n", r.Took.Round(10*time.Millisecond))

	t := sheet("Property", "Outcome", "Found")
	for _, p := range r.Properties {
		if p.Group != "dashboard" {
			t.AppendRow(table.Row{p.Name, paint(p.Outcome, string(p.Outcome)), p.Text})
		}
	}
	fmt.Fprintf(&b, "\n%s\n", t.Render())
	if r.Account != nil {
		if r.Account.Lines != nil {
			fmt.Fprintf(&b, "\n%s\n", r.Account.Lines.table())
		}
		fmt.Fprintf(&b, "\n%s\n", r.lagTable())
	}
	if len(r.Panels) > 0 {
		fmt.Fprintf(&b, "\n%s\n", r.panelTable(paint))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) lagTable() string {
	from, read := "@timestamp", "event.created"
	if r.Account.Lines != nil {
		from, read = "due", "a time but the line's own"
	}
	t := sheet("Lag from "+from+" until", "Count", "p50", "p95", "p99", "Max", "Note")
	row := func(name string, l Lag, note string) {
		if l.Count == 0 {
			t.AppendRow(table.Row{name, 0, "-", "-", "-", "-", "not measured" + note})
			return
		}
		if l.Negative > 0 {
			note += fmt.Sprintf("; %s negative, down to %v: the clocks differ", humanize.Comma(l.Negative), l.Min)
		}
		t.AppendRow(table.Row{name, humanize.Comma(l.Count), short(l.P50), short(l.P95), short(l.P99), short(l.Max), strings.TrimPrefix(note, "; ")})
	}
	note := ""
	if r.Account.NoReadTime > 0 {
		note = fmt.Sprintf("; %s without %s", things(r.Account.NoReadTime, "document"), read)
	}
	row("read by the shipper", r.Account.ReadLag, note)
	if r.Followed != nil {
		row("searchable", r.Followed.Lag, fmt.Sprintf("; seen live, resolution %v", r.Followed.Resolution))
	} else {
		t.AppendRow(table.Row{"searchable", 0, "-", "-", "-", "-", "not measured: only -follow sees it"})
	}
	return t.Render()
}

// panelTable has a row for each dashboard, and one for each panel that does not hold.
func (r *Report) panelTable(paint func(Outcome, string) string) string {
	t := sheet("Dashboard", "Panels", "Held", "Not judged", "Documents", "Agreement")
	var order []string
	type sum struct {
		panels, held, unjudged int
		documents              int64
		wrong                  []PanelCheck
	}
	sums := map[string]*sum{}
	for _, p := range r.Panels {
		s := sums[p.Dashboard]
		if s == nil {
			s = &sum{}
			sums[p.Dashboard] = s
			order = append(order, p.Dashboard)
		}
		s.panels++
		s.documents += p.Documents
		switch p.Outcome {
		case dashboards.Held:
			s.held++
		case dashboards.NotJudged:
			s.unjudged++
		default:
			s.wrong = append(s.wrong, p)
		}
	}
	for _, id := range order {
		s := sums[id]
		said := paint(Holds, "held")
		if len(s.wrong) > 0 {
			said = paint(Fails, things(uint64(len(s.wrong)), "panel")+" not")
		}
		t.AppendRow(table.Row{id, s.panels, s.held, s.unjudged, humanize.Comma(s.documents), said})
		for _, p := range s.wrong {
			t.AppendRow(table.Row{"  " + p.ID, "", "", "", humanize.Comma(p.Documents), p.said()})
		}
	}
	return t.Render()
}

// said is what was found of a panel, in a line.
func (c PanelCheck) said() string {
	if c.Got == "" && c.Want == "" {
		return c.Compared
	}
	text := fmt.Sprintf("%s: got %s, want %s", c.Outcome, c.Got, c.Want)
	if more := len(c.Differs) - 1; more > 0 {
		text += "; and more: " + things(uint64(more), "difference")
	}
	return text
}

func sheet(headings ...string) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	row := table.Row{}
	for _, h := range headings {
		row = append(row, h)
	}
	t.AppendHeader(row)
	columns := []table.ColumnConfig{{Number: len(headings), WidthMax: 84, WidthMaxEnforcer: text.WrapSoft}}
	for i, h := range headings {
		switch h {
		case "Sent", "Whole", "Replaced", "Altered", "Cut", "Split", "Joined", "Doubled", "Missing",
			"Count", "p50", "p95", "p99", "Max", "Documents", "Rows", "Panels", "Held", "Not judged":
			columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(columns)
	return t
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

func painter(colour bool) func(Outcome, string) string {
	if !colour {
		return func(_ Outcome, s string) string { return s }
	}
	return func(o Outcome, s string) string {
		code := map[Outcome]string{Holds: "\x1b[32m", Fails: "\x1b[31m", Unmeasured: "\x1b[33m"}[o]
		if code == "" {
			return s
		}
		return code + s + "\x1b[0m"
	}
}
