package red

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

// verdict is the properties of one source, one by one.
type verdict struct {
	source string
	list   []arrival.Property
}

func (v *verdict) add(name string, broken []string, fine string) {
	p := arrival.Property{Group: "red", Name: v.source + ": " + name, Outcome: arrival.Holds, Text: fine}
	if len(broken) > 0 {
		p.Outcome, p.Text = arrival.Fails, broken[0]
		if more := len(broken) - 1; more > 0 {
			p.Text += fmt.Sprintf(" (and %d more)", more)
		}
	}
	v.list = append(v.list, p)
}

// judge holds each promise of a source against the truth. Routes are as compare
// returns them.
func judge(run *exact.Run, source string, routes []Route, m *Measurement) []arrival.Property {
	v := &verdict{source: source}
	v.counts(run, routes, m)
	if m.Coverage != nil {
		v.buckets(run, routes, m)
		v.clock(m.Coverage)
	}
	v.figures("requests as shown", routes, func(r Route) Figure { return r.Requests })
	v.figures("error ratio as shown", routes, func(r Route) Figure { return r.ErrorRatio })
	v.rate(run, routes, m)
	v.percentiles(routes)
	return v.list
}

// counts wants each request in the counter of its route, and no other.
func (v *verdict) counts(run *exact.Run, routes []Route, m *Measurement) {
	var broken []string
	spare := run.Join.Unseen // the application may have counted them
	check := func(what, route string, got float64, certain, perhaps uint64) {
		perhaps += run.Join.Lacking(route) + spare
		switch {
		case got < float64(certain):
			broken = append(broken, fmt.Sprintf("%s %s of %s, of %s", comma(got), what, named(route), between(certain, perhaps)))
		case got > float64(certain+perhaps):
			broken = append(broken, fmt.Sprintf("%s %s of %s, and the run sent %s: did somebody else ask, too?", comma(got), what, named(route), between(certain, perhaps)))
		}
	}
	for _, route := range slices.Sorted(maps.Keys(m.Told)) {
		told := m.Told[route]
		if told.Requests > 0 && !slices.ContainsFunc(routes, func(r Route) bool { return r.Route == route }) {
			broken = append(broken, fmt.Sprintf("%s of %s, which the run did not ask: did somebody else?", things(int(told.Requests), "request"), route))
		}
	}
	for _, r := range totalLast(routes) {
		certain, perhaps := run.Select(r.Route, nil), []exact.Request(nil)
		if m.Coverage != nil {
			certain, perhaps = m.Coverage.split(run, r.Route)
		}
		if r.Counted == 0 && len(certain) > 0 {
			broken = append(broken, fmt.Sprintf("it says nothing of %s, which was asked %s times", r.Route, comma(float64(len(certain)))))
			continue
		}
		check("requests", r.Route, r.Counted, uint64(len(certain)), uint64(len(perhaps)))
		check("errors", r.Route, r.Failed, exact.Failures(certain), exact.Failures(perhaps))
	}
	fine := fmt.Sprintf("%s requests and %s errors, as the application answered them", comma(routes[0].Counted), comma(routes[0].Failed))
	if c := m.Coverage; c != nil && len(c.Unseen)+len(c.Unsure) > 0 {
		fine = fmt.Sprintf("%s requests, all but those that a restart took along: %s", comma(routes[0].Counted), between(uint64(len(c.Unseen)), uint64(len(c.Unsure))))
	}
	v.add("counts", broken, fine)
}

// buckets wants each request in the bucket of its duration.
func (v *verdict) buckets(run *exact.Run, routes []Route, m *Measurement) {
	if len(run.Join.Missing) > 0 || run.Join.Unseen > 0 {
		return // their durations are not known
	}
	var broken []string
	checked := 0
	for _, r := range totalLast(routes) {
		certain, perhaps := m.Coverage.split(run, r.Route)
		h := m.Told[r.Route].Histogram
		for _, wrong := range h.Check(exact.DurationsOf(certain), exact.DurationsOf(perhaps)) {
			broken = append(broken, fmt.Sprintf("%s: %s requests from %.4g to %.4g s, and there were %s", named(r.Route), comma(wrong.Count), wrong.Lower, wrong.Upper, between(wrong.Least, wrong.Most-wrong.Least)))
		}
		checked += len(h.Ranges)
	}
	v.add("buckets", broken, fmt.Sprintf("each of %s buckets holds just the requests that belong into it", comma(float64(checked))))
}

