package red

import (
	"math"

	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// truth sums a run up, all together and by route.
func truth(run *exact.Run) []Exact {
	var all []Exact
	for _, route := range append([]string{""}, run.Routes()...) {
		some := run.Select(route, nil)
		e := Exact{Route: route, Requests: uint64(len(some)), Errors: exact.Failures(some)}
		if len(some) > 0 {
			e.ErrorRatio = float64(e.Errors) / float64(len(some))
		}
		if run.Seconds() > 0 {
			e.Rate = float64(len(some)) / run.Seconds()
		}
		d := exact.DurationsOf(some)
		for _, q := range exact.Quantiles() {
			e.Quantiles = append(e.Quantiles, d.At(q))
		}
		all = append(all, e)
	}
	return all
}

// compare puts what a source says about each route beside the truth.
func compare(run *exact.Run, all []Exact, m *Measurement) []Route {
	var routes []Route
	for _, e := range all {
		told, said := m.Told[e.Route]
		if !said {
			told.Shown.Rate = math.NaN()
		}
		routes = append(routes, told.beside(e, exact.DurationsOf(run.Select(e.Route, nil)), said))
	}
	return routes
}

func (t Told) beside(e Exact, d exact.Durations, said bool) Route {
	n, failed := float64(e.Requests), float64(e.Errors)
	r := Route{Route: e.Route, Counted: t.Requests, Failed: t.Errors, Off: t.Off, ErrorsOff: t.ErrorsOff, RateTold: t.Rate}
	r.Requests = figure(t.Shown.Requests, n, max(n-t.Off.Lost(), 0), n+t.Off.Added)
	ratio := math.NaN()
	if t.Shown.Requests > 0 {
		ratio = t.Shown.Errors / t.Shown.Requests
	}
	r.ErrorRatio = figure(ratio, e.ErrorRatio, share(failed-t.ErrorsOff.Lost(), n+t.Off.Added), share(failed+t.ErrorsOff.Added, n-t.Off.Lost()))
	limit := 0.0
	if t.Rate != nil {
		limit = t.Rate.Limit()
	}
	r.Rate = figure(t.Shown.Rate, e.Rate, e.Rate*max(0, 1-limit), e.Rate*(1+limit))
	if !said {
		return r
	}
	for i, q := range exact.Quantiles() {
		r.Quantiles = append(r.Quantiles, t.quantile(i, q, e, d))
	}
	return r
}

func (t Told) quantile(i int, q float64, e Exact, d exact.Durations) Quantile {
	n := float64(len(d))
	low, high := estimate.Slack(q, t.Off.Lost()/n, t.Off.Made()/n)
	out := Quantile{Q: q, Exact: e.Quantiles[i], Few: !d.Tells(q), Bound: t.Method.Bound(d, low, high), Own: t.Method.Bound(d, q, q)}
	if i < len(t.Shown.Quantiles) && t.Shown.Quantiles[i] > 0 {
		got := t.Shown.Quantiles[i]
		out.Got, out.Error = &got, relative(float64(got), float64(out.Exact))
	}
	return out
}

// share is a part of a whole, from 0 to 1.
func share(part, whole float64) float64 {
	switch {
	case part <= 0:
		return 0
	case part >= whole:
		return 1
	}
	return part / whole
}

// scraped sums up a coverage; nil for none.
func scraped(c *Coverage) *Scraped {
	if c == nil {
		return nil
	}
	return &Scraped{Count: len(c.Scrapes), Interval: c.Interval, Restarts: c.Restarts(), Unseen: len(c.Unseen), Unsure: len(c.Unsure), Ahead: c.Ahead}
}
