// Package spans exports what telemetry traces: it makes the Tracing that the
// standard OTEL_* environment variables ask for, and none when they do not ask.
// It is apart from telemetry because most that speak telemetry's words export
// nothing. OTLP goes over HTTP only.
package spans

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"plumbline/demo-app/telemetry"
)

// Options say who makes the spans and where trouble is told. All are needed.
type Options struct {
	Service telemetry.Service
	// Getenv is os.Getenv in a program. OpenTelemetry's own packages read the
	// process environment besides.
	Getenv  func(string) string
	Log     *telemetry.Log
	Console io.Writer // of OTEL_TRACES_EXPORTER=console
}

// New returns the Tracing that the environment asks for, nil if for none. It
// reports every bad value at once. A collector that cannot be reached is no
// error: the spans are lost, and a line says so at most once a minute.
func New(ctx context.Context, o Options) (*telemetry.Tracing, error) {
	if err := errors.Join(Check(o.Getenv)...); err != nil {
		return nil, err
	}
	names := wanted(o.Getenv)
	if disabled(o.Getenv) || len(names) == 0 {
		return nil, nil
	}
	from, err := origin(ctx, o.Service)
	if err != nil {
		return nil, err
	}
	options := []sdk.TracerProviderOption{sdk.WithResource(from)}
	for _, name := range names {
		exporter, err := open(ctx, name, o)
		if err != nil {
			return nil, fmt.Errorf("OTEL_TRACES_EXPORTER %s: %w", name, err)
		}
		options = append(options, sdk.WithBatcher(&reporter{SpanExporter: exporter, log: o.Log}))
	}
	provider := sdk.NewTracerProvider(options...)
	return telemetry.NewTracing(provider, provider.Shutdown), nil
}

// wanted returns the exporters asked for. An endpoint asks for OTLP.
func wanted(getenv func(string) string) []string {
	var names []string
	for name := range strings.SplitSeq(getenv("OTEL_TRACES_EXPORTER"), ",") {
		if name = strings.TrimSpace(name); name != "" && name != "none" {
			names = append(names, name)
		}
	}
	if getenv("OTEL_TRACES_EXPORTER") == "" && setting(getenv, "ENDPOINT") != "" {
		return []string{"otlp"}
	}
	return names
}

func open(ctx context.Context, name string, o Options) (sdk.SpanExporter, error) {
	if name == "console" {
		return stdouttrace.New(stdouttrace.WithWriter(o.Console))
	}
	c, err := newCollector(o.Getenv)
	if err != nil {
		return nil, err
	}
	return otlptrace.New(ctx, c)
}

// origin is the resource the spans come from. OTEL_RESOURCE_ATTRIBUTES and
// OTEL_SERVICE_NAME overrule what the program knows of itself.
func origin(ctx context.Context, s telemetry.Service) (*resource.Resource, error) {
	from, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", s.Name),
			attribute.String("service.version", s.Version),
			attribute.String("service.instance.id", s.Node),
			attribute.String("deployment.environment.name", s.Environment),
		),
		resource.WithFromEnv(),
	)
	if err != nil && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return from, nil
}