func (v *verdict) clock(c *Coverage) {
	if c.Ahead == 0 {
		return
	}
	by, word := c.Ahead, "ahead of"
	if by < 0 {
		by, word = -by, "behind"
	}
	v.list = append(v.list, arrival.Property{Group: "red", Name: v.source + ": clock", Outcome: arrival.NotJudged,
		Text: fmt.Sprintf("its clock is %s %s the application's, give or take a tenth of a second, as its own counts show; the scrapes were chosen accordingly", short(by), word)})
}

func (v *verdict) figures(name string, routes []Route, of func(Route) Figure) {
	var broken []string
	for _, r := range totalLast(routes) {
		f := of(r)
		if f.holds() || f.Got == nil && f.Low == 0 {
			continue
		}
		got := "nothing"
		if f.Got != nil {
			got = fmt.Sprintf("%.5g", *f.Got)
		}
		broken = append(broken, fmt.Sprintf("%s: %s, and it must be from %.5g to %.5g", named(r.Route), got, f.Low, f.High))
	}
	v.add(name, broken, "within what the method promises, on "+things(len(routes)-1, "route"))
}

// rate is told from two scrapes within the run, or not at all.
func (v *verdict) rate(run *exact.Run, routes []Route, m *Measurement) {
	if m.Coverage != nil && m.Coverage.inside(run) == nil {
		v.list = append(v.list, arrival.Property{Group: "red", Name: v.source + ": rate as shown", Outcome: arrival.Unmeasured,
			Text: fmt.Sprintf("fewer than two scrapes lie within the run: it lasted %.1f s and there is one each %s", run.Seconds(), short(m.Coverage.Interval))})
		return
	}
	v.figures("rate as shown", routes, func(r Route) Figure { return r.Rate })
}

func (v *verdict) percentiles(routes []Route) {
	var broken []string
	told := 0
	for _, r := range totalLast(routes) {
		for _, q := range r.Quantiles {
			switch {
			case q.Got == nil && r.Off.Lost() >= r.Requests.High:
			case q.Got == nil:
				broken = append(broken, fmt.Sprintf("%s: no %s", named(r.Route), percent(q.Q)))
			case !q.Bound.Holds(*q.Got):
				broken = append(broken, fmt.Sprintf("%s: %s is %s, and it must be from %s to %s", named(r.Route), percent(q.Q), short(*q.Got), short(q.Bound.Low), short(q.Bound.High)))
			default:
				told++
			}
		}
	}
	v.add("percentiles", broken, fmt.Sprintf("%s lie where the method promises", things(told, "percentile")))
}

// totalLast has the routes before all of them together: what is wrong with one
// says more.
func totalLast(routes []Route) []Route { return append(slices.Clone(routes[1:]), routes[0]) }

// named is a route as the texts have it.
func named(route string) string {
	if route == "" {
		return "all routes"
	}
	return route
}

// between says a number that is known to within some more.
func between(certain, perhaps uint64) string {
	if perhaps == 0 {
		return comma(float64(certain))
	}
	return fmt.Sprintf("%s to %s", comma(float64(certain)), comma(float64(certain+perhaps)))
}

// comma writes a count; one of extrapolated requests may have a fraction.
func comma(n float64) string {
	return strings.TrimSuffix(humanize.CommafWithDigits(n, 1), ".0")
}

func things(n int, what string) string {
	if n == 1 || strings.HasSuffix(what, "s") { // series
		return comma(float64(n)) + " " + what
	}
	return comma(float64(n)) + " " + what + "s"
}
