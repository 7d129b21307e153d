package lens_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// The seeded documents, always the same: for each panel some that it looks at, in
// its stream, among those of the others. What a field holds follows from what the
// panel does with it.
const (
	seedRun     = "20260101T120000Z-seeded"
	perPanel    = 120
	everySecond = 13 * time.Second // apart, so that each time bucket of 30 s has a document of each counter
)

// seedStart is not on a bucket's edge, so that the first and last bucket are cut.
var seedStart = time.Date(2026, 1, 1, 12, 0, 7, 0, time.UTC)

// seedScope makes time buckets of 30 s, the narrowest that panels of counters have.
func seedScope() dashboards.Scope {
	s := dashboards.Scope{From: seedStart, To: seedStart.Add(perPanel * everySecond)}
	if s.Step() != 30*time.Second {
		panic(fmt.Sprint("a time bucket of ", s.Step()))
	}
	return s
}

type seeded struct {
	stream string
	fields map[string]any
}

func seed() []seeded {
	r := rand.New(rand.NewPCG(5, 6))
	counters := map[string]float64{}
	var all []seeded
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			if p.Kind == dashboards.Note {
				continue
			}
			for i := range perPanel {
				doc := map[string]any{
					telemetry.FieldTimestamp: seedStart.Add(time.Duration(i)*everySecond + time.Duration(r.IntN(900))*time.Millisecond).Format(time.RFC3339Nano),
					telemetry.FieldDataset:   concrete(p.Source.Stream, i),
				}
				fill(doc, p, i, r, counters)
				all = append(all, seeded{concrete(p.Source.Stream, i), doc})
			}
		}
	}
	return all
}

// concrete is one of the streams of a pattern.
func concrete(stream string, i int) string {
	switch stream {
	case telemetry.StreamsLogs:
		return []string{telemetry.StreamAccess, telemetry.StreamApp}[i%2]
	case telemetry.StreamsAll:
		return []string{telemetry.StreamApp, telemetry.StreamQueue}[i%2]
	}
	return stream
}

func fill(doc map[string]any, p dashboards.Panel, i int, r *rand.Rand, counters map[string]float64) {
	for _, field := range p.Source.Narrow {
		doc[field] = map[string]any{telemetry.FieldRunID: []string{seedRun, seedRun, "another"}[i%3], telemetry.FieldRoute: []string{"/datasets", "/sessions", "/users/{id}"}[r.IntN(3)],
			telemetry.FieldTraceID: fmt.Sprintf("%032x", i)}[field]
	}
	for _, c := range p.Source.Where {
		hold(doc, c, i)
	}
	group := r.IntN(3)
	switch {
	case len(p.By.Groups) > 0:
		hold(doc, p.By.Groups[r.IntN(len(p.By.Groups))].Where, i)
	case p.By.Field == telemetry.FieldStatus:
		doc[p.By.Field] = []int{200, 404, 503}[group]
	case p.By.Field != "" && p.By.Field != telemetry.FieldRoute && p.By.Field != telemetry.FieldDataset:
		group = i % 2 // of counters, each in each time bucket
		doc[p.By.Field] = fmt.Sprintf("%s-%d", p.By.Label, group)
	}
	for _, m := range p.Measures {
		switch m.Op {
		case dashboards.OpRatio, dashboards.OpBurn, dashboards.OpLeft:
			if r.IntN(4) == 0 {
				hold(doc, m.Where, i)
			} else if _, there := doc[m.Where.Field]; !there && len(m.Where.Is) == 0 {
				doc[m.Where.Field] = 200
			}
		case dashboards.OpPercentile:
			doc[m.Field] = int64(2e6 * math.Exp(0.9*r.NormFloat64()))
		case dashboards.OpUnique:
			doc[m.Field] = fmt.Sprint("value-", r.IntN(7))
		case dashboards.OpIncrease, dashboards.OpSpeed:
			per := fmt.Sprintf("counter-%d", i%2)
			doc[m.Per] = per
			key := p.ID + m.Field + per
			counters[key] += float64(r.IntN(50))
			doc[m.Field] = counters[key]
		case dashboards.OpMax, dashboards.OpMean, dashboards.OpSum, dashboards.OpLast:
			if strings.HasSuffix(m.Field, ".pct") {
				doc[m.Field] = math.Round(r.Float64()*1e4)/1e4 + 1e-5
			} else {
				doc[m.Field] = r.IntN(100_000)
			}
		}
	}
	if p.Kind == dashboards.Lines {
		for _, c := range p.Columns {
			switch _, there := doc[c.Field]; {
			case there:
			case c.Unit == dashboards.UnitNanoseconds:
				doc[c.Field] = int64(r.IntN(1e9))
			case c.Field == telemetry.FieldStatus:
				doc[c.Field] = 500
			default:
				doc[c.Field] = fmt.Sprint("words-", i%4)
			}
		}
	}
}

// hold makes a condition hold.
func hold(doc map[string]any, c dashboards.Condition, i int) {
	switch _, there := doc[c.Field]; {
	case len(c.None) > 0 && there:
	case len(c.None) > 0:
		doc[c.Field] = "/datasets"
	case len(c.Is) > 0:
		doc[c.Field] = c.Is[i%len(c.Is)]
	case c.Exists && there:
	case c.Exists && strings.HasPrefix(c.Field, telemetry.ScrapedMetric("")):
		doc[c.Field] = float64(i) // measures of it give it another
	case c.Exists:
		doc[c.Field] = fmt.Sprint("value-", i%7)
	case c.Below > 0:
		doc[c.Field] = c.Min + (c.Below-c.Min)/2
	default:
		doc[c.Field] = c.Min + int64(i%2)
	}
}

// fields are all that the seeded documents have, for their mapping.
func fields(all []seeded) map[string]string {
	types := map[string]string{}
	for _, d := range all {
		for name, v := range d.fields {
			kind := "keyword"
			switch v.(type) {
			case float64:
				kind = "double"
			case int, int64:
				kind = "long"
			}
			if name == telemetry.FieldTimestamp {
				kind = "date"
			}
			if old, there := types[name]; there && old != kind {
				if slices.Contains([]string{old, kind}, "keyword") {
					panic(fmt.Sprintf("%s is %s and %s", name, old, kind))
				}
				kind = "double"
			}
			types[name] = kind
		}
	}
	return maps.Clone(types)
}
