package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// prepared observes one attempt to prepare.
func (s *Service) prepared(ctx context.Context, c Claim, outcome string, start time.Time, err error) {
	s.metrics.durations.WithLabelValues(outcome).Observe(time.Since(start).Seconds())
	s.log(ctx, c, "download-prepare", outcome, start, err)
}

// log writes the line of one step of a job, in the trace of the request that
// asked for it.
func (s *Service) log(ctx context.Context, c Claim, action, outcome string, start time.Time, err error) {
	level, did := telemetry.LevelInfo, telemetry.Action{Name: action, Outcome: "success", Duration: time.Since(start)}
	if err != nil {
		level, did.Outcome = telemetry.LevelWarn, "failure"
	}
	if err != nil && outcome == dead {
		level = telemetry.LevelError
	}
	e := s.o.Log.Did(level, did)
	if e == nil {
		return
	}
	attempt := c.Attempts
	if c.Notices > 0 {
		attempt = c.Notices
	}
	e.Dict("user", e.CreateDict().Str("name", c.Username))
	e.Dict("labels", e.CreateDict().Str("download_id", c.ID).Str("outcome", outcome).Str("attempt", fmt.Sprint(attempt)))
	var id telemetry.Identity
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		id.TraceID, id.SpanID = sc.TraceID().String(), sc.SpanID().String()
	}
	switch {
	case err != nil:
		failure(e, err, id)
	case id.TraceID != "":
		e.Dict("trace", e.CreateDict().Str("id", id.TraceID)).Dict("span", e.CreateDict().Str("id", id.SpanID))
	}
	e.Msg("download worked on")
}

func failure(e *telemetry.Line, err error, id telemetry.Identity) *telemetry.Line {
	known, ok := errors.AsType[*icat.Error](err)
	if !ok { // of the notifier: its own words are for the operator
		known = icat.Wrap(icat.Unavailable, "the mail server did not take it", err)
	}
	kind, stack := fmt.Sprintf("%T", err), []byte(nil)
	if cause := errors.Unwrap(known); cause != nil {
		kind = fmt.Sprintf("%T", cause)
	}
	if c, ok := errors.AsType[*crash](err); ok {
		stack = c.stack
	}
	return telemetry.Failure(e, id, string(known.Code), kind, known.Error(), stack)
}
