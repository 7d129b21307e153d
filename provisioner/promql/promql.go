// Package promql asks a Prometheus server: the state of series at a moment, and
// their samples just as they were scraped, without the extrapolation of rate
// and increase. What to ask belongs to the callers.
//
// It stands on the official client of the HTTP API.
package promql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 30 * time.Second
)

// Client asks one server. It is safe for concurrent use.
type Client struct {
	host string
	base string // URL
	http *http.Client
	api  v1.API
}

// Sample is one value of a series.
type Sample struct {
	Labels map[string]string
	At     time.Time
	Value  float64
	Native *Histogram // set for a sample of a native histogram; Value is 0 then
}

// Histogram is the value of a native histogram.
type Histogram struct {
	Count   float64
	Buckets []Bucket // those that were hit, ascending
}

// Bucket holds the observations above Lower and at most Upper.
type Bucket struct{ Lower, Upper, Count float64 }

// New returns a client of the server at a base URL such as
// http://127.0.0.1:9090. It does not connect.
func New(address string) (*Client, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("prometheus address %q is not a URL of scheme http or https", address)
	case u.User != nil:
		return nil, errors.New("prometheus address carries a password")
	}
	network := &http.Client{Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: time.Minute,
	}}
	client, err := api.NewClient(api.Config{Address: address, Client: network})
	if err != nil {
		return nil, fmt.Errorf("prometheus client: %w", err)
	}
	return &Client{host: u.Host, base: strings.TrimRight(address, "/"), http: network, api: v1.NewAPI(client)}, nil
}

// UnreachableError says that the server could not be asked.
type UnreachableError struct {
	Host string
	Err  error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("prometheus at %s: %v", e.Host, e.Err)
}

// Unwrap returns what the connection said.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint says what to try next.
func (e *UnreachableError) Hint() string {
	return "is Prometheus running there? curl http://" + e.Host + "/-/ready"
}

// At returns the value of an expression at a moment, by series.
func (c *Client) At(ctx context.Context, expression string, at time.Time) ([]Sample, error) {
	value, err := c.query(ctx, expression, at)
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("prometheus: %s is a %s and no vector", expression, value.Type())
	}
	samples := make([]Sample, len(vector))
	for i, s := range vector {
		samples[i] = Sample{Labels: labels(s.Metric), At: s.Timestamp.Time(), Value: float64(s.Value), Native: native(s.Histogram)}
	}
	return samples, nil
}

// Samples returns every sample of a selector later than from and not later
// than to, by series and in the order of time.
func (c *Client) Samples(ctx context.Context, selector string, from, to time.Time) ([]Sample, error) {
	span := to.Sub(from).Milliseconds()
	if span <= 0 {
		return nil, nil
	}
	expression := fmt.Sprintf("%s[%dms]", selector, span)
	value, err := c.query(ctx, expression, to)
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("prometheus: %s is a %s and no matrix", expression, value.Type())
	}
	var samples []Sample
	for _, series := range matrix {
		of := labels(series.Metric)
		for _, v := range series.Values {
			samples = append(samples, Sample{Labels: of, At: v.Timestamp.Time(), Value: float64(v.Value)})
		}
		for _, h := range series.Histograms {
			samples = append(samples, Sample{Labels: of, At: h.Timestamp.Time(), Native: native(h.Histogram)})
		}
	}
	return samples, nil
}

// Clock returns by how much the server's clock is ahead of ours: between low
// and high.
func (c *Client) Clock(ctx context.Context) (low, high time.Duration, err error) {
	before := time.Now()
	value, err := c.query(ctx, "time()", time.Time{})
	after := time.Now()
	if err != nil {
		return 0, 0, err
	}
	now, ok := value.(*model.Scalar)
	if !ok {
		return 0, 0, fmt.Errorf("prometheus: time() is a %s", value.Type())
	}
	// The answer has milliseconds.
	theirs := now.Timestamp.Time()
	return theirs.Sub(after), theirs.Sub(before) + time.Millisecond, nil
}

// Series returns the labels, with the name as __name__, of every series that a
// selector matches and that has a sample from from to to.
func (c *Client) Series(ctx context.Context, selector string, from, to time.Time) ([]map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	sets, _, _, err := c.api.Series(ctx, []string{selector}, from, to)
	if err != nil {
		return nil, c.refused(selector, err)
	}
	all := make([]map[string]string, len(sets))
	for i, set := range sets {
		all[i] = labels(model.Metric(set))
	}
	return all, nil
}

func (c *Client) query(ctx context.Context, expression string, at time.Time) (model.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	value, _, _, err := c.api.Query(ctx, expression, at)
	if err != nil {
		return nil, c.refused(expression, err)
	}
	return value, nil
}

// refused tells what Prometheus says of an expression from a server that could
// not be asked.
func (c *Client) refused(expression string, err error) error {
	var said *v1.Error
	if errors.As(err, &said) && said.Type != v1.ErrClient && said.Type != v1.ErrServer && said.Type != v1.ErrBadResponse {
		return fmt.Errorf("prometheus: %s: %s", expression, said.Msg)
	}
	return &UnreachableError{Host: c.host, Err: cause(err)}
}

// cause leaves the address out, which the caller names.
func cause(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func labels(m model.Metric) map[string]string {
	out := make(map[string]string, len(m))
	for name, value := range m {
		out[string(name)] = string(value)
	}
	return out
}

func native(h *model.SampleHistogram) *Histogram {
	if h == nil {
		return nil
	}
	out := &Histogram{Count: float64(h.Count)}
	for _, b := range h.Buckets {
		out.Buckets = append(out.Buckets, Bucket{Lower: float64(b.Lower), Upper: float64(b.Upper), Count: float64(b.Count)})
	}
	return out
}
