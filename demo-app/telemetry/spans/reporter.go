package spans

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"plumbline/demo-app/telemetry"
)

// quiet is the least time between two lines about lost spans.
const quiet = time.Minute

// reporter tells the log what an exporter could not send. The batches' own way
// is OpenTelemetry's error handler, which all of a process share.
type reporter struct {
	sdk.SpanExporter
	log *telemetry.Log

	mu   sync.Mutex
	lost int       // spans since the last line
	told time.Time // of the last line
}

// ExportSpans never fails: an error would be told a second time.
func (r *reporter) ExportSpans(ctx context.Context, batch []sdk.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, batch)
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if partly, ok := errors.AsType[*refusal](err); ok {
		r.lost += int(partly.spans)
	} else {
		r.lost += len(batch)
	}
	if now := time.Now(); r.told.IsZero() || now.Sub(r.told) >= quiet {
		telemetry.Failure(r.log.Warn(), telemetry.Identity{}, "UNAVAILABLE", fmt.Sprintf("%T", err), fmt.Sprintf("%d spans lost: %v", r.lost, err), nil).
			Msg("spans not exported")
		r.told, r.lost = now, 0
	}
	return nil
}
