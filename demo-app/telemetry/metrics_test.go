package telemetry

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryObservationIsCountedInItsSeries(t *testing.T) {
	m := NewMetrics("1", "go")
	users := m.Route("/users/{id}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				users.Observe("GET", 200, time.Millisecond)
				users.Observe("GET", 404, time.Second)
				users.Observe(Method("BREW"), 405, time.Second)
			}
		})
	}
	wg.Wait()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, f := range families {
		if f.GetName() != MetricDuration {
			continue
		}
		for _, s := range f.Metric {
			key := ""
			for _, l := range s.Label { // sorted by name: method, status, route
				key += l.GetValue() + " "
			}
			got[key] = s.Histogram.GetSampleCount()
			if s.Histogram.Schema == nil || len(s.Histogram.Bucket) == 0 {
				t.Errorf("%s: want classic buckets and a native histogram", key)
			}
		}
	}
	want := map[string]uint64{"GET 200 /users/{id} ": 4000, "GET 404 /users/{id} ": 4000, "_OTHER 405 /users/{id} ": 4000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples by series (-want +got):\n%s", diff)
	}
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
	r := NewMetrics("1", "go").Route("/users/{id}")
	b.ReportAllocs()
	for b.Loop() {
		r.Observe("GET", 200, time.Millisecond)
	}
}
