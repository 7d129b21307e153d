package red

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
)

// Tally holds the application's counters, as Metricbeat stored them, against what
// a run asked of it, by route and status. Between the last scrape before the run
// and the first after it they must have grown by just the requests of the run and
// those of others whose lines are in the given stream. A restart begins them again
// at 0: what ended between the last scrape before it and the new process may be
// missing, and is known by its lines. Of several processes, each under an address of
// its own, the counters are added up.
//
// It asks again until all agrees or until patience ends. Elasticsearch that cannot
// be read is an error; scrapes that do not tell are not.
func (b Metricbeat) Tally(ctx context.Context, run arrival.Asked, lines string, p Patience) (*arrival.Counters, error) {
	for end := time.Now().Add(p.Within); ; {
		c, err := b.tally(ctx, run, lines)
		if err != nil || c.Several || c.Missing == "" && len(c.Differs) == 0 || !time.Now().Before(end) {
			return c, err
		}
		if c.Missing != "" {
			p.say("waiting for the counters of the service: " + c.Missing)
		} else {
			p.say("waiting for the counters of the service: " + c.Differs[0])
		}
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}

func (b Metricbeat) tally(ctx context.Context, run arrival.Asked, lines string) (*arrival.Counters, error) {
	c := &arrival.Counters{Stream: b.Index}
	all, err := b.processes(ctx, run)
	if err != nil {
		return nil, err
	}
	if c.Several = slices.ContainsFunc(all.each, process.turns); c.Several {
		return c, nil
	}
	if err := all.cover(run); err != nil {
		if not := new(uncoveredError); errors.As(err, &not) {
			c.Missing = b.Index + ": " + not.why
			return c, nil
		}
		return nil, err
	}
	counted := map[arrival.Kind]uint64{}
	for _, p := range all.each {
		c.Readings, c.Restarts, c.Gaps = c.Readings+len(p.Scrapes), c.Restarts+p.Restarts(), c.Gaps+p.gaps()
		if err := p.store.counted(ctx, p.Coverage, counted); err != nil {
			return nil, err
		}
	}
	c.From, c.To = all.from().At, all.to().At
	others, err := all.others(ctx, b.Search, lines, run.Run)
	if err != nil {
		return nil, err
	}
	unsure, err := all.unsure(ctx, b.Search, lines)
	if err != nil {
		return nil, err
	}
	compareKinds(c, run, counted, others, unsure)
	return c, nil
}

// compareKinds says of which kinds the counters grew by less or more than they must.
func compareKinds(c *arrival.Counters, run arrival.Asked, counted, others, unsure map[arrival.Kind]uint64) {
	asked, open := run.Kinds, run.Open
	kinds := maps.Clone(asked)
	maps.Copy(kinds, counted)
	maps.Copy(kinds, others)
	for _, k := range slices.SortedFunc(maps.Keys(kinds), func(x, y arrival.Kind) int {
		return strings.Compare(fmt.Sprint(x.Route, x.Status), fmt.Sprint(y.Route, y.Status))
	}) {
		n, most := counted[k], asked[k]+others[k]
		least := most - min(most, unsure[k])
		switch {
		case n < least:
			c.Differs = append(c.Differs, fmt.Sprintf("%s %d: counted %d, asked %d", k.Route, k.Status, n, least))
		case n > most && n-most > open: // an attempt of unknown fate may have been counted
			c.Differs = append(c.Differs, fmt.Sprintf("%s %d: counted %d, asked %d", k.Route, k.Status, n, most))
		case n > most:
			open -= n - most
		}
		c.Kinds++
		c.Counted, c.Asked, c.Others, c.Unseen = c.Counted+n, c.Asked+asked[k], c.Others+others[k], c.Unseen+min(unsure[k], most-min(n, most))
	}
}

// counted adds by how much the counters grew in all lives of a coverage.
func (b Metricbeat) counted(ctx context.Context, c *Coverage, grown map[arrival.Kind]uint64) error {
	for _, life := range c.Lives {
		held, err := b.held(ctx, life.To)
		if err != nil {
			return err
		}
		earlier := map[arrival.Kind]uint64{}
		if life.From != nil {
			if earlier, err = b.held(ctx, *life.From); err != nil {
				return err
			}
		}
		for k, n := range held {
			if n > earlier[k] {
				grown[k] += n - earlier[k]
			}
		}
	}
	return nil
}

// held is what the counters held at a scrape. One that is not whole yet lacks some.
func (b Metricbeat) held(ctx context.Context, s Scrape) (map[arrival.Kind]uint64, error) {
	var answer struct {
		Counts struct {
			Buckets []struct {
				Key struct{ Route, Status string }
				N   struct{ Value float64 }
			}
		}
	}
	source := func(name, field string) object { return object{name: object{"terms": object{"field": field}}} }
	_, err := ask(ctx, b.Search, b.Index, users(beatRoute, b.only(during(s.At, s.At), exists(beatCount))...), object{"counts": object{
		"composite": object{"size": groups, "sources": []object{source("route", beatRoute), source("status", beatStatus)}},
		"aggs":      object{"n": object{"sum": object{"field": beatCount}}},
	}}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Counts.Buckets) == groups {
		return nil, whole(b.Index, 1)
	}
	held := map[arrival.Kind]uint64{}
	for _, g := range answer.Counts.Buckets {
		status, err := strconv.Atoi(g.Key.Status)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: a status is %q", b.Index, g.Key.Route, g.Key.Status)
		}
		held[arrival.Kind{Route: g.Key.Route, Status: status}] += uint64(g.N.Value)
	}
	return held, nil
}

// kindsOf adds up the lines that pass the filters, without the operational routes.
func kindsOf(ctx context.Context, search Searcher, lines string, found map[arrival.Kind]uint64, filters ...object) error {
	var answer struct {
		Kinds struct {
			Buckets []struct {
				Key struct {
					Route  string
					Status int
				}
				Count uint64 `json:"doc_count"`
			}
		}
	}
	source := func(name, field string) object { return object{name: object{"terms": object{"field": field}}} }
	_, err := ask(ctx, search, lines, users(telemetry.FieldRoute, filters...), object{"kinds": object{
		"composite": object{"size": groups, "sources": []object{source("route", telemetry.FieldRoute), source("status", telemetry.FieldStatus)}},
	}}, &answer)
	if err != nil {
		return err
	}
	if len(answer.Kinds.Buckets) == groups {
		return whole(lines, 1)
	}
	for _, k := range answer.Kinds.Buckets {
		found[arrival.Kind{Route: k.Key.Route, Status: k.Key.Status}] += k.Count
	}
	return nil
}

// gaps counts scrapes that are missing between the first and the last.
func (c *Coverage) gaps() (n int) {
	for i := 1; i < len(c.Scrapes) && c.Interval > 0; i++ {
		n += max(0, int((c.Scrapes[i].At.Sub(c.Scrapes[i-1].At)+c.Interval/2)/c.Interval)-1)
	}
	return n
}
