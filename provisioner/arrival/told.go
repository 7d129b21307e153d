package arrival

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// Told is what the load generator itself told Elasticsearch of the run.
type Told struct {
	Stream    string   `json:"stream"`
	Documents int64    `json:"documents"` // of the run, of whatever kind
	Summaries int      `json:"summaries"` // 2 for any number above one
	Compared  int      `json:"compared"`  // counts
	Differs   []string `json:"differs,omitempty"`
}

// tally is a count that a summary and a ledger have in common.
type tally struct {
	field, name string
	ledger      uint64
}

func tallies(t ledger.Trailer) []tally {
	return []tally{
		{telemetry.FieldLoadPlanned, "planned", t.Planned}, {telemetry.FieldLoadSent, "sent", t.Sent}, {telemetry.FieldLoadAnswered, "answered", t.Answered},
		{telemetry.FieldLoadTimeout, "timeout", t.Timeout}, {telemetry.FieldLoadReset, "reset", t.Reset}, {telemetry.FieldLoadRefused, "refused", t.Refused},
		{telemetry.FieldLoadDropped, "dropped", t.Dropped},
	}
}

// AwaitTold holds the summary that the load generator wrote against the ledger.
// Where it told something of the run, the summary is waited for; where it told
// nothing, nobody asked it to. A ledger without its end has nothing to compare.
func AwaitTold(ctx context.Context, search Searcher, acc *Account, within time.Duration, progress Progress) (*Told, error) {
	told := &Told{Stream: telemetry.StreamLoad}
	for end := time.Now().Add(within); ; {
		var err error
		if told.Documents, err = countIn(ctx, search, told.Stream, term(telemetry.FieldRunID, acc.Run)); err != nil {
			return nil, err
		}
		if told.Documents == 0 || acc.Truncated {
			return told, nil
		}
		if err := told.compare(ctx, search, acc); err != nil {
			return nil, err
		}
		if told.Summaries > 0 || !time.Now().Before(end) {
			if told.Summaries == 1 {
				acc.tellLoad()
			}
			return told, nil
		}
		progress(fmt.Sprintf("waiting for the load generator's summary in %s, %v left", told.Stream, time.Until(end).Round(time.Second)))
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}

// compare reads the summary, if it is there.
func (t *Told) compare(ctx context.Context, search Searcher, acc *Account) error {
	wanted := tallies(acc.Trailer)
	l := layout{sort: []any{instant(telemetry.FieldTimestamp)}}
	for _, w := range wanted {
		l.fields = append(l.fields, w.field)
	}
	answer, err := search.Search(ctx, t.Stream, encode(newSearch(2, l, all(term(telemetry.FieldRunID, acc.Run), term(telemetry.FieldLoadDocument, telemetry.LoadSummary)))))
	if err != nil {
		return err
	}
	var found struct {
		Hits struct {
			Hits []struct{ Fields map[string][]json.Number }
		}
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return fmt.Errorf("search %s: read the answer: %w", t.Stream, err)
	}
	t.Summaries, t.Compared, t.Differs = len(found.Hits.Hits), 0, nil
	for _, hit := range found.Hits.Hits {
		for _, w := range wanted {
			t.Compared++
			got := "nothing"
			if values := hit.Fields[w.field]; len(values) == 1 {
				got = values[0].String()
			}
			if want := fmt.Sprint(w.ledger); got != want {
				t.Differs = append(t.Differs, fmt.Sprintf("%s: %s, in the ledger %s", w.name, got, want))
			}
		}
	}
	return nil
}

func (t *Told) property(truncated bool) Property {
	p := Property{"arrival", "summary of the load", Holds, fmt.Sprintf("%s as in the ledger; %s in %s", things(uint64(t.Compared), "count"), things(uint64(t.Documents), "document"), t.Stream)}
	switch {
	case t.Documents == 0:
		p.Outcome, p.Text = NotJudged, "nothing of the run is in "+t.Stream+": loadgen run -es writes it"
	case truncated:
		p.Outcome, p.Text = NotJudged, "the ledger was cut off before its counts"
	case t.Summaries == 0:
		p.Outcome, p.Text = Unmeasured, fmt.Sprintf("%s in %s and no summary", things(uint64(t.Documents), "document"), t.Stream)
	case t.Summaries > 1:
		p.Outcome, p.Text = Fails, "more than one in "+t.Stream
	case len(t.Differs) > 0:
		p.Outcome, p.Text = Fails, strings.Join(t.Differs, "; ")
	}
	return p
}
