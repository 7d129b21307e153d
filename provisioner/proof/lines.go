package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

// lines are the access lines of a time, of every run and of none, by the labels that
// the request's counter has.
type lines struct {
	of     map[kind][]line // in the order of time
	strays int             // users' lines about the range itself that are not of the run
}

type kind struct{ route, method, status string }

func (k kind) label(name string) string {
	switch name {
	case telemetry.LabelRoute:
		return k.route
	case telemetry.LabelMethod:
		return k.method
	case telemetry.LabelStatus:
		return k.status
	}
	return ""
}

type line struct {
	ended time.Time
	took  time.Duration
}

const (
	linesPage = 10_000
	maxLines  = 500_000
)

// tooManyError says that not all lines are read.
type tooManyError struct{}

func (tooManyError) Error() string {
	return fmt.Sprintf("there are more than %d lines: look at a shorter time", maxLines)
}

// readLines reads the lines of a range and of the windows that reach so far before it.
func readLines(ctx context.Context, search Searcher, run string, in span, window time.Duration) (lines, error) {
	type object map[string]any
	all := lines{of: map[kind][]line{}}
	body := object{
		"size": linesPage, "track_total_hits": false, "_source": false,
		"query": object{"range": object{telemetry.FieldTimestamp: object{"gte": in.from.Add(-window).UnixMilli(), "lte": in.to.UnixMilli(), "format": "epoch_millis"}}},
		"sort":  []object{{telemetry.FieldTimestamp: "asc"}, {telemetry.FieldEventID: "asc"}},
		"fields": []object{
			{"field": telemetry.FieldTimestamp, "format": "strict_date_optional_time_nanos"}, {"field": telemetry.FieldRoute}, {"field": telemetry.FieldMethod},
			{"field": telemetry.FieldStatus}, {"field": telemetry.FieldEventDuration}, {"field": telemetry.FieldRunID},
		},
	}
	for n := 0; ; {
		text, err := json.Marshal(body)
		if err != nil {
			return all, err
		}
		answer, err := search.Search(ctx, telemetry.StreamAccess, text)
		if arrival.Missing(err) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		last, hits, err := all.take(answer, run, in)
		if err != nil {
			return all, fmt.Errorf("access lines: %w", err)
		}
		if hits < linesPage {
			break
		}
		if n += hits; n > maxLines {
			return all, tooManyError{}
		}
		body["search_after"] = last
	}
	for _, some := range all.of {
		slices.SortFunc(some, func(a, b line) int { return a.ended.Compare(b.ended) })
	}
	return all, nil
}

// take adds a page of lines.
func (l *lines) take(answer []byte, run string, in span) (last []json.RawMessage, hits int, err error) {
	var page struct {
		TimedOut bool                 `json:"timed_out"`
		Shards   struct{ Failed int } `json:"_shards"`
		Hits     struct {
			Hits []struct {
				Sort   []json.RawMessage
				Fields map[string][]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return nil, 0, err
	}
	if page.TimedOut || page.Shards.Failed > 0 {
		return nil, 0, fmt.Errorf("the answer is not complete")
	}
	for _, hit := range page.Hits.Hits {
		var (
			at, ran string
			took    int64
			k       kind
			status  int
		)
		for field, into := range map[string]any{
			telemetry.FieldTimestamp: &at, telemetry.FieldRoute: &k.route, telemetry.FieldMethod: &k.method,
			telemetry.FieldStatus: &status, telemetry.FieldEventDuration: &took, telemetry.FieldRunID: &ran,
		} {
			values := hit.Fields[field]
			if len(values) == 0 && field == telemetry.FieldRunID {
				continue
			}
			if len(values) != 1 {
				return nil, 0, fmt.Errorf("a line has %d values of %s", len(values), field)
			}
			if err := json.Unmarshal(values[0], into); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", field, err)
			}
		}
		ended, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, 0, err
		}
		k.status = strconv.Itoa(status)
		l.of[k] = append(l.of[k], line{ended, time.Duration(took)})
		if ran != run && in.holds(ended) && !slices.Contains(telemetry.OperationalRoutes(), k.route) {
			l.strays++
		}
		last = hit.Sort
	}
	return last, len(page.Hits.Hits), nil
}

// between are the lines of a kind that ended in a span.
func (l lines) between(k kind, s span) []line {
	some := l.of[k]
	i := sort.Search(len(some), func(i int) bool { return some[i].ended.After(s.from) })
	j := sort.Search(len(some), func(i int) bool { return some[i].ended.After(s.to) })
	if i >= j {
		return nil
	}
	return some[i:j]
}

func (l lines) kinds() []kind {
	return slices.SortedFunc(maps.Keys(l.of), func(a, b kind) int {
		return slices.Compare([]string{a.route, a.method, a.status}, []string{b.route, b.method, b.status})
	})
}

// found are the lines that counters must hold, and those that they may hold besides.
type found struct{ sure, perhaps []line }

// durations are those of all, ascending.
func (f found) durations() exact.Durations {
	d := make(exact.Durations, 0, len(f.sure)+len(f.perhaps))
	for _, some := range [][]line{f.sure, f.perhaps} {
		for _, l := range some {
			d = append(d, l.took)
		}
	}
	slices.Sort(d)
	return d
}
