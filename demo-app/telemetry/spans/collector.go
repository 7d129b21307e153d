package spans

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	standardEndpoint = "http://localhost:4318"
	standardTimeout  = 10 * time.Second
	longestResponse  = 64 << 10 // bytes that are read of it
)

// collector is where OTLP goes: protobuf over HTTP. It stands where
// OpenTelemetry's own otlptracehttp could, which brings gRPC into the program;
// docs/decisions/size.md has the figures.
type collector struct {
	url     string
	header  http.Header
	timeout time.Duration // of one batch, all attempts together
	zipped  bool
	web     *http.Client
}

var _ otlptrace.Client = (*collector)(nil)

// setting is what is set for traces, or else for all signals.
func setting(getenv func(string) string, name string) string {
	return cmp.Or(strings.TrimSpace(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name)), strings.TrimSpace(getenv("OTEL_EXPORTER_OTLP_"+name)))
}

// newCollector takes values that are good one by one.
func newCollector(getenv func(string) string) (*collector, error) {
	c := &collector{
		header:  http.Header{"Content-Type": {"application/x-protobuf"}, "User-Agent": {"OTel-OTLP-Exporter-Go/" + otlptrace.Version()}},
		timeout: standardTimeout,
		zipped:  strings.EqualFold(setting(getenv, "COMPRESSION"), "gzip"),
	}
	if c.zipped {
		c.header.Set("Content-Encoding", "gzip")
	}
	if ms, err := strconv.Atoi(setting(getenv, "TIMEOUT")); err == nil && ms > 0 {
		c.timeout = time.Duration(ms) * time.Millisecond
	}
	for pair := range strings.SplitSeq(setting(getenv, "HEADERS"), ",") {
		if key, value, found := strings.Cut(pair, "="); found {
			value, _ = url.PathUnescape(strings.TrimSpace(value))
			c.header.Set(strings.TrimSpace(key), value)
		}
	}
	u, err := tracesURL(getenv)
	if err != nil {
		return nil, err
	}
	c.url = u.String()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if u.Scheme == "https" {
		if transport.TLSClientConfig, err = trust(getenv); err != nil {
			return nil, err
		}
	}
	// The headers may hold a key: they go to no other address.
	c.web = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// tracesURL is the endpoint for traces as it is, or a path below that of all signals.
func tracesURL(getenv func(string) string) (*url.URL, error) {
	if own := strings.TrimSpace(getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")); own != "" {
		return url.Parse(own)
	}
	u, err := url.Parse(cmp.Or(strings.TrimSpace(getenv("OTEL_EXPORTER_OTLP_ENDPOINT")), standardEndpoint))
	if err == nil {
		u.Path = path.Join("/", u.Path, "v1/traces")
	}
	return u, err
}

// trust is whom a collector that speaks TLS must be vouched for by, and who asks.
func trust(getenv func(string) string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if name := setting(getenv, "CERTIFICATE"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE %q: holds no certificate in PEM", name)
		}
	}
	if cert, key := setting(getenv, "CLIENT_CERTIFICATE"), setting(getenv, "CLIENT_KEY"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _KEY: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Start has nothing to open: connections are made when there is something to say.
func (c *collector) Start(context.Context) error { return nil }

// Stop closes the connections that idle.
func (c *collector) Stop(context.Context) error {
	c.web.CloseIdleConnections()
	return nil
}

// UploadTraces sends one batch, again and again while the collector says that it
// is only too busy and the time allows it.
func (c *collector) UploadTraces(ctx context.Context, batch []*trace.ResourceSpans) error {
	// TracesData is an ExportTraceServiceRequest to the byte, without gRPC's stubs.
	body, err := proto.Marshal(&trace.TracesData{ResourceSpans: batch})
	if err != nil {
		return err
	}
	if c.zipped {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(body)
		if err = errors.Join(err, z.Close()); err != nil {
			return err
		}
		body = b.Bytes()
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := backoff.Retry(ctx, func() ([]byte, error) { return c.post(ctx, body) }, backoff.WithMaxElapsedTime(c.timeout))
	if err != nil {
		return err
	}
	return refused(response)
}

func (c *collector) post(ctx context.Context, body []byte) (response []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	r.Header = c.header.Clone()
	a, err := c.web.Do(r)
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	defer a.Body.Close()
	response, err = io.ReadAll(io.LimitReader(a.Body, longestResponse))
	if a.StatusCode/100 == 2 && err == nil {
		if a.Header.Get("Content-Type") != "application/x-protobuf" {
			return nil, nil
		}
		return response, nil
	}
	err = errors.Join(fmt.Errorf("POST %s: %s %.200q", c.url, a.Status, response), err)
	switch a.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if seconds, bad := strconv.Atoi(a.Header.Get("Retry-After")); bad == nil && seconds >= 0 {
			return nil, fmt.Errorf("%w: %w", err, backoff.RetryAfter(seconds))
		}
		return nil, err
	}
	return nil, backoff.Permanent(err)
}
