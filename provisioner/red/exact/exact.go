// Package exact is what really happened in a load run: the attempts of its
// ledger, joined by identity with the lines that the application wrote about
// them. Every other way to know rate, errors and durations is held against it.
//
// Nothing is rounded, sampled or put into buckets here: a duration is the one
// that the application measured, in nanoseconds, and a percentile is one of
// them. It costs some 200 bytes of memory per request.
package exact

import (
	"slices"
	"time"
)

// Request is one request that the application answered.
type Request struct {
	Route  string // template, as in http.route
	Method string
	Status int
	Took   time.Duration
	Ended  time.Time // when the answer was complete, by the application's clock
}

// Failed reports an answer that counts as an error: a status of 500 or more.
func (r Request) Failed() bool { return r.Status >= 500 }

// Run is the truth of one run.
type Run struct {
	ID       string
	Target   string    // base URL that the load went to
	From, To time.Time // from the ledger's start to the end of its last attempt, by the load generator's clock
	Requests []Request // in the order in which they ended

	Join  Join
	Clock Offset // the application's clock, as seen from the load generator's
}

// Join is how ledger and lines fitted together.
type Join struct {
	Attempts  uint64            `json:"attempts"`          // sent; without those of probes and scrapes
	Answered  uint64            `json:"answered"`          // of these
	Missing   map[string]uint64 `json:"missing,omitempty"` // answered without a line, by route: the truth lacks them
	Unseen    uint64            `json:"unseen"`            // neither an answer nor a line: perhaps the application never saw them
	Doubled   uint64            `json:"doubled"`           // lines beyond the first of an attempt
	Differing uint64            `json:"differing"`         // lines whose method, route or status is not the ledger's
	Stray     uint64            `json:"stray"`             // lines of the run that no attempt accounts for
}

// Lacking is how many answered attempts of a route have no line; "" is all.
func (j Join) Lacking(route string) (n uint64) {
	for of, missing := range j.Missing {
		if route == "" || route == of {
			n += missing
		}
	}
	return n
}

// Seconds is the length of the run.
func (r *Run) Seconds() float64 { return r.To.Sub(r.From).Seconds() }

// Routes returns the routes that were asked, the most asked first.
func (r *Run) Routes() []string {
	counts := map[string]int{}
	for _, q := range r.Requests {
		counts[q.Route]++
	}
	routes := make([]string, 0, len(counts))
	for route := range counts {
		routes = append(routes, route)
	}
	slices.SortFunc(routes, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	return routes
}

// Select returns the requests of a route that pass keep; "" is every route, and
// a nil keep passes all.
func (r *Run) Select(route string, keep func(Request) bool) []Request {
	var some []Request
	for _, q := range r.Requests {
		if (route == "" || q.Route == route) && (keep == nil || keep(q)) {
			some = append(some, q)
		}
	}
	return some
}

// Began is the beginning of the run by the application's clock.
func (r *Run) Began() time.Time { return r.From.Add(r.Clock.Middle()) }

// Over is the end of the run by the application's clock.
func (r *Run) Over() time.Time { return r.To.Add(r.Clock.Middle()) }

// Last is when the last request ended.
func (r *Run) Last() time.Time {
	if len(r.Requests) == 0 {
		return r.To
	}
	return r.Requests[len(r.Requests)-1].Ended
}

// Failures counts the errors among requests.
func Failures(requests []Request) (n uint64) {
	for _, q := range requests {
		if q.Failed() {
			n++
		}
	}
	return n
}
