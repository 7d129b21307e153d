package proof

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/dashboards"
)

// Report is what became of all checks.
type Report struct {
	Scope  dashboards.Scope `json:"scope"`
	Checks []Check          `json:"checks"`
}

// Broken are the checks that do not hold.
func (r Report) Broken() (broken []Check) {
	for _, c := range r.Checks {
		if c.Outcome == dashboards.Differs || c.Outcome == dashboards.Empty {
			broken = append(broken, c)
		}
	}
	return broken
}

// WriteJSON writes the report for machines.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes a row for each panel in each form, then how many hold.
func (r Report) WriteTable(w io.Writer) error {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(table.Row{"Dashboard", "Panel", "Form", "Documents", "Rows", "Agreement", "Compared"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 5, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 7, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft},
	})
	held, unjudged := 0, 0
	for _, c := range r.Checks {
		said := c.Compared
		switch c.Outcome {
		case dashboards.Held:
			held++
		case dashboards.NotJudged:
			unjudged++
		default:
			said = fmt.Sprintf("got %s, want %s", c.Got, c.Want)
		}
		t.AppendRow(table.Row{c.Dashboard, c.ID, c.Form, humanize.Comma(c.Documents), c.Rows, c.Outcome, said})
	}
	broken := len(r.Checks) - held - unjudged
	_, err := fmt.Fprintf(w, "%s\n\n%d checks: %d held, %d not judged, %d not\n", t.Render(), len(r.Checks), held, unjudged, broken)
	return err
}
