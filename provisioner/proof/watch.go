package proof

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/proof/raw"
)

// Jobs are who is scraped, as regular expressions: the service, and what the stack
// says of itself.
const (
	jobService = "demo-app"
	jobOwn     = "board|canary"
)

// watch is what Prometheus scraped about the time of a scope, and the lines that the
// service wrote then.
type watch struct {
	prometheus *promql.Client
	scope      dashboards.Scope     // from a scrape to a scrape
	at         panels.At            // the same as somebody chooses it in Grafana
	targets    map[string]raw.Looks // scrapes of the service, by instance
	lines      lines
	unread     string // why no samples are read; "" if they are
	unjudged   string // why what is shown cannot be held against the lines; "" if it can
	series     map[string][]raw.Series
}

const (
	longest = time.Hour        // of which samples are read: some hundred thousand
	before  = 2 * time.Minute  // how far back a scrape before the range is looked for
	patient = 30 * time.Second // for a scrape after it
	settled = 10 * time.Second // until what was written is searchable
	poll    = 500 * time.Millisecond
	moment  = time.Millisecond
)

// look chooses a range that begins and ends with a scrape, so that increase and rate
// need to make next to nothing up: the last before the scope and the first after it.
// It waits for that one, and for the next, which may tell of a counter that was
// created meanwhile.
func look(ctx context.Context, from Sources, scope dashboards.Scope, progress func(string)) (*watch, error) {
	w := &watch{prometheus: from.Prometheus, scope: scope, series: map[string][]raw.Series{}}
	begin, end := scope.From, scope.To
	if end.Sub(begin) > longest {
		w.at, w.unread = at(scope), fmt.Sprintf("samples of more than %v are not read", longest)
		return w, nil
	}
	if scope.RunID != "" {
		begin, end = begin.Add(-skew), end.Add(late)
	}
	progress("waiting for the first scrape after the range")
	if err := w.await(ctx, end); err != nil {
		return nil, err
	}
	if err := w.readLooks(ctx, begin.Add(-before), end.Add(time.Minute)); err != nil {
		return nil, err
	}
	w.frame(begin, end)
	if w.unjudged == "" {
		if err := w.await(ctx, w.scope.To); err != nil {
			return nil, err
		}
	}
	w.at = panels.At{From: w.scope.From, To: w.scope.To, Step: w.scope.Step(), Values: at(scope).Values}
	progress("reading the lines of this time")
	if err := w.readLines(ctx, from.Search); err != nil {
		return nil, err
	}
	return w, nil
}

// await waits until every target was scraped after a moment.
func (w *watch) await(ctx context.Context, after time.Time) error {
	const last = `min(timestamp(up{job=~"` + jobService + "|" + jobOwn + `"}))`
	deadline := time.Now().Add(patient)
	if rest := time.Until(after); rest > 0 {
		deadline = deadline.Add(rest)
	}
	for {
		now, err := w.prometheus.At(ctx, last, time.Time{})
		if err != nil {
			return err
		}
		seen := "nothing was scraped"
		if len(now) == 1 {
			at := time.UnixMilli(int64(now[0].Value * 1000))
			if at.After(after) {
				return nil
			}
			seen = "the latest is of " + clock(at)
		}
		if time.Now().After(deadline) {
			w.unjudged = fmt.Sprintf("not every target was scraped after %s: %s", clock(after), seen)
			return nil
		}
		if err := sleep(ctx, poll); err != nil {
			return err
		}
	}
}

// readLooks reads when the service was scraped.
func (w *watch) readLooks(ctx context.Context, from, to time.Time) error {
	const target = `{job=~"` + jobService + `"}`
	starts, err := w.prometheus.Samples(ctx, "process_start_time_seconds"+target, from, to)
	if err != nil {
		return err
	}
	took, err := w.prometheus.Samples(ctx, "scrape_duration_seconds"+target, from, to)
	if err != nil {
		return err
	}
	type scrape struct {
		instance string
		at       int64
	}
	lasted := map[scrape]time.Duration{}
	for _, s := range took {
		lasted[scrape{s.Labels["instance"], s.At.UnixMilli()}] = time.Duration(s.Value * float64(time.Second))
	}
	w.targets = map[string]raw.Looks{}
	for _, s := range starts {
		instance := s.Labels["instance"]
		w.targets[instance] = append(w.targets[instance], raw.Look{
			At: s.At, Took: lasted[scrape{instance, s.At.UnixMilli()}], Process: time.UnixMilli(int64(s.Value * 1000)),
		})
	}
	return nil
}

// frame moves the ends of the range outwards to a scrape of each instance. One that
// was not scraped before the range, because it had only just begun, counted from 0
// since it began.
func (w *watch) frame(begin, end time.Time) {
	first, last := begin, end
	for _, looks := range w.targets {
		n := sort.Search(len(looks), func(i int) bool { return looks[i].At.Add(looks[i].Took).After(begin) })
		switch {
		case n > 0:
			first = sooner(first, looks[n-1].At.Add(-moment))
		case len(looks) > 0 && looks[0].Process.After(begin.Add(-before)):
			first = sooner(first, looks[0].Process.Add(-early))
		}
		if n := sort.Search(len(looks), func(i int) bool { return !looks[i].At.Before(end) }); n < len(looks) {
			last = later(last, looks[n].At)
		}
	}
	w.scope.From, w.scope.To = first.Truncate(moment), last.Truncate(moment)
}

func (w *watch) readLines(ctx context.Context, search Searcher) (err error) {
	for {
		now := time.Now()
		about := span{w.scope.From.Add(-2 * late), w.scope.To.Add(2 * late)}
		w.lines, err = readLines(ctx, search, w.scope.RunID, about, w.at.RateInterval())
		many := tooManyError{}
		if errors.As(err, &many) {
			w.unjudged = many.Error()
			return nil
		}
		// Those of a run are known to be searchable, others may be late.
		ready := w.scope.To.Add(settled)
		if err != nil || w.lines.strays == 0 || now.After(ready) {
			return err
		}
		if err := sleep(ctx, time.Until(ready)); err != nil {
			return err
		}
	}
}

// read returns the samples of a metric of the range and of a window before it.
func (w *watch) read(ctx context.Context, metric, job string) ([]raw.Series, error) {
	selector := fmt.Sprintf("%s{job=~%q}", metric, job)
	if all, known := w.series[selector]; known {
		return all, nil
	}
	samples, err := w.prometheus.Samples(ctx, selector, w.scope.From.Add(-w.at.RateInterval()), w.scope.To)
	if err != nil {
		return nil, err
	}
	w.series[selector] = raw.Of(samples)
	return w.series[selector], nil
}

// job is whose series a source means.
func job(s dashboards.Source) string {
	if s.Stream == telemetry.StreamOwn {
		return jobOwn
	}
	return jobService
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// sleep waits for d, or returns the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
