package red

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"plumbline/provisioner/red/estimate"
)

// read writes what the figures mean, in sentences: what each source misses and
// why. Nothing is said that the numbers of this run do not say.
func (r *Report) read() []string {
	var said []string
	say := func(sentence string) {
		if sentence != "" {
			said = append(said, sentence)
		}
	}
	for _, s := range r.Sources {
		if s.Missing != "" {
			say(fmt.Sprintf("%s says nothing: %s. That is not zero requests, it is no answer.", s.Name, s.Missing))
		}
	}
	say(r.closest())
	for _, s := range r.Sources {
		if s.Missing == "" {
			say(s.readPercentiles(r.Exact))
		}
	}
	for _, about := range []func(Judged, []Exact) string{Judged.readRestart, Judged.readErrors, Judged.readCounts, Judged.readRate} {
		said = append(said, r.together(about)...)
	}
	say(r.readFew())
	say(r.readCost())
	return said
}

// together says of sources what is to be said of each, and once of those of
// which it is the same.
func (r *Report) together(about func(Judged, []Exact) string) []string {
	var said []string
	var names [][]string
	for _, s := range r.Sources {
		if s.Missing != "" {
			continue
		}
		sentence := about(s, r.Exact)
		if sentence == "" {
			continue
		}
		i := slices.Index(said, sentence)
		if i < 0 {
			i = len(said)
			said, names = append(said, sentence), append(names, nil)
		}
		names[i] = append(names[i], s.Name)
	}
	for i := range said {
		said[i] = strings.Join(names[i], "; ") + ": " + said[i]
	}
	return said
}

// small is an error that is not worth a sentence.
const small = .01

// off is an answer and how far it is off.
type off struct {
	source string
	route  Route
	q      Quantile
}

func (o off) size() float64 { return math.Abs(*o.q.Error) }

// behind is how many requests slower than a percentile make it worth a sentence.
const behind = 10

// worst is the answer of a source that is furthest off among those that enough
// requests stand behind; ok is false if there is none.
func (j Judged) worst(all []Exact) (worst off, ok bool) {
	for i, route := range j.Routes {
		for _, q := range route.Quantiles {
			if q.Error == nil || float64(all[i].Requests)*(1-q.Q) < behind {
				continue
			}
			if o := (off{j.Name, route, q}); !ok || o.size() > worst.size() {
				worst, ok = o, true
			}
		}
	}
	return worst, ok
}

// closest compares the sources by the percentile of all routes that they
// differ most in.
func (r *Report) closest() string {
	best := ""
	widest := small
	for i, exactly := range r.Exact[0].Quantiles {
		var all []off
		for _, s := range r.Sources {
			if s.Missing != "" || len(s.Routes[0].Quantiles) <= i || s.Routes[0].Quantiles[i].Error == nil || s.Routes[0].Quantiles[i].Few {
				continue
			}
			all = append(all, off{s.Name, s.Routes[0], s.Routes[0].Quantiles[i]})
		}
		if len(all) < 2 {
			continue
		}
		slices.SortStableFunc(all, func(a, b off) int { return cmp.Compare(a.size(), b.size()) })
		first, last := all[0], all[len(all)-1]
		if last.size()-first.size() <= widest {
			continue
		}
		widest = last.size() - first.size()
		var words []string
		for _, o := range all {
			words = append(words, fmt.Sprintf("%s %s", o.source, bare(o.q.Error)))
		}
		best = fmt.Sprintf("The sources differ most in %s of all routes, which was %s: %s.", percent(first.q.Q), short(exactly), strings.Join(words, ", "))
	}
	return best
}

// readPercentiles explains the percentile that a source misses by most.
func (j Judged) readPercentiles(all []Exact) string {
	o, ok := j.worst(all)
	if !ok {
		return ""
	}
	if o.size() <= small {
		return fmt.Sprintf("%s tells every percentile that has enough requests behind it to within %.1f %%.", j.Name, 100*max(o.size(), 1e-3))
	}
	i := slices.IndexFunc(all, func(e Exact) bool { return e.Route == o.route.Route })
	return fmt.Sprintf("%s misses %s of %s by %s (%s instead of %s) because %s.", j.Name, percent(o.q.Q), named(o.route.Route),
		bare(o.q.Error), short(*o.q.Got), short(o.q.Exact), o.because(all[i]))
}

// because says what limits the answer.
func (o off) because(e Exact) string {
	b, own := o.q.Bound, o.q.Own
	if !own.Holds(*o.q.Got) {
		return o.route.Off.because(float64(e.Requests), "its histogram is not that of all requests: ")
	}
	switch own.Why {
	case estimate.Bucket:
		return fmt.Sprintf("it lies in the bucket from %s to %s, and where in there nobody knows: the answer is drawn on a straight line; this bucket allows up to %.0f %%",
			short(own.Low), short(own.High), 100*own.Worst(o.q.Exact))
	case estimate.Beyond:
		return fmt.Sprintf("it lies beyond the last bound, and the answer is that bound, %s, however slow requests were", short(own.High))
	case estimate.Factor:
		return fmt.Sprintf("it lies in the native bucket from %s to %s, whose ends are a factor of %.3g apart; that allows up to %.1f %%",
			short(own.Low), short(own.High), own.Upper/own.Lower, 100*own.Worst(o.q.Exact))
	case estimate.Ranks:
		if b.Rank*float64(e.Requests) <= 1.5 {
			return fmt.Sprintf("among %s requests its neighbours in rank took %s and %s, and the answer is drawn between two", comma(float64(e.Requests)), short(own.Low), short(own.High))
		}
		return fmt.Sprintf("neighbours are merged into their mean, so the rank may be off by %.2g %% of all requests, and there durations go from %s to %s", 100*b.Rank, short(own.Low), short(own.High))
	case estimate.Digits:
		return fmt.Sprintf("among %s requests its neighbours in rank took from %s to %s", comma(float64(e.Requests)), short(own.Low), short(own.High))
	}
	return "it has seen no duration"
}

