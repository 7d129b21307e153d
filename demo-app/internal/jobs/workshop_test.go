package jobs

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/cli/transcript"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// shelves is a catalogue in which every dataset has that many files.
type shelves struct {
	files  int
	before func(context.Context) error // each Get; nil does nothing
}

func (s shelves) Get(ctx context.Context, _ icat.Session, e *icat.Entity, id int64, _ []icat.Include) (icat.Object, error) {
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return icat.Object{}, err
		}
	}
	o := icat.NewObject(e)
	o.Set("id", id)
	o.Set("location", fmt.Sprintf("/archive/%d", id))
	return o, nil
}

func (s shelves) List(_ context.Context, _ icat.Session, e *icat.Entity, f icat.Filter) ([]icat.Object, error) {
	after := f.Where[1].Values[0].(int64)
	var page []icat.Object
	for id := after + 1; id <= int64(s.files) && len(page) < f.Limit; id++ {
		o := icat.NewObject(e)
		o.Set("id", id)
		o.Set("name", fmt.Sprintf("run%d.nxs", id))
		o.Set("fileSize", id*10)
		page = append(page, o)
	}
	return page, nil
}

// notices is a notifier that counts, and fails while there are errors left.
type notices struct {
	n atomic.Int64

	mu     sync.Mutex
	errors []error
}

func (s *notices) Notify(context.Context, icat.Download) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errors) > 0 {
		err := s.errors[0]
		s.errors = s.errors[1:]
		return "", err
	}
	s.n.Add(1)
	return "sent", nil
}

// workshop is a service whose lines and metrics can be looked at.
type workshop struct {
	*Service
	registry *prometheus.Registry
	lines    *transcript.Buffer
}

func newWorkshop(t *testing.T, o Options) workshop {
	t.Helper()
	w := workshop{registry: prometheus.NewRegistry(), lines: &transcript.Buffer{}}
	o.Registerer, o.Log = w.registry, telemetry.NewLog(w.lines, telemetry.Service{Name: "test"}, 0)
	var err error
	w.Service, err = New(o)
	must(t, err)
	return w
}

// start runs the workers; the function it returns stops them and waits.
func (w workshop) start(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		must(t, <-done)
	}
}

// count reads a counter, or the count of a histogram, or a gauge.
func (w workshop) count(t *testing.T, metric, label string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == metric && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}
