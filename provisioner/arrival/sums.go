package arrival

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"plumbline/dashboards"
)

// lagRow is one lag as the reports show it; without a count, the note says why.
type lagRow struct {
	Name string
	Lag
	Note string
}

func (r *Report) lagRows() []lagRow {
	if r.Account == nil {
		return nil
	}
	read := "event.created"
	if r.Account.Lines != nil {
		read = "a time but the line's own"
	}
	row := func(name string, l Lag, note string) lagRow {
		if l.Count == 0 {
			return lagRow{name, l, "not measured" + note}
		}
		if l.Negative > 0 {
			note += fmt.Sprintf("; %s negative, down to %v: the clocks differ", humanize.Comma(l.Negative), l.Min)
		}
		return lagRow{name, l, strings.TrimPrefix(note, "; ")}
	}
	note := ""
	if r.Account.NoReadTime > 0 {
		note = fmt.Sprintf("; %s without %s", things(r.Account.NoReadTime, "document"), read)
	}
	rows := []lagRow{row("read by the shipper", r.Account.ReadLag, note)}
	if r.Followed == nil {
		return append(rows, row("searchable", Lag{}, ": only -follow sees it"))
	}
	return append(rows, row("searchable", r.Followed.Lag, fmt.Sprintf("; seen live, resolution %v", r.Followed.Resolution)))
}

// boardSum is what was found of a dashboard's panels.
type boardSum struct {
	ID                     string
	Panels, Held, Unjudged int
	Documents              int64
	Wrong                  []PanelCheck
}

func (r *Report) boards() []boardSum {
	var sums []boardSum
	for _, p := range r.Panels {
		if n := len(sums); n == 0 || sums[n-1].ID != p.Dashboard {
			sums = append(sums, boardSum{ID: p.Dashboard})
		}
		s := &sums[len(sums)-1]
		s.Panels++
		s.Documents += p.Documents
		switch p.Outcome {
		case dashboards.Held:
			s.Held++
		case dashboards.NotJudged:
			s.Unjudged++
		default:
			s.Wrong = append(s.Wrong, p)
		}
	}
	return sums
}
