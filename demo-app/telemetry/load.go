package telemetry

// Fields in which a load generator tells what it did. Counts are those since
// the run began, so that a document that never arrives costs resolution and
// nothing else. Times are nanoseconds, rates per second.
const (
	FieldLoadDocument = "loadgen.document" // LoadInterval, LoadRoute, LoadJourney or LoadSummary
	FieldLoadInterval = "loadgen.interval" // which one, from 1
	FieldLoadElapsed  = "loadgen.elapsed"  // since the start of the schedule

	FieldLoadWanted   = "loadgen.rate.wanted" // now, in a summary on average; 0 if the target decides
	FieldLoadRate     = "loadgen.rate.sent"   // over the interval, in a summary over the run
	FieldLoadPlanned  = "loadgen.planned"     // arrivals of the whole schedule; 0 if not known before the end
	FieldLoadDue      = "loadgen.due"         // arrivals by now
	FieldLoadSent     = "loadgen.sent"        // attempts that were tried: all but the dropped
	FieldLoadInFlight = "loadgen.in_flight"   // of the sent, those that have not ended
	FieldLoadEnded    = "loadgen.ended"       // answered, timeout, reset and refused together

	FieldLoadAnswered   = "loadgen.answered"
	FieldLoadTimeout    = "loadgen.timeout"
	FieldLoadReset      = "loadgen.reset"
	FieldLoadRefused    = "loadgen.refused"
	FieldLoadDropped    = "loadgen.dropped"    // never sent: too many in flight
	FieldLoadOK         = "loadgen.ok"         // of the answered, those with the status that the journey expects
	FieldLoadUnexpected = "loadgen.unexpected" // and those with another

	FieldLoadStatus2xx   = "loadgen.status.2xx" // of the answered
	FieldLoadStatus3xx   = "loadgen.status.3xx"
	FieldLoadStatus4xx   = "loadgen.status.4xx"
	FieldLoadStatus5xx   = "loadgen.status.5xx"
	FieldLoadStatusOther = "loadgen.status.other"

	FieldLoadJourney = "loadgen.journey" // of which one, in a document about a journey
)

// Percentiles of the waits that ended in the time of the document (event.start
// to event.end), in a summary of the whole run: from the scheduled time
// (latency) and from the sending (service).
const (
	FieldLoadLatencyCount = "loadgen.latency.count"
	FieldLoadLatencyMean  = "loadgen.latency.mean"
	FieldLoadLatencyP50   = "loadgen.latency.p50"
	FieldLoadLatencyP90   = "loadgen.latency.p90"
	FieldLoadLatencyP95   = "loadgen.latency.p95"
	FieldLoadLatencyP99   = "loadgen.latency.p99"
	FieldLoadLatencyP999  = "loadgen.latency.p99_9"
	FieldLoadLatencyMax   = "loadgen.latency.max"

	FieldLoadServiceCount = "loadgen.service.count"
	FieldLoadServiceMean  = "loadgen.service.mean"
	FieldLoadServiceP50   = "loadgen.service.p50"
	FieldLoadServiceP90   = "loadgen.service.p90"
	FieldLoadServiceP95   = "loadgen.service.p95"
	FieldLoadServiceP99   = "loadgen.service.p99"
	FieldLoadServiceP999  = "loadgen.service.p99_9"
	FieldLoadServiceMax   = "loadgen.service.max"
)

// Fields of a summary alone: which run it was, and how it ended.
const (
	FieldLoadTarget     = "loadgen.target" // base URL
	FieldLoadSeed       = "loadgen.seed"   // in digits: it may be larger than a long
	FieldLoadScale      = "loadgen.scale"
	FieldLoadPace       = "loadgen.pace"     // shape of the schedule, constant for an even one
	FieldLoadLength     = "loadgen.length"   // of the schedule
	FieldLoadJourneys   = "loadgen.journeys" // names, the most used first
	FieldLoadRoutes     = "loadgen.routes"   // how many there were; only so many have documents
	FieldLoadComplete   = "loadgen.complete" // the whole schedule was gone through
	FieldLoadStopped    = "loadgen.stopped"  // why not
	FieldLoadConditions = "loadgen.conditions.given"
	FieldLoadFailed     = "loadgen.conditions.failed" // those that came true, with the value
)

// Kinds of such a document.
const (
	LoadInterval = "interval" // the whole load, once a second
	LoadRoute    = "route"    // one method and route
	LoadJourney  = "journey"  // one journey at the end of the run, once
	LoadSummary  = "summary"  // the run at its end, once
)
