// Package workload has the loads under which the sources of RED metrics are
// held against the truth: what is sent, and what befalls the application
// meanwhile. Each shows something that a source can get wrong.
//
// Sending it is loadgen's, the faults are demo-app's own, which it is told
// through its admin port; package native brings the three together.
package workload

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Workload is one of them.
type Workload struct {
	Name    string
	About   string        // what it shows
	Rate    float64       // requests per second; 0 for the usual
	Length  time.Duration // 0 for the usual
	Faults  []Fault
	Restart float64 // when the application is restarted, as a share of the run; 0 for never
}

// Fault is a rule of demo-app's admin port, in force for a part of the run.
type Fault struct {
	ID   string
	From float64       // when it begins, as a share of the run
	For  time.Duration // 0 for the rest of the run
	Rule string        // JSON, without id and for
}

// The usual load, when a workload says nothing else.
const (
	UsualRate   = 100
	UsualLength = 30 * time.Second
)

// All are the workloads there are.
func All() []Workload {
	return []Workload{
		{
			Name:  "steady",
			About: "nothing befalls the application: what is off here is the method's own",
		},
		{
			Name:  "bimodal",
			About: "one request in five takes 120 ms more, as behind a cache that misses: between the two humps there is nobody, and a bucket that reaches across does not know",
			Faults: []Fault{
				{ID: "red-misses", Rule: `"route":"*","latency":{"shape":"constant","value":"120ms","share":0.2}`},
			},
		},
		{
			Name:  "heavy-tail",
			About: "few requests take very long: the buckets are widest where the slowest are",
			Faults: []Fault{
				{ID: "red-tail", Rule: `"route":"*","latency":{"shape":"lognormal","median":"4ms","p99":"700ms"}`},
			},
		},
		{
			Name:  "burst",
			About: "every answer is an error for two seconds, less than a scrape interval: whoever looks at counters sees it only afterwards",
			Faults: []Fault{
				{ID: "red-burst", From: .4, For: 2 * time.Second, Rule: `"route":"*","error":{"ratio":1,"codes":["UNAVAILABLE"]}`},
			},
		},
		{
			Name:    "restart",
			About:   "the application is restarted half-way: its counters begin at zero, and what nobody had scraped is gone",
			Restart: .5,
		},
		{
			Name:   "low",
			About:  "one request a minute, a dozen scrape intervals: a rate out of three requests, and percentiles",
			Rate:   1. / 60,
			Length: 3 * time.Minute,
		},
	}
}

// Usual are the names of those that are sent when nobody says which: all but the
// one that takes minutes.
func Usual() []string { return []string{"steady", "bimodal", "heavy-tail", "burst", "restart"} }

// Choose returns the workloads of a list of names, or of "all", in the order
// of the list.
func Choose(names string) ([]Workload, error) {
	all := All()
	if names == "all" {
		return all, nil
	}
	var chosen []Workload
	for _, name := range strings.Split(names, ",") {
		i := slices.IndexFunc(all, func(w Workload) bool { return w.Name == name })
		if i < 0 {
			var known []string
			for _, w := range all {
				known = append(known, w.Name)
			}
			return nil, fmt.Errorf("no workload is called %q: want all, or some of %s", name, strings.Join(known, ","))
		}
		if slices.ContainsFunc(chosen, func(w Workload) bool { return w.Name == name }) {
			return nil, fmt.Errorf("the workload %s is named twice", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// With is the workload at a rate and of a length, unless it has its own.
func (w Workload) With(rate float64, length time.Duration) Workload {
	if w.Rate == 0 {
		w.Rate = rate
	}
	if w.Length == 0 {
		w.Length = length
	}
	return w
}

// At is the moment of a share of the run.
func (w Workload) At(share float64) time.Duration {
	return time.Duration(share * float64(w.Length))
}

// Body is what the admin port is sent for a fault, with an end of its own in
// case nobody ends it.
func (f Fault) Body(w Workload) string {
	length := f.For
	if length == 0 {
		length = w.Length + time.Minute
	}
	return fmt.Sprintf(`{%s,"for":%q}`, f.Rule, length)
}
