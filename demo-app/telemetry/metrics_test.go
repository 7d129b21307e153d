package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"plumbline/demo-app/icat"
)

func gather(t *testing.T, m *Metrics) []*dto.MetricFamily {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// counts returns the sample count of each series of a histogram, by its label
// values in the order of the label names.
func counts(t *testing.T, m *Metrics, name string) map[string]uint64 {
	t.Helper()
	got := map[string]uint64{}
	for _, f := range gather(t, m) {
		if f.GetName() != name {
			continue
		}
		for _, s := range f.Metric {
			var values []string
			for _, l := range s.Label {
				values = append(values, l.GetValue())
			}
			got[strings.Join(values, " ")] = s.Histogram.GetSampleCount()
		}
	}
	return got
}

func TestEveryObservationIsCountedInItsSeries(t *testing.T) {
	m := NewMetrics("1", "go")
	users := m.Route("/users/{id}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				users.Observe(&Access{Method: "GET", Status: 200, Duration: time.Millisecond, Bytes: 100})
				users.Observe(&Access{Method: "GET", Status: 404, Duration: time.Second})
				users.Observe(&Access{Method: Method("BREW"), Status: 405, Duration: time.Second})
			}
		})
	}
	wg.Wait()
	want := map[string]uint64{"GET 200 /users/{id}": 4000, "GET 404 /users/{id}": 4000, "_OTHER 405 /users/{id}": 4000}
	if diff := cmp.Diff(want, counts(t, m, MetricDuration)); diff != "" {
		t.Errorf("samples by series (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{"/users/{id}": 12_000}, counts(t, m, MetricResponseSize)); diff != "" {
		t.Errorf("sizes by series (-want +got):\n%s", diff)
	}
	for _, f := range gather(t, m) {
		for _, s := range f.Metric {
			if f.GetName() == MetricDuration && (s.Histogram.Schema == nil || len(s.Histogram.Bucket) == 0) {
				t.Errorf("%s: want classic buckets and a native histogram", s)
			}
		}
	}
}

func TestASeriesTakesOneExemplarASecond(t *testing.T) {
	m := NewMetrics("1", "go")
	r := m.Route("/users")
	at := time.Unix(1_000_000, 0)
	for i, trace := range []string{"first", "second", "third"} {
		r.Observe(&Access{Identity: Identity{TraceID: trace}, Method: "GET", Status: 200, Ended: at.Add(time.Duration(i) * 600 * time.Millisecond), Duration: time.Duration(i) * time.Second})
	}
	var got []string
	for _, f := range gather(t, m) {
		if f.GetName() != MetricDuration {
			continue
		}
		for _, b := range f.Metric[0].Histogram.Bucket {
			if b.Exemplar != nil {
				got = append(got, b.Exemplar.Label[0].GetName()+"="+b.Exemplar.Label[0].GetValue())
			}
		}
	}
	if diff := cmp.Diff([]string{"trace_id=first", "trace_id=third"}, got); diff != "" {
		t.Errorf("exemplars (-want +got):\n%s", diff)
	}
}

// Whatever is asked and answered, only what the program registered makes
// series: a route, nine methods and one for the rest, HTTP's statuses and one
// for the rest.
func TestHostileRequestsDoNotMakeSeries(t *testing.T) {
	m := NewMetrics("1", "go")
	routes := []*Route{m.Route("/users"), m.Route(RouteUnmatched)}
	for i := range 200_000 {
		routes[i%2].Observe(&Access{
			Method: fmt.Sprintf("M%d\xff", i), Route: fmt.Sprint("/r", i), Path: fmt.Sprint("/p", i), Status: i*7919%100_000 - 50_000,
			User: fmt.Sprint("u", i), UserAgent: fmt.Sprint("a", i), Identity: Identity{TraceID: fmt.Sprint(i)},
		})
	}
	if got, most := len(counts(t, m, MetricDuration)), len(routes)*(500+1); got > most {
		t.Errorf("%d duration series, want at most %d", got, most)
	}
	if got := len(counts(t, m, MetricResponseSize)); got != len(routes) {
		t.Errorf("%d size series, want %d", got, len(routes))
	}
}

