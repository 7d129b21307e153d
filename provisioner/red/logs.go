package red

import (
	"context"
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Logs is the access lines in Elasticsearch, counted and put into percentiles
// there.
type Logs struct {
	Search Searcher
	Index  string          // data stream of the access lines
	Label  string          // name of the source
	By     estimate.Method // estimate.Digest or estimate.HDR
}

// Name returns the label.
func (l Logs) Name() string { return l.Label }

// Parts are Filebeat, and Elasticsearch.
func (Logs) Parts() (own, shared []string) { return []string{"filebeat"}, []string{"elasticsearch"} }

// group is what is asked of all lines and of those of each route.
type group struct {
	Key    string
	Count  int64 `json:"doc_count"`
	Errors struct {
		Count int64 `json:"doc_count"`
	}
	Durations struct {
		Values []struct{ Key, Value *float64 }
	}
}

// Measure waits until as many lines are searchable as the run has requests, and
// asks for what there is then.
func (l Logs) Measure(ctx context.Context, run *exact.Run, p Patience) (*Measurement, error) {
	for end := time.Now().Add(p.Within); ; {
		m, n, err := l.ask(ctx, run)
		if err != nil {
			return nil, err
		}
		if n >= int64(len(run.Requests)) || !time.Now().Before(end) {
			if n == 0 {
				return nil, fmt.Errorf("%s holds no line of run %s", l.Index, run.ID)
			}
			return m, l.cost(ctx, run, n, &m.Cost)
		}
		p.say(fmt.Sprintf("%s: %d of %d lines are searchable", l.Label, n, len(run.Requests)))
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}

func (l Logs) ask(ctx context.Context, run *exact.Run) (*Measurement, int64, error) {
	measures := object{
		"errors":    object{"filter": object{"range": object{telemetry.FieldStatus: object{"gte": 500}}}},
		"durations": object{"percentiles": l.percentiles()},
	}
	aggregations := object{"routes": object{
		"terms": object{"field": telemetry.FieldRoute, "size": groups}, "aggs": measures,
	}}
	for name, measure := range measures {
		aggregations[name] = measure
	}
	var answer struct {
		group
		Routes struct {
			Other   int64 `json:"sum_other_doc_count"`
			Buckets []group
		}
	}
	n, err := ask(ctx, l.Search, l.Index, users(telemetry.FieldRoute, term(telemetry.FieldRunID, run.ID)), aggregations, &answer)
	if err == nil {
		err = whole(l.Index, answer.Routes.Other)
	}
	if err != nil || n == 0 {
		return nil, n, err
	}
	answer.Count = n
	m := &Measurement{Told: map[string]Told{}}
	for _, g := range append(answer.Routes.Buckets, answer.group) {
		told := Told{Requests: float64(g.Count), Errors: float64(g.Errors.Count), Method: l.By, Shown: Shown{
			Requests: float64(g.Count), Errors: float64(g.Errors.Count), Rate: float64(g.Count) / run.Seconds(),
		}}
		for _, v := range g.Durations.Values {
			if v.Value == nil {
				return nil, n, fmt.Errorf("%s: lines of %q have no %s", l.Index, g.Key, telemetry.FieldEventDuration)
			}
			told.Shown.Quantiles = append(told.Shown.Quantiles, duration(*v.Value, time.Nanosecond))
		}
		m.Told[g.Key] = told
	}
	return m, n, nil
}

func (l Logs) cost(ctx context.Context, run *exact.Run, lines int64, c *Cost) (err error) {
	if c.Stored, err = stored(ctx, l.Search, l.Index, lines, run); err == nil {
		c.Visible, err = lag(ctx, l.Search, run)
	}
	return err
}

func (l Logs) percentiles() object {
	var percents []float64
	for _, q := range exact.Quantiles() {
		percents = append(percents, 100*q)
	}
	body := object{"field": telemetry.FieldEventDuration, "percents": percents, "keyed": false}
	switch by := l.By.(type) {
	case estimate.Digest:
		body["tdigest"] = object{"compression": float64(by)}
	case estimate.HDR:
		body["hdr"] = object{"number_of_significant_value_digits": int(by)}
	}
	return body
}
