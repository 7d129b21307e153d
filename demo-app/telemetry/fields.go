// Package telemetry is the vocabulary of what the stack observes: field names,
// data streams, the access line, the RED metrics and the request identity.
// demo-app writes in these words and dashboards, loadgen and provisioner read
// in them, so a renamed field breaks the build and not a panel.
package telemetry

// Field names of an access line: Elastic Common Schema (ECS) where it has a
// word, and the two run fields that tie a line to a load generator's attempt.
const (
	FieldTimestamp     = "@timestamp" // RFC 3339 with nanoseconds, UTC: when the answer was complete
	FieldLogLevel      = "log.level"
	FieldMessage       = "message"
	FieldECSVersion    = "ecs.version"
	FieldServiceName   = "service.name"
	FieldServiceVer    = "service.version"
	FieldServiceEnv    = "service.environment"
	FieldServiceNode   = "service.node.name"
	FieldEventID       = "event.id" // unique per line, made by demo-app
	FieldEventDataset  = "event.dataset"
	FieldEventKind     = "event.kind"
	FieldEventCategory = "event.category"
	FieldEventOutcome  = "event.outcome"  // "success" or "failure" (status >= 500)
	FieldEventDuration = "event.duration" // nanoseconds
	FieldEventCreated  = "event.created"  // when the shipper read the line
	FieldEventIngested = "event.ingested" // when Elasticsearch took the line for indexing
	FieldEventStart    = "event.start"
	FieldEventEnd      = "event.end"
	FieldRequestID     = "http.request.id"
	FieldMethod        = "http.request.method"
	FieldStatus        = "http.response.status_code"
	FieldResponseBytes = "http.response.body.bytes"
	FieldPath          = "url.path"
	FieldRoute         = "http.route" // the route template, never the raw path
	FieldUserName      = "user.name"
	FieldClientIP      = "client.ip"
	FieldUserAgent     = "user_agent.original"
	FieldTraceID       = "trace.id"
	FieldSpanID        = "span.id"
	FieldErrorCode     = "error.code"
	FieldErrorType     = "error.type"
	FieldErrorMessage  = "error.message"
	FieldErrorStack    = "error.stack_trace"

	FieldRunID  = "run.id"  // baggage member run.id: one load run
	FieldRunSeq = "run.seq" // baggage member run.seq: one attempt of that run, from 1
)

// Values of event.dataset.
const (
	DatasetAccess = "icat.access"
	DatasetApp    = "icat.app"
	DatasetLoad   = "loadgen.run"
)

// Data streams that the stack writes and reads.
const (
	StreamAccess     = "logs-icat.access-default"
	StreamApp        = "logs-icat.app-default"
	StreamPrometheus = "metrics-icat.prometheus-default"
	StreamLag        = "metrics-plumbline.lag-default"
	StreamVerdict    = "metrics-plumbline.verdict-default"
	StreamLines      = "logs-plumbline.lines-default" // of loadgen lines, by whatever shipper
	StreamLoad       = "metrics-loadgen.run-default"
	StreamCPU        = "metrics-system.cpu-default"
	StreamMemory     = "metrics-system.memory-default"
	StreamProcess    = "metrics-system.process-default"
	StreamBeats      = "metrics-beats.stats-default"
	StreamBeatState  = "metrics-beats.state-default"
	StreamQueue      = "metrics-beats.queue-default"
	StreamOwn        = "metrics-plumbline.prometheus-default" // of the board and the canary

	StreamsLogs = "logs-icat.*-default"
	StreamsAll  = "logs-*-default,metrics-*-default"
)

// RouteUnmatched is http.route for a request that matched no route.
const RouteUnmatched = "unmatched"

// OperationalRoutes returns the routes asked by probes and scrapers rather
// than by users; RED panels leave them out.
func OperationalRoutes() []string { return []string{"/healthz", "/readyz", "/metrics", "/version"} }
