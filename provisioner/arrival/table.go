package arrival

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
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
	t := sheet("Lag from", "Until", "Count", "p50", "p95", "p99", "Max", "Note")
	for _, l := range r.lagRows() {
		if l.Count == 0 {
			t.AppendRow(table.Row{l.From, l.Name, 0, "-", "-", "-", "-", l.Note})
			continue
		}
		t.AppendRow(table.Row{l.From, l.Name, humanize.Comma(l.Count), short(l.P50), short(l.P95), short(l.P99), short(l.Max), l.Note})
	}
	text := t.Render()
	if clocks := r.clocks(); clocks != "" {
		text += "\nclocks: " + clocks
	}
	return text
}

// clocks is what the lags tell of the clocks that took part; "" without any.
func (r *Report) clocks() string {
	if r.Account == nil {
		return ""
	}
	writer := "the application"
	if r.Account.Lines != nil {
		writer = "loadgen"
	}
	hops := []struct {
		lag            Lag
		later, earlier string
	}{{r.Account.ReadLag, "the shipper", writer}, {r.Account.IndexLag, "Elasticsearch", "the shipper"}, {Lag{}, "this machine", "Elasticsearch"}}
	if r.Followed != nil {
		hops[2].lag = r.Followed.Refresh
	}
	var said []string
	for _, h := range hops {
		if h.lag.Count > 0 {
			said = append(said, h.lag.clock(h.later, h.earlier))
		}
	}
	return strings.Join(said, "; ")
}

// panelTable has a row for each dashboard, and one for each panel that does not hold.
func (r *Report) panelTable(paint func(Outcome, string) string) string {
	t := sheet("Dashboard", "Panels", "Held", "Not judged", "Documents", "Agreement")
	for _, s := range r.boards() {
		said := paint(Holds, "held")
		if len(s.Wrong) > 0 {
			said = paint(Fails, things(uint64(len(s.Wrong)), "panel")+" not")
		}
		t.AppendRow(table.Row{s.ID, s.Panels, s.Held, s.Unjudged, humanize.Comma(s.Documents), said})
		for _, p := range s.Wrong {
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
