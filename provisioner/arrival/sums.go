package arrival

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"plumbline/dashboards"
)

// lagRow is one lag as the reports show it; without a count, the note says why.
type lagRow struct {
	From, Name string
	Lag
	Note string
}

func (r *Report) lagRows() []lagRow {
	if r.Account == nil {
		return nil
	}
	from, read := "@timestamp", "event.created"
	if r.Account.Lines != nil {
		from, read = "due", "a time but the line's own"
	}
	row := func(from, until string, l Lag, note, unseen string) lagRow {
		if l.Count == 0 {
			return lagRow{from, until, l, "not measured" + unseen}
		}
		if l.Negative > 0 {
			note += fmt.Sprintf("; %s negative, down to %v: the clocks differ", humanize.Comma(l.Negative), l.Min)
		}
		return lagRow{from, until, l, strings.TrimPrefix(note, "; ")}
	}
	note := ""
	if r.Account.NoReadTime > 0 {
		note = fmt.Sprintf("; %s without %s", things(r.Account.NoReadTime, "document"), read)
	}
	const unstamped = ": no event.ingested"
	var refresh, total Lag
	live, unseen := "", ": only -follow sees it"
	if r.Followed != nil {
		refresh, total = r.Followed.Refresh, r.Followed.Lag
		live, unseen = fmt.Sprintf("; seen live, resolution %v", r.Followed.Resolution), unstamped
	}
	return []lagRow{
		row(from, "read by the shipper", r.Account.ReadLag, note, note),
		row("read", "indexed", r.Account.IndexLag, "", unstamped),
		row("indexed", "searchable", refresh, live, unseen),
		row(from, "indexed", r.Account.IngestLag, "", unstamped),
		row(from, "searchable", total, live, unseen),
	}
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
