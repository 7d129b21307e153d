package truth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
	"plumbline/provisioner/elastic"
)

// fields are a document's, by dotted name.
type fields map[string]any

// entry gives a document the id that follows from what it is about.
func (w *Writer) entry(doc fields, which ...string) entry {
	kind, _ := doc[telemetry.FieldLoadDocument].(string)
	text, err := json.Marshal(doc)
	if err != nil { // no figure is infinite; were one, it would be refused, and counted as such
		text = []byte("null")
	}
	return entry{
		Document: elastic.Document{ID: strings.Join(append([]string{w.Run.RunID, kind}, which...), "/"), JSON: text},
		summary:  kind == telemetry.LoadSummary,
	}
}

// common are the fields that every document has, of one about a stretch of the run.
func (w *Writer) common(kind string, from, to time.Duration) fields {
	at := func(d time.Duration) string { return w.Run.Started.Add(d).UTC().Format(time.RFC3339Nano) }
	return fields{
		telemetry.FieldTimestamp: at(to), telemetry.FieldEventStart: at(from), telemetry.FieldEventEnd: at(to), telemetry.FieldEventDuration: to - from,
		telemetry.FieldEventKind: "metric", telemetry.FieldEventDataset: telemetry.DatasetLoad, telemetry.FieldECSVersion: telemetry.ECSVersion,
		telemetry.FieldServiceName: "loadgen", telemetry.FieldServiceVer: w.Run.Version,
		telemetry.FieldRunID: w.Run.RunID, telemetry.FieldLoadDocument: kind, telemetry.FieldLoadElapsed: to,
	}
}

// whole is an interval of the whole load.
func (w *Writer) whole(interval uint64, f report.Figures, now look) entry {
	doc := w.common(telemetry.LoadInterval, w.last.at, now.at)
	doc.ends(f.Outcomes, f.Statuses, f.Unexpected)
	doc.latency(now.latency.Since(w.last.latency).Percentiles())
	doc.service(now.service.Since(w.last.service).Percentiles())
	doc[telemetry.FieldLoadInterval] = interval
	doc[telemetry.FieldLoadSent] = now.count
	doc[telemetry.FieldLoadInFlight] = now.count - ended(f.Outcomes)
	doc[telemetry.FieldLoadDue] = w.Due(now.at)
	doc[telemetry.FieldLoadWanted], doc[telemetry.FieldLoadRate] = 0.0, 0.0
	if now.at <= w.Run.Duration {
		doc[telemetry.FieldLoadWanted] = w.Wanted(now.at)
	}
	if stretch := now.at - w.last.at; stretch > 0 {
		doc[telemetry.FieldLoadRate] = float64(now.count-w.last.count) / stretch.Seconds()
	}
	return w.entry(doc, strconv.FormatUint(interval, 10))
}

// single is one route, since it was looked at last.
func (w *Writer) single(interval uint64, f report.RouteFigures, now look) entry {
	before := w.routes[route{f.Method, f.Route}]
	doc := w.common(telemetry.LoadRoute, before.at, now.at)
	doc.ends(f.Outcomes, f.Statuses, f.Unexpected)
	doc.latency(now.latency.Since(before.latency).Percentiles())
	doc[telemetry.FieldLoadInterval] = interval
	doc[telemetry.FieldMethod], doc[telemetry.FieldRoute] = f.Method, f.Route
	name := sha256.Sum256([]byte(f.Method + " " + f.Route)) // may be longer than an id
	return w.entry(doc, strconv.FormatUint(interval, 10), hex.EncodeToString(name[:8]))
}

// summary is the whole run, as its report has it.
func (w *Writer) summary(r report.Report) entry {
	doc := w.common(telemetry.LoadSummary, 0, w.last.at)
	doc.ends(r.Outcomes, r.Statuses, r.Unexpected)
	doc.latency(r.Latency)
	doc.service(r.Service)
	outcome, pace := "success", r.Run.Pace
	if pace == "" {
		pace = "constant"
	}
	var journeys, given, failed []string
	for _, j := range r.Journeys {
		journeys = append(journeys, j.Name)
	}
	for _, v := range r.Thresholds {
		given = append(given, v.Condition)
		if v.Failed {
			failed = append(failed, fmt.Sprintf("%s: %s", v.Condition, v.Value))
		}
	}
	if !r.Complete || len(failed) > 0 {
		outcome = "failure"
	}
	maps.Copy(doc, fields{
		telemetry.FieldEventOutcome: outcome,
		telemetry.FieldLoadTarget:   r.Run.Target, telemetry.FieldLoadSeed: strconv.FormatUint(r.Run.Seed, 10), telemetry.FieldLoadScale: r.Run.Scale,
		telemetry.FieldLoadPace: pace, telemetry.FieldLoadLength: r.Run.Duration, telemetry.FieldLoadJourneys: journeys, telemetry.FieldLoadRoutes: len(r.Routes),
		telemetry.FieldLoadWanted: r.Run.Rate, telemetry.FieldLoadRate: r.RateAchieved,
		telemetry.FieldLoadPlanned: r.Planned, telemetry.FieldLoadSent: r.Sent, telemetry.FieldLoadInFlight: 0, telemetry.FieldLoadDue: w.Due(w.last.at),
		telemetry.FieldLoadComplete: r.Complete,
	})
	if r.Stopped != "" {
		doc[telemetry.FieldLoadStopped] = r.Stopped
	}
	if given != nil {
		doc[telemetry.FieldLoadConditions] = given
	}
	if failed != nil {
		doc[telemetry.FieldLoadFailed] = failed
	}
	return w.entry(doc)
}

