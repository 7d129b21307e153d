package cache

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMemoryForgetsWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewMemory(Options{})
		defer c.Close()
		ask(t, c, Key{}, says("old"))
		time.Sleep(5*time.Second - time.Millisecond)
		expect(t, "within its lifetime", ask(t, c, Key{}, says("new")), "old*")
		time.Sleep(time.Millisecond)
		expect(t, "after its lifetime", ask(t, c, Key{}, says("new")), "new")
	})
}

func TestMemoryIsBoundedByBytes(t *testing.T) {
	metrics := prometheus.NewRegistry()
	const bound = 10_000
	c := NewMemory(Options{MaxBytes: bound, Metrics: metrics, Lifetime: time.Hour})
	t.Cleanup(func() { c.Close() })
	for i := range 100 {
		ask(t, c, Key{Text: fmt.Sprint(i)}, says(strings.Repeat("x", 1000)))
	}
	c.shelf.(*memory).answers.CleanUp() // it evicts in the background otherwise
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		got[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	entries := got["icat_cache_entries"]
	if entries == 0 || got["icat_cache_bytes"] > bound || got["icat_cache_bytes"] < entries*1000 || got["icat_cache_evictions_total"] != 100-entries {
		t.Errorf("after 100 answers of 1000 bytes: %v", got)
	}
}
