package red

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Counter is one series of the application's duration histogram as one scrape
// found it.
type Counter struct {
	Route, Status string
	Held          estimate.Histogram
}

func (c Counter) failed() bool { return len(c.Status) == 3 && c.Status[0] == '5' }

// store keeps the application's counters: Elasticsearch as Metricbeat fills it,
// or Prometheus, which has two kinds of histogram.
type store interface {
	// Scrapes returns the successful scrapes of an interval, in order.
	Scrapes(ctx context.Context, from, to time.Time) ([]Scrape, error)
	// Counters returns what a scrape found, without the operational routes.
	Counters(ctx context.Context, s Scrape) ([]Counter, error)
}

// Counted is what was added to the counters of a route.
type Counted struct {
	Requests estimate.Histogram
	Errors   float64
}

// before is how long before a run its first scrape is looked for.
const before = 10 * time.Minute

// await reads the scrapes of a store until they enclose the run, or until
// patience ends.
func await(ctx context.Context, s store, run *exact.Run, p Patience) (*Coverage, error) {
	for end := time.Now().Add(p.Within); ; {
		scrapes, err := s.Scrapes(ctx, run.From.Add(-before), run.Last().Add(before))
		if err != nil {
			return nil, err
		}
		c, err := cover(scrapes, run)
		not := new(uncoveredError)
		if err == nil || !errors.As(err, &not) || !time.Now().Before(end) {
			return c, err
		}
		p.say("waiting for a scrape after the run: " + not.why)
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}

// count adds up, by route and under "" for all, what the lives of a coverage
// added to the counters. Every route of the run is in it.
func count(ctx context.Context, s store, c *Coverage, run *exact.Run) (map[string]Counted, error) {
	counted := map[string]Counted{"": {}}
	for _, route := range run.Routes() {
		counted[route] = Counted{}
	}
	for _, life := range c.Lives {
		held, err := s.Counters(ctx, life.To)
		if err != nil {
			return nil, err
		}
		var earlier []Counter
		if life.From != nil {
			if earlier, err = s.Counters(ctx, *life.From); err != nil {
				return nil, err
			}
		}
		added, err := subtract(held, earlier)
		if err != nil {
			return nil, err
		}
		for _, counter := range added {
			for _, route := range []string{"", counter.Route} {
				if err := counter.addTo(counted, route); err != nil {
					return nil, err
				}
			}
		}
	}
	return counted, nil
}

func (c Counter) addTo(counted map[string]Counted, route string) (err error) {
	to := counted[route]
	if to.Requests, err = to.Requests.Plus(c.Held); err != nil {
		return fmt.Errorf("%s: %w", c.Route, err)
	}
	if c.failed() {
		to.Errors += c.Held.Count
	}
	if route == "" || c.Held.Count > 0 {
		counted[route] = to
	}
	return nil
}

// subtract takes from each counter what it held earlier. One that was not there
// earlier began at zero.
func subtract(held, earlier []Counter) ([]Counter, error) {
	var added []Counter
	for _, c := range held {
		for _, e := range earlier {
			if e.Route != c.Route || e.Status != c.Status {
				continue
			}
			var err error
			if c.Held, err = c.Held.Minus(e.Held); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Route, err)
			}
		}
		added = append(added, c)
	}
	return added, nil
}

// merged adds up counters of the same route and status, as those of several
// methods.
func merged(all []Counter) ([]Counter, error) {
	slices.SortStableFunc(all, func(a, b Counter) int { return strings.Compare(a.Route+"\n"+a.Status, b.Route+"\n"+b.Status) })
	var out []Counter
	for _, c := range all {
		if slices.Contains(telemetry.OperationalRoutes(), c.Route) {
			continue
		}
		last := len(out) - 1
		if last < 0 || out[last].Route != c.Route || out[last].Status != c.Status {
			out = append(out, c)
			continue
		}
		var err error
		if out[last].Held, err = out[last].Held.Plus(c.Held); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Route, err)
		}
	}
	return out, nil
}