// journey is one journey of the whole run.
func (w *Writer) journey(j report.Journey) entry {
	doc := w.common(telemetry.LoadJourney, 0, w.last.at)
	maps.Copy(doc, fields{
		telemetry.FieldLoadJourney: j.Name, telemetry.FieldLoadSent: j.Sent,
		telemetry.FieldLoadUnexpected: j.Unexpected, telemetry.FieldLoadDropped: j.Dropped,
	})
	return w.entry(doc, j.Name)
}

// ends are the counts of what has ended.
func (f fields) ends(outcomes map[ledger.Outcome]uint64, statuses map[int]uint64, unexpected uint64) {
	f[telemetry.FieldLoadEnded] = ended(outcomes)
	f[telemetry.FieldLoadAnswered] = outcomes[ledger.Answered]
	f[telemetry.FieldLoadTimeout] = outcomes[ledger.Timeout]
	f[telemetry.FieldLoadReset] = outcomes[ledger.Reset]
	f[telemetry.FieldLoadRefused] = outcomes[ledger.Refused]
	f[telemetry.FieldLoadDropped] = outcomes[ledger.Dropped]
	f[telemetry.FieldLoadOK] = outcomes[ledger.Answered] - unexpected
	f[telemetry.FieldLoadUnexpected] = unexpected
	classes := map[int]string{2: telemetry.FieldLoadStatus2xx, 3: telemetry.FieldLoadStatus3xx, 4: telemetry.FieldLoadStatus4xx, 5: telemetry.FieldLoadStatus5xx}
	counts := map[string]uint64{}
	for status, n := range statuses {
		class, known := classes[status/100]
		if !known {
			class = telemetry.FieldLoadStatusOther
		}
		counts[class] += n
	}
	for _, class := range []string{telemetry.FieldLoadStatus2xx, telemetry.FieldLoadStatus3xx, telemetry.FieldLoadStatus4xx, telemetry.FieldLoadStatus5xx, telemetry.FieldLoadStatusOther} {
		f[class] = counts[class]
	}
}

// ended counts the attempts that were sent and have ended.
func ended(outcomes map[ledger.Outcome]uint64) uint64 {
	return outcomes[ledger.Answered] + outcomes[ledger.Timeout] + outcomes[ledger.Reset] + outcomes[ledger.Refused]
}

// latency are the waits from the scheduled time.
func (f fields) latency(p report.Percentiles) {
	f.waits(p, telemetry.FieldLoadLatencyCount, map[string]time.Duration{
		telemetry.FieldLoadLatencyMean: p.Mean, telemetry.FieldLoadLatencyMax: p.Max,
		telemetry.FieldLoadLatencyP50: p.P50, telemetry.FieldLoadLatencyP90: p.P90, telemetry.FieldLoadLatencyP95: p.P95,
		telemetry.FieldLoadLatencyP99: p.P99, telemetry.FieldLoadLatencyP999: p.P999,
	})
}

// service are the waits from the sending.
func (f fields) service(p report.Percentiles) {
	f.waits(p, telemetry.FieldLoadServiceCount, map[string]time.Duration{
		telemetry.FieldLoadServiceMean: p.Mean, telemetry.FieldLoadServiceMax: p.Max,
		telemetry.FieldLoadServiceP50: p.P50, telemetry.FieldLoadServiceP90: p.P90, telemetry.FieldLoadServiceP95: p.P95,
		telemetry.FieldLoadServiceP99: p.P99, telemetry.FieldLoadServiceP999: p.P999,
	})
}

// waits leaves the percentiles of no waits out: none is not zero.
func (f fields) waits(p report.Percentiles, count string, values map[string]time.Duration) {
	f[count] = p.Count
	if p.Count == 0 {
		return
	}
	for name, value := range values {
		f[name] = value
	}
}