func TestOperationsAreCappedToo(t *testing.T) {
	m := NewMetrics("1", "go")
	for i := range 3 * maxOperations {
		_, done := m.Operation(t.Context(), "sqlite", "list", fmt.Sprint("Entity", i))
		done(nil)
	}
	got := counts(t, m, MetricOperation)
	if len(got) != maxOperations+1 || got["_OTHER OK _OTHER _OTHER"] != 2*maxOperations {
		t.Errorf("%d series, %d operations in the one for the rest", len(got), got["_OTHER OK _OTHER _OTHER"])
	}
}

func TestAnOperationIsCountedWithItsCode(t *testing.T) {
	m := NewMetrics("1", "go")
	for _, err := range []error{
		nil, icat.Errorf(icat.NoSuchObject, "x"), fmt.Errorf("list: %w", icat.Errorf(icat.Unavailable, "x")),
		context.Canceled, context.DeadlineExceeded, errors.New("boom"), icat.Errorf("MADE_UP", "x"),
	} {
		ctx, done := m.Operation(t.Context(), "redis", "get", "")
		if ctx != t.Context() {
			t.Error("an untraced operation changes the context")
		}
		done(err)
	}
	want := map[string]uint64{
		"redis OK  get": 1, "redis NO_SUCH_OBJECT_FOUND  get": 1, "redis UNAVAILABLE  get": 1,
		"redis CLIENT_CLOSED  get": 1, "redis TIMEOUT  get": 1, "redis INTERNAL  get": 2,
	}
	if diff := cmp.Diff(want, counts(t, m, MetricOperation)); diff != "" {
		t.Errorf("operations by series (-want +got):\n%s", diff)
	}
}

// lint returns what Prometheus' own linter finds in the text of a scrape.
func lint(t *testing.T, scrape []byte) []string {
	t.Helper()
	problems, err := promlint.New(bytes.NewReader(scrape)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range problems {
		found = append(found, p.Metric+": "+p.Text)
	}
	return found
}

func TestMetricsPassPrometheusLinter(t *testing.T) {
	m := NewMetrics("1", "go")
	m.Route("/users").Observe(&Access{Method: "GET", Status: 200})
	_, done := m.Operation(t.Context(), "sqlite", "list", "Dataset")
	done(nil)
	var scrape bytes.Buffer
	for _, f := range gather(t, m) {
		if _, err := expfmt.MetricFamilyToText(&scrape, f); err != nil {
			t.Fatal(err)
		}
	}
	if found := lint(t, scrape.Bytes()); len(found) > 0 {
		t.Errorf("the linter says %q", found)
	}
	t.Run("and the linter can complain", func(t *testing.T) {
		if found := lint(t, []byte("# TYPE answersMs counter\nanswersMs 1\n")); len(found) == 0 {
			t.Error("a counter in camel case and milliseconds without help passes")
		}
	})
}

func TestMetricsOfTwoServersDoNotMeet(t *testing.T) {
	a, b := NewMetrics("1", "go"), NewMetrics("1", "go")
	a.Active.Inc()
	families, err := b.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if got := f.Metric[0].GetGauge().GetValue(); f.GetName() == MetricActive && got != 0 {
			t.Errorf("the other server's gauge is %v", got)
		}
	}
}

func TestMethodIsBounded(t *testing.T) {
	for _, m := range Methods() {
		if got := Method(httptest.NewRequest(m, "/", nil).Method); got != m {
			t.Errorf("Method(%s) = %s", m, got)
		}
	}
	if got := Method("get"); got != MethodOther {
		t.Errorf("Method(get) = %s, want %s", got, MethodOther)
	}
}

func BenchmarkObserve(b *testing.B) {
	r, a := NewMetrics("1", "go").Route("/users/{id}"), anAccess()
	b.ReportAllocs()
	for b.Loop() {
		r.Observe(a)
	}
}

func BenchmarkOperation(b *testing.B) {
	m := NewMetrics("1", "go")
	b.ReportAllocs()
	for b.Loop() {
		_, done := m.Operation(b.Context(), "sqlite", "list", "Dataset")
		done(nil)
	}
}
