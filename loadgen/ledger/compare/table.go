package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// WriteJSON writes the comparison as one indented object.
func (c Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(c)
}

// WriteTable writes the comparison for a reader.
func (c Comparison) WriteTable(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n%s\n%s\n%s\n", c.settings(), c.counts(), c.latencies(), c.verdict())
	return err
}

func (c Comparison) table(head string, last string) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(table.Row{head, "A", "B", last})
	return t
}

func figures(t table.Writer) table.Writer {
	var columns []table.ColumnConfig
	for n := 2; n <= 4; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

func (c Comparison) settings() string {
	t := c.table("setting", "")
	t.AppendRow(table.Row{"ledger", c.A.Path, c.B.Path, ""})
	for _, s := range c.Settings {
		mark := ""
		if s.Plays {
			mark = "differs"
		}
		t.AppendRow(table.Row{s.Name, s.A, s.B, mark})
	}
	switch {
	case c.Plan.Skipped != "":
		t.AppendRow(table.Row{"plan", "not compared: " + c.Plan.Skipped, "", ""})
	case c.Plan.Request == nil && c.Plan.Schedule == nil:
		t.AppendRow(table.Row{"plan", "the same for " + humanize.Comma(int64(c.Plan.Compared)) + " attempts", "", ""})
	}
	if p := c.Plan.Request; p != nil {
		t.AppendRow(table.Row{fmt.Sprintf("plan, attempt %d", p.Seq), p.A, p.B, "differs"})
	}
	if p := c.Plan.Schedule; p != nil {
		t.AppendRow(table.Row{fmt.Sprintf("due, attempt %d", p.Seq), p.A, p.B, "differs"})
	}
	return t.Render()
}

func (c Comparison) counts() string {
	t := figures(c.table("count", "B - A"))
	for _, n := range c.Counts {
		difference := ""
		if d := int64(n.B) - int64(n.A); d != 0 {
			difference = fmt.Sprintf("%+d", d)
		}
		name := n.Of
		if n.Name != "" {
			name += " " + n.Name
		}
		t.AppendRow(table.Row{name, humanize.Comma(int64(n.A)), humanize.Comma(int64(n.B)), difference})
	}
	return t.Render()
}

func (c Comparison) latencies() string {
	t := figures(c.table("latency", "B / A"))
	for _, l := range c.Latencies {
		ratio := ""
		if l.Ratio > 0 {
			ratio = fmt.Sprintf("%.2f", l.Ratio)
		}
		t.AppendRow(table.Row{fmt.Sprintf("from the %s, %s", l.From, l.Percentile), milliseconds(l.A), milliseconds(l.B), ratio})
	}
	return t.Render()
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d)/1e6) }

func (c Comparison) verdict() string {
	switch {
	case c.A.Err != nil || c.B.Err != nil:
		return "not comparable: not both ledgers are whole"
	case c.Same:
		return "same settings, plan and counts"
	default:
		return "different"
	}
}
