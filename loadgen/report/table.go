package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/loadgen/ledger"
)

// WriteTable writes the report for a reader.
func (r Report) WriteTable(w io.Writer) error {
	parts := []string{r.summary(), r.latencies(), r.journeys(), r.routes()}
	if len(r.Thresholds) > 0 {
		parts = append(parts, r.thresholds())
	}
	if r.Note != "" {
		parts = append(parts, r.Note)
	}
	_, err := fmt.Fprintln(w, strings.Join(parts, "\n"))
	return err
}

func newTable(head ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	if len(head) > 0 {
		t.AppendHeader(head)
	}
	return t
}

func (r Report) summary() string {
	t := newTable()
	planned := humanize.Comma(int64(r.Planned))
	if r.Planned == 0 {
		planned = "unknown"
	}
	t.AppendRows([]table.Row{
		{"run", r.Run.RunID},
		{"target", r.Run.Target},
		{"planned", fmt.Sprintf("%s  (%s)", planned, r.wanted())},
		{"sent", fmt.Sprintf("%s  (%s)", comma(r.Sent), perSecond(r.RateAchieved))},
		{"outcome", outcomes(r.Outcomes)},
		{"status", strings.Join(lines(answers(r.Statuses), 64), "\n")},
		{"unexpected", unexpected(r.Unexpected)},
		{"ledger", fmt.Sprintf("%s  (%s)", r.Ledger.Path, humanize.IBytes(uint64(r.Ledger.Bytes)))},
	})
	if r.Told != nil {
		t.AppendRow(table.Row{"elasticsearch", r.Told.Text()})
	}
	if !r.Complete {
		t.AppendRow(table.Row{"ended early", r.Stopped})
	}
	return t.Render()
}

// Text is what became of them, for a reader.
func (t *Told) Text() string {
	text := fmt.Sprintf("%s documents in %s", comma(t.Written), t.Stream)
	if t.Unwritten > 0 {
		text += fmt.Sprintf(", %s not written", comma(t.Unwritten))
	}
	if !t.Summary {
		text += ", no summary"
	}
	return text
}

// wanted is what the schedule asks for.
func (r Report) wanted() string {
	if r.Run.Rate == 0 {
		return fmt.Sprintf("%s for %v, the target decides how many", cmp.Or(r.Run.Pace, "no rate"), r.Run.Duration)
	}
	return fmt.Sprintf("%v/s for %v", math.Round(1000*r.Run.Rate)/1000, r.Run.Duration)
}

func unexpected(n uint64) string {
	if n == 0 {
		return "none: every answer had the status that its journey expects"
	}
	return humanize.Comma(int64(n)) + " answers had another status than their journey expects"
}

func (r Report) latencies() string {
	t := rightAligned(newTable("latency", "p50", "p95", "p99", "p99.9", "max"), 2)
	for _, row := range []struct {
		name string
		p    Percentiles
	}{{"from the schedule", r.Latency}, {"from the sending", r.Service}} {
		t.AppendRow(table.Row{row.name, short(row.p.P50), short(row.p.P95), short(row.p.P99), short(row.p.P999), short(row.p.Max)})
	}
	return t.Render()
}

func (r Report) thresholds() string {
	t := rightAligned(newTable("fails if", "was", ""), 2)
	for _, v := range r.Thresholds {
		t.AppendRow(table.Row{v.Condition, v.Value, v.word()})
	}
	return t.Render()
}

func (r Report) journeys() string {
	t := rightAligned(newTable("journey", "sent", "unexpected", "no answer", "dropped"), 2)
	for _, j := range r.Journeys {
		t.AppendRow(table.Row{j.Name, comma(j.Sent), comma(j.Unexpected), comma(j.NoAnswer), comma(j.Dropped)})
	}
	return t.Render()
}

func (r Report) routes() string {
	t := rightAligned(newTable("route", "sent", "errors", "p50", "p99", "max", "answers"), 2)
	for _, x := range r.Routes {
		came := answers(x.Statuses)
		for _, more := range []struct {
			what string
			n    uint64
		}{{"none", x.NoAnswer}, {"dropped", x.Dropped}} {
			if more.n > 0 {
				came = append(came, fmt.Sprintf("%s × %s", more.what, comma(more.n)))
			}
		}
		t.AppendRow(table.Row{fmt.Sprintf("%-6s %s", x.Method, x.Route), comma(x.Sent), comma(x.Unexpected + x.NoAnswer),
			short(x.Latency.P50), short(x.Latency.P99), short(x.Latency.Max), strings.Join(lines(came, 24), "\n")})
	}
	return t.Render()
}

// lines joins parts with commas into lines of a width, so that a terminal need
// not break them.
func lines(parts []string, width int) []string {
	var all []string
	for i, part := range parts {
		if i < len(parts)-1 {
			part += ","
		}
		if last := len(all) - 1; last >= 0 && utf8.RuneCountInString(all[last])+1+utf8.RuneCountInString(part) <= width {
			all[last] += " " + part
		} else {
			all = append(all, part)
		}
	}
	return all
}

// rightAligned aligns the figures, from a column to the last but the answers.
func rightAligned(t table.Writer, first int) table.Writer {
	var columns []table.ColumnConfig
	for n := first; n <= 6; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

func perSecond(rate float64) string { return humanize.FormatFloat("#,###.##", rate) + "/s" }

func comma(n uint64) string { return humanize.Comma(int64(n)) }

// outcomes lists how attempts ended, the good first.
func outcomes(counts map[ledger.Outcome]uint64) string {
	var parts []string
	for _, o := range []ledger.Outcome{ledger.Answered, ledger.Timeout, ledger.Reset, ledger.Refused, ledger.Dropped, ledger.Unfinished} {
		if counts[o] > 0 || o == ledger.Answered {
			parts = append(parts, fmt.Sprintf("%s %s", comma(counts[o]), o))
		}
	}
	return strings.Join(parts, ", ")
}

func statuses(counts map[int]uint64) string { return strings.Join(answers(counts), ", ") }

func answers(counts map[int]uint64) []string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d × %s", code, comma(counts[code])))
	}
	return parts
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	default:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
}
