package red

import (
	"context"
	"math"
	"time"

	"plumbline/provisioner/red/exact"
)

// Rate is how a source tells a rate: from what it saw between the first and the
// last scrape within the run, and from what it makes of the rest.
type Rate struct {
	Scrapes  int     `json:"scrapes"`  // within the run
	Seen     float64 `json:"seen"`     // requests between the first of them and the last
	Added    float64 `json:"added"`    // for the time before the first and after the last
	Requests float64 `json:"requests"` // of the whole run
	Rounding float64 `json:"rounding"` // by which share the time may be off that it is told over: whole milliseconds
}

// Limit is by which share of itself the rate may be off: what was added may be
// too much, when nothing happened in that time, or too little by all that did.
func (r Rate) Limit() float64 {
	if r.Requests == 0 {
		return math.Inf(1)
	}
	return max(r.Added, r.Requests-r.Seen)/r.Requests + r.Rounding
}

// span is the time of a run by the clock of a coverage's scraper.
func (c *Coverage) span(run *exact.Run) (from, to time.Time) {
	return run.Began().Add(c.Ahead), run.Over().Add(c.Ahead)
}

// inside is the part of a coverage that lies within the run; nil if not even
// two scrapes do.
func (c *Coverage) inside(run *exact.Run) *Coverage {
	from, to := c.span(run)
	var some []Scrape
	for _, s := range c.Scrapes {
		if s.At.After(from) && !s.At.After(to) {
			some = append(some, s)
		}
	}
	if len(some) < 2 {
		return nil
	}
	in := &Coverage{Scrapes: some, Interval: c.Interval, Ahead: c.Ahead, slack: c.slack}
	in.live(some[0].Process)
	return in
}

// evenRates tells the rate of each route by the straight line through the first
// and the last scrape within a run; nil if there are no two.
func evenRates(ctx context.Context, s store, c *Coverage, run *exact.Run) (map[string]Rate, error) {
	in := c.inside(run)
	if in == nil {
		return nil, nil
	}
	counted, err := count(ctx, s, in, run)
	if err != nil {
		return nil, err
	}
	rates := map[string]Rate{}
	for _, route := range append(run.Routes(), "") {
		seen, inside := counted[route].Requests.Count, in.Span().Seconds()
		rates[route] = Rate{Scrapes: len(in.Scrapes), Seen: seen, Added: seen * max(run.Seconds()-inside, 0) / inside, Requests: requests(run, route)}
	}
	return rates, nil
}

func requests(run *exact.Run, route string) float64 { return float64(len(run.Select(route, nil))) }
