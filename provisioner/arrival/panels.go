package arrival

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// PanelCheck is one panel of a dashboard, executed and held against the truth.
type PanelCheck struct {
	Dashboard string                  `json:"dashboard"` // its id
	ID        string                  `json:"id"`
	Title     string                  `json:"title"`
	Documents int64                   `json:"documents"`
	Rows      int                     `json:"rows"` // groups, or listed documents
	Outcome   dashboards.Outcome      `json:"outcome"`
	Compared  string                  `json:"compared"` // what was compared, or why nothing was
	Got       string                  `json:"got,omitempty"`
	Want      string                  `json:"want,omitempty"`
	Differs   []dashboards.Difference `json:"differences,omitempty"`
}

// Panels executes every panel of the dashboards over the scope and compares the
// answers with the truth. A panel that cannot be asked is an error. Lag panels
// are judged only after a Follow that wrote what they show; followed may be nil.
func Panels(ctx context.Context, search Searcher, all []dashboards.Dashboard, scope dashboards.Scope, truth *dashboards.Truth, followed *Followed) ([]PanelCheck, error) {
	var checks []PanelCheck
	for _, d := range all {
		for _, p := range d.Panels {
			check, err := panel(ctx, search, p, scope.For(p), truth)
			if err != nil {
				return nil, fmt.Errorf("panel %s: %w", p.ID, err)
			}
			if p.Source.Stream == telemetry.StreamLag && (followed == nil || followed.Written == 0) {
				check = PanelCheck{
					ID: p.ID, Title: p.Title, Documents: check.Documents, Rows: check.Rows,
					Outcome: dashboards.NotJudged, Compared: "nothing: only the watch that wrote the lag documents knows them",
				}
			}
			check.Dashboard = d.ID
			checks = append(checks, check)
		}
	}
	return checks, nil
}

func panel(ctx context.Context, search Searcher, p dashboards.Panel, scope dashboards.Scope, truth *dashboards.Truth) (PanelCheck, error) {
	check := PanelCheck{ID: p.ID, Title: p.Title}
	var got dashboards.Result
	if p.Kind != dashboards.Note {
		index, body, err := p.Query(scope)
		if err != nil {
			return PanelCheck{}, err
		}
		answer, err := search.Search(ctx, index, body)
		switch {
		case Missing(err): // nothing was ever written there: an answer without documents
		case err != nil:
			return PanelCheck{}, err
		default:
			if got, err = p.Decode(answer); err != nil {
				return PanelCheck{}, err
			}
		}
	}
	check.Documents, check.Rows = got.Documents, len(got.Rows)+len(got.Lines)
	a := p.Agree(got, truth)
	check.Outcome, check.Compared, check.Differs = a.Outcome, a.Compared, a.Differences
	if a.Outcome == dashboards.Differs || a.Outcome == dashboards.Empty {
		check.Got, check.Want = a.Got, a.Want
	}
	return check, nil
}

// Scope is the time range that holds every document of the run: the ledger's
// own times, stretched to the documents' (clocks differ) and to those of what was
// recorded of it, if anything was.
func Scope(acc *Account, followed *Followed, recorded time.Time) dashboards.Scope {
	from, to := acc.Header.Started, acc.Trailer.Ended
	for _, t := range []time.Time{acc.First, acc.Latest, recorded} {
		from, to = stretch(from, to, t)
	}
	if followed != nil {
		from, to = stretch(from, to, followed.FirstLag)
		from, to = stretch(from, to, followed.LastLag)
	}
	// Elasticsearch keeps milliseconds, and the end of a scope is not in it.
	return dashboards.Scope{From: from.Truncate(time.Millisecond), To: to.Truncate(time.Millisecond).Add(time.Millisecond), RunID: acc.Run}
}

func stretch(from, to, t time.Time) (time.Time, time.Time) {
	if t.IsZero() {
		return from, to
	}
	if t.Before(from) {
		from = t
	}
	if t.After(to) {
		to = t
	}
	return from, to
}

// AwaitLag waits until the lag documents that were written are searchable.
func AwaitLag(ctx context.Context, search Searcher, followed *Followed, within time.Duration) error {
	query := encode(object{"query": term(telemetry.FieldRunID, followed.Run)})
	for end := time.Now().Add(within); ; {
		n, err := search.Count(ctx, telemetry.StreamLag, query)
		if err != nil && !Missing(err) {
			return err
		}
		if n >= followed.Written {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s of %s lag documents searchable after %v", humanize.Comma(n), humanize.Comma(followed.Written), within)
		}
		if err := sleep(ctx, poll); err != nil {
			return err
		}
	}
}
