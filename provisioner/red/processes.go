package red

import (
	"cmp"
	"context"
	"slices"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

// process is what was read at one address of the application.
type process struct {
	store Metricbeat
	*Coverage
	scrapes []Scrape
	gone    bool // it was read no more while others were
}

// processes are all that answer for the application.
type processes struct{ each []process }

// processes finds the addresses that were asked around a run, and when.
func (b Metricbeat) processes(ctx context.Context, run arrival.Asked) (*processes, error) {
	from, to := run.From.Add(-before), run.To.Add(before)
	var answer struct {
		Addresses struct {
			Other   int64 `json:"sum_other_doc_count"`
			Buckets []struct{ Key string }
		}
	}
	_, err := ask(ctx, b.Search, b.Index, object{"bool": object{"filter": []object{during(from, to), exists(beatProcess)}}}, object{"addresses": object{
		"terms": object{"field": telemetry.FieldServiceAddress, "size": groups, "order": object{"_key": "asc"}},
	}}, &answer)
	if err == nil {
		err = whole(b.Index, answer.Addresses.Other)
	}
	if err != nil {
		return nil, err
	}
	all := &processes{}
	for _, at := range answer.Addresses.Buckets {
		p := process{store: b}
		p.store.address = at.Key
		if p.scrapes, err = p.store.scrapes(ctx, from, to); err != nil {
			return nil, err
		}
		if len(p.scrapes) > 0 {
			all.each = append(all.each, p)
		}
	}
	return all, nil
}

// turns reports that more than one process answers at the address.
func (p process) turns() bool {
	for i := 1; i < len(p.scrapes); i++ {
		if p.scrapes[i].Process.Before(p.scrapes[i-1].Process.Add(-jitter)) {
			return true
		}
	}
	return false
}

func (p process) last() Scrape { return p.scrapes[len(p.scrapes)-1] }

// cover chooses the scrapes of each process that enclose the run. One that was gone
// before it is left out. One that went during it is taken to its last scrape, as long
// as others were still read a while later: else it is only not read yet.
func (all *processes) cover(run arrival.Asked) error {
	if len(all.each) == 0 {
		return uncovered("it holds no successful scrape of the application around the run")
	}
	var interval time.Duration
	var newest time.Time
	for _, p := range all.each {
		interval = max(interval, usual(p.scrapes))
		if at := p.last().seen(); at.After(newest) {
			newest = at
		}
	}
	var there []process
	for _, p := range all.each {
		var err error
		seen := p.last().seen()
		late := newest.Sub(seen) > 2*interval
		switch {
		case late && seen.Add(2*interval).Before(run.From):
			continue
		case late && !p.last().At.After(run.To.Add(tolerance)):
			p.gone = true
			p.Coverage, err = coverUntilGone(p.scrapes, run.From)
		default:
			p.Coverage, err = coverAt(p.scrapes, &exact.Run{From: run.From, To: run.To}, 0, tolerance)
		}
		if err != nil {
			return err
		}
		p.Interval = cmp.Or(p.Interval, interval) // of one that was read just once
		there = append(there, p)
	}
	all.each = there
	return nil
}

// coverUntilGone is the coverage of a process up to its last scrape.
func coverUntilGone(scrapes []Scrape, began time.Time) (*Coverage, error) {
	scrapes = slices.Clone(scrapes)
	for i := range scrapes {
		scrapes[i].begun = scrapes[i].At
	}
	first, err := opening(scrapes, began)
	if err != nil {
		return nil, err
	}
	c := &Coverage{Scrapes: scrapes[first:], Interval: usual(scrapes), slack: tolerance}
	c.live(began)
	return c, nil
}

// from is the earliest scrape that is used, to the latest.
func (all *processes) from() Scrape {
	return slices.MinFunc(all.each, func(a, b process) int { return a.Begin().At.Compare(b.Begin().At) }).Begin()
}

func (all *processes) to() Scrape {
	return slices.MaxFunc(all.each, func(a, b process) int { return a.End().At.Compare(b.End().At) }).End()
}

// others are the lines that belong to no attempt of the run.
func (all *processes) others(ctx context.Context, search Searcher, lines, run string) (map[arrival.Kind]uint64, error) {
	found := map[arrival.Kind]uint64{}
	foreign := object{"bool": object{"must_not": term(telemetry.FieldRunID, run)}}
	return found, kindsOf(ctx, search, lines, found, during(all.from().begun.Add(-tolerance), all.to().over().Add(tolerance)), foreign)
}

// span is a time range with both its ends.
type span struct{ from, to time.Time }

// unsure are the lines of requests that may have ended before a scrape or after
// it, or after the last scrape of a process. Whose line is whose is not known, so
// with several the time between their scrapes is unsure, too.
func (all *processes) unsure(ctx context.Context, search Searcher, lines string) (map[arrival.Kind]uint64, error) {
	begin, end := span{all.from().begun, all.from().over()}, span{all.to().begun, all.to().over()}
	var spans []span
	for _, p := range all.each {
		if p.Lives[0].From != nil && p.Begin().over().After(begin.to) {
			begin.to = p.Begin().over()
		}
		if p.gone {
			spans = append(spans, span{p.End().begun, p.End().seen().Add(2 * p.Interval)})
		} else if p.End().begun.Before(end.from) {
			end.from = p.End().begun
		}
		for i, life := range p.Lives[:len(p.Lives)-1] {
			spans = append(spans, span{life.To.begun, p.Lives[i+1].To.Process.Add(early - tolerance)})
		}
	}
	found := map[arrival.Kind]uint64{}
	for _, s := range merge(append(spans, begin, end)) {
		if err := kindsOf(ctx, search, lines, found, during(s.from, s.to)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// merge widens spans by the tolerance and joins those that touch, so that no line
// is counted twice.
func merge(spans []span) (apart []span) {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	for _, s := range spans {
		s = span{s.from.Add(-tolerance), s.to.Add(tolerance)}
		if n := len(apart); n > 0 && !s.from.After(apart[n-1].to) {
			if s.to.After(apart[n-1].to) {
				apart[n-1].to = s.to
			}
			continue
		}
		apart = append(apart, s)
	}
	return apart
}
