package telemetry

import (
	"context"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const tracerName = "plumbline/demo-app"

// Tracing makes the spans of a server. A nil Tracing makes none and costs
// nothing: ids are in the lines all the same. Package spans makes one that
// exports.
type Tracing struct {
	tracer   trace.Tracer
	shutdown func(context.Context) error
}

// NewTracing returns a Tracing that makes its spans with p; shutdown sends what
// waits and ends p.
func NewTracing(p trace.TracerProvider, shutdown func(context.Context) error) *Tracing {
	return &Tracing{tracer: p.Tracer(tracerName), shutdown: shutdown}
}

// Shutdown sends the spans that wait, until ctx ends.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.shutdown(ctx)
}

// Span is the server's span of one request. The zero Span is none.
type Span struct{ span trace.Span }

// Start begins the span of r, a child of the client's if r says so, and gives
// id the span's own ids. The request to go on with carries the span.
func (t *Tracing) Start(r *http.Request, id *Identity) (Span, *http.Request) {
	if t == nil {
		return Span{}, r
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, Method(r.Method), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", Method(r.Method)),
		attribute.String("url.path", cut(r.URL.Path, maxPath)),
		attribute.String("url.scheme", "http"),
	))
	sc := span.SpanContext()
	id.TraceID, id.SpanID = sc.TraceID().String(), sc.SpanID().String()
	return Span{span}, r.WithContext(ctx)
}

// End ends the span with what the access line says of the request.
func (s Span) End(a *Access) {
	if s.span == nil || !s.span.IsRecording() {
		return
	}
	s.span.SetName(a.Method + " " + a.Route)
	s.span.SetAttributes(
		attribute.String(FieldRoute, a.Route),
		attribute.Int("http.response.status_code", a.Status),
		attribute.Int64("http.response.body.size", a.Bytes),
		attribute.String("client.address", a.ClientIP),
	)
	if a.UserAgent != "" {
		s.span.SetAttributes(attribute.String("user_agent.original", cut(a.UserAgent, maxUserAgent)))
	}
	if a.failed() {
		kind := strconv.Itoa(a.Status)
		if a.Err != nil {
			kind = a.Err.Code
		}
		s.span.SetAttributes(attribute.String("error.type", kind))
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End(trace.WithTimestamp(a.Ended))
}
