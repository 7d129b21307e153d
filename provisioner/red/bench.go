package red

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"plumbline/cli"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/exact"
)

// Bench holds sources against the truth of a run.
type Bench struct {
	Ledger   string
	Lines    exact.Lines
	Sources  []Source
	Patience Patience
	CPU      map[string]time.Duration // that a part spent for the run, as whoever ran it has measured
	Advise   *Wish                    // nil for no advice
}

// Run reads the truth, asks each source, and judges. An error is a truth that
// could not be had; what a source cannot say is in the report.
func (b Bench) Run(ctx context.Context) (*Report, error) {
	r := &Report{Ledger: b.Ledger, Judged: time.Now().UTC()}
	run, err := exact.Read(ctx, b.Ledger, b.Lines, exact.Patience{Within: b.Patience.Within, Told: func(missing uint64) {
		b.Patience.say(fmt.Sprintf("waiting for the lines of %s answered requests", comma(float64(missing))))
	}})
	if err != nil {
		return nil, err
	}
	r.Run, r.Target, r.From, r.To, r.Join = run.ID, run.Target, run.From, run.To, run.Join
	r.Exact = truth(run)
	r.durations = exact.DurationsOf(run.Requests)
	r.Properties = joined(run)
	if len(run.Requests) == 0 {
		r.conclude()
		return r, nil
	}
	var measured []*Measurement
	for _, source := range b.Sources {
		j := Judged{Name: source.Name()}
		m, err := source.Measure(ctx, run, b.Patience)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			j.Missing = err.Error()
			r.Hint = cmp.Or(r.Hint, cli.Hint(err))
			r.Properties = append(r.Properties, arrival.Property{Group: "red", Name: j.Name, Outcome: arrival.Unmeasured, Text: "missing: " + j.Missing})
		} else {
			measured = append(measured, m)
			j.Keeps, j.Scrapes = m.Told[""].Method.String(), scraped(m.Coverage)
			j.Cost = m.Cost
			j.Cost.CPU = spent(source, b.CPU, len(run.Requests))
			j.Routes = compare(run, r.Exact, m)
			r.Properties = append(r.Properties, judge(run, j.Name, j.Routes, m)...)
		}
		r.Sources = append(r.Sources, j)
	}
	r.bounds = boundsOf(measured)
	r.conclude()
	r.Reading = r.read()
	if b.Advise != nil {
		if r.Advice, err = advise(run, *b.Advise, r.bounds); err != nil {
			r.Reading = append(r.Reading, fmt.Sprintf("No bounds are proposed: %v.", err))
		}
	}
	r.Took = time.Since(r.Judged)
	return r, nil
}

// joined says whether there is a truth to judge by.
func joined(run *exact.Run) []arrival.Property {
	j := run.Join
	p := arrival.Property{Group: "red", Name: "truth", Outcome: arrival.Holds,
		Text: fmt.Sprintf("%s requests, each with its line in the application's log", comma(float64(len(run.Requests))))}
	switch {
	case len(run.Requests) == 0:
		p.Outcome, p.Text = arrival.Unmeasured, fmt.Sprintf("no line of run %s in the application's log, and %s attempts in the ledger", run.ID, comma(float64(j.Attempts)))
	case j.Lacking("") > 0:
		p.Outcome, p.Text = arrival.Unmeasured, fmt.Sprintf("%s of %s answered requests have no line in the application's log: their durations are not known", comma(float64(j.Lacking(""))), comma(float64(j.Answered)))
	case j.Doubled+j.Differing+j.Stray > 0:
		p.Outcome = arrival.Unmeasured
		p.Text = fmt.Sprintf("ledger and log disagree: %d lines too many, %d that differ, %d that no attempt accounts for; provisioner verify tells which", j.Doubled, j.Differing, j.Stray)
	case j.Unseen > 0:
		p.Text += fmt.Sprintf("; %s attempts without an answer have none and count as never handled", comma(float64(j.Unseen)))
	}
	list := []arrival.Property{p}
	if !run.Clock.Agrees(tolerance) {
		list = append(list, arrival.Property{Group: "red", Name: "clocks", Outcome: arrival.NotJudged,
			Text: fmt.Sprintf("the application's clock is %s off the load generator's; the run's time was moved by that", short(run.Clock.Middle()))})
	}
	return list
}

// conclude makes one outcome of all properties: one that fails makes it fail,
// otherwise one that could not be measured makes it unmeasured.
func (r *Report) conclude() {
	r.Outcome = arrival.Holds
	failed, unmeasured := 0, 0
	for _, p := range r.Properties {
		switch p.Outcome {
		case arrival.Fails:
			r.Outcome = arrival.Fails
			failed++
		case arrival.Unmeasured:
			unmeasured++
			if r.Outcome == arrival.Holds {
				r.Outcome = arrival.Unmeasured
			}
		}
	}
	told := 0
	for _, s := range r.Sources {
		if s.Missing == "" {
			told++
		}
	}
	r.Summary = fmt.Sprintf("%s requests on %s, %d of %d sources told", comma(float64(r.Exact[0].Requests)), things(len(r.Exact)-1, "route"), told, len(r.Sources))
	if failed > 0 {
		r.Summary += fmt.Sprintf("; %s broken", things(failed, "promise"))
	}
	if unmeasured > 0 {
		r.Summary += fmt.Sprintf("; %s not to be measured", things(unmeasured, "promise"))
	}
}

// Broken lists what does not hold or could not be measured, in few words.
func (r *Report) Broken() []string {
	var list []string
	for _, p := range r.Properties {
		if p.Outcome == arrival.Fails || p.Outcome == arrival.Unmeasured {
			list = append(list, p.Name+": "+p.Text)
		}
	}
	return list
}