// because says what is lacking from an answer, or made up in it.
func (o Off) because(n float64, begin string) string {
	var why []string
	if o.Born > 0 {
		why = append(why, fmt.Sprintf("increase() does not see %s of %s requests, which were in their counters when these were first scraped", comma(o.Born), comma(n)))
	}
	if o.Hid > 0 {
		why = append(why, fmt.Sprintf("increase() takes a restart for none where a counter was ahead of its old value by the next scrape, and loses %s", comma(o.Hid)))
	}
	if o.Blind > 0 {
		why = append(why, fmt.Sprintf("a restart took up to %s along that were never scraped", comma(o.Blind)))
	}
	if o.Made() >= 1 {
		why = append(why, fmt.Sprintf("extrapolation made up to %s of others", comma(math.Round(o.Made()))))
	}
	if len(why) == 0 {
		why = append(why, "extrapolation moves counts by a fraction of a request across a bound")
	}
	return begin + strings.Join(why, "; ")
}

func (j Judged) readRestart(all []Exact) string {
	if j.Scrapes == nil || j.Scrapes.Restarts == 0 {
		return ""
	}
	lost := "no request ended between its last scrape and its end, so none was lost"
	if n := j.Scrapes.Unseen + j.Scrapes.Unsure; n > 0 {
		lost = fmt.Sprintf("%s of %s requests ended after the last scrape of the old process and were never counted by anybody", between(uint64(j.Scrapes.Unseen), uint64(j.Scrapes.Unsure)), comma(float64(all[0].Requests)))
	}
	return fmt.Sprintf("the application began anew %s: %s.", times(j.Scrapes.Restarts), lost)
}

// readErrors explains the route whose error ratio is furthest off.
func (j Judged) readErrors(all []Exact) string {
	sentence, furthest := "", small
	for i, route := range j.Routes {
		f := route.ErrorRatio
		if f.Got == nil || f.Error == nil || math.Abs(*f.Error) <= furthest || all[i].Errors == 0 {
			continue
		}
		furthest = math.Abs(*f.Error)
		sentence = fmt.Sprintf("the error ratio of %s is shown as %s instead of %s: %s.", named(route.Route), ratio(*f.Got), ratio(all[i].ErrorRatio),
			route.ErrorsOff.because(float64(all[i].Errors), fmt.Sprintf("of %s errors, ", comma(float64(all[i].Errors)))))
	}
	return sentence
}

func (j Judged) readCounts(all []Exact) string {
	f, o := j.Routes[0].Requests, j.Routes[0].Off
	if f.Error == nil || math.Abs(*f.Error) <= small {
		return ""
	}
	return fmt.Sprintf("%s requests are shown instead of %s: %s. The counters themselves have %s.", comma(math.Round(*f.Got)), comma(float64(all[0].Requests)),
		o.because(float64(all[0].Requests), ""), comma(j.Routes[0].Counted))
}

func (j Judged) readRate(all []Exact) string {
	f, told := j.Routes[0].Rate, j.Routes[0].RateTold
	if f.Got == nil {
		return "no rate is shown: fewer than two scrapes lie within the run."
	}
	if f.Error == nil || math.Abs(*f.Error) <= small || told == nil {
		return ""
	}
	return fmt.Sprintf("the rate is shown as %.4g/s instead of %.4g/s: between the first and the last of %s within the run it saw %s of %s requests, and made up %s for the time before and after.",
		*f.Got, all[0].Rate, things(told.Scrapes, "scrape"), comma(told.Seen), comma(told.Requests), comma(math.Round(told.Added)))
}

// readFew says which percentiles are only the slowest request.
func (r *Report) readFew() string {
	routes := map[float64]int{}
	for _, e := range r.Exact[1:] {
		for _, q := range []float64{.99, .999} {
			if float64(e.Requests)*(1-q) < 1 {
				routes[q]++
			}
		}
	}
	switch {
	case routes[.99] > 0:
		return fmt.Sprintf("%s had fewer than 100 requests: their p99 is just their slowest request, and so is p99.9 of %s with fewer than 1,000. Such figures say little about the next run.",
			things(routes[.99], "route"), things(routes[.999], "route"))
	case routes[.999] > 0:
		return fmt.Sprintf("%s had fewer than 1,000 requests: their p99.9 is just their slowest request.", things(routes[.999], "route"))
	}
	return ""
}

func (r *Report) readCost() string {
	var least, most *Judged
	for i := range r.Sources {
		s := &r.Sources[i]
		if s.Cost.Stored == nil {
			continue
		}
		if least == nil || s.Cost.Stored.PerRequest < least.Cost.Stored.PerRequest {
			least = s
		}
		if most == nil || s.Cost.Stored.PerRequest > most.Cost.Stored.PerRequest {
			most = s
		}
	}
	if least == nil || least == most {
		return ""
	}
	return fmt.Sprintf("A request takes %.3g bytes in %s and %.3g in %s, %.0f times as much: %s against %s.",
		least.Cost.Stored.PerRequest, least.Name, most.Cost.Stored.PerRequest, most.Name,
		most.Cost.Stored.PerRequest/least.Cost.Stored.PerRequest, least.Cost.Stored.Of, most.Cost.Stored.Of)
}

// times says how often.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// bare writes a relative error without brackets.
func bare(off *float64) string {
	return strings.Trim(signed(off), "()")
}
