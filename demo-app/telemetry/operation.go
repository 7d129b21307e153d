package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"plumbline/demo-app/icat"
)

// CodeOK is the code of a backend operation that succeeded.
const CodeOK = "OK"

// maxOperations caps the series of backend operations. The program has far
// fewer; only a name made from what a client sent could reach it.
const maxOperations = 1000

// operation is what tells series of backend operations apart.
type operation struct{ backend, name, entity, code string }

// Operation notes that the named backend starts an operation, for instance
// ("mariadb", "list", "Dataset"). Call what it returns once, with the error the
// operation ended with: it observes the duration, in seconds, and ends the span
// that the returned context carries if the request is traced.
func (m *Metrics) Operation(ctx context.Context, backend, name, entity string) (context.Context, func(error)) {
	started := time.Now()
	span := trace.SpanFromContext(ctx)
	if traced := span.IsRecording(); !traced {
		return ctx, func(err error) {
			m.observe(operation{backend, name, entity, string(codeOf(err))}, time.Since(started))
		}
	}
	title := name
	if entity != "" {
		title += " " + entity
	}
	ctx, span = span.TracerProvider().Tracer(tracerName).Start(ctx, title, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(started),
		trace.WithAttributes(
			attribute.String("icat.backend", backend),
			attribute.String("icat.operation", name),
			attribute.String("icat.entity", entity),
		))
	return ctx, func(err error) {
		code := codeOf(err)
		m.observe(operation{backend, name, entity, string(code)}, time.Since(started))
		if code != CodeOK && code.Status() >= 500 {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(attribute.String("error.type", string(code)))
		}
		span.End()
	}
}

// codeOf folds an error into a code; there are only as many as icat has.
func codeOf(err error) icat.Code {
	if err == nil {
		return CodeOK
	}
	if e, ok := errors.AsType[*icat.Error](err); ok {
		if e.Code.Status() == icat.Internal.Status() {
			return icat.Internal
		}
		return e.Code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return icat.ClientClosed
	case errors.Is(err, context.DeadlineExceeded):
		return icat.Timeout
	}
	return icat.Internal
}

func (m *Metrics) observe(key operation, d time.Duration) {
	o, ok := m.backends.get(key)
	if !ok {
		o = m.backends.add(key, m.open)
	}
	o.Observe(d.Seconds())
}

func (m *Metrics) open(key operation) (operation, prometheus.Observer) {
	if m.backends.len() >= maxOperations {
		key = operation{Other, Other, Other, key.code}
	}
	return key, m.operations.WithLabelValues(key.backend, key.name, key.entity, key.code)
}
