//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
)

func TestArrivalsAgainstTheSchedule(t *testing.T) {
	even := func(n int, rate float64, late func(int) time.Duration) (times []time.Duration) {
		for k := range n {
			times = append(times, time.Hour+time.Duration(float64(k)/rate*float64(time.Second))+late(k))
		}
		return times
	}
	for _, row := range []struct {
		name     string
		late     func(int) time.Duration
		p50, p99 time.Duration
	}{
		{"all in time", func(int) time.Duration { return 0 }, 0, 0},
		{"all equally late is in time", func(int) time.Duration { return time.Second }, 0, 0},
		{"two of three late", func(k int) time.Duration { return time.Duration(min(k%3, 1)) * 300 * time.Microsecond }, 300 * time.Microsecond, 300 * time.Microsecond},
		{"one in fifty late", func(k int) time.Duration {
			if k%50 == 0 && k > 0 {
				return 500 * time.Microsecond
			}
			return 0
		}, 0, 500 * time.Microsecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := sum(even(10_001, 1000, row.late), 1000, time.Second)
			near := func(got, want time.Duration) bool { return (got - want).Abs() < time.Microsecond }
			if got.Count != 10_001 || !near(got.ErrorP50, row.p50) || !near(got.ErrorP99, row.p99) {
				t.Errorf("got %+v, want p50 %v and p99 %v", got, row.p50, row.p99)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	good := func() results {
		r := results{}
		for load, cpu := range map[string]float64{"10000/s": 2, "2000/s": 3, "saturated": 0.7} {
			m := measurement{cpu: cpu, planned: 10, sent: 10, bytes: 20}
			m.Count, m.Rate = 10, 10_000
			if load == "2000/s" {
				m.Rate = 2000
			}
			r.add(load, "loadgen", m)
			r.add(load, "oha", measurement{cpu: 5})
			r.add(load, "wrk", measurement{cpu: 0.6})
		}
		return r
	}
	var out bytes.Buffer
	if !judge(&out, good(), 0.1) || !strings.Contains(out.String(), "against vegeta     not measured") {
		t.Errorf("a good run is not held:\n%s", &out)
	}
	for name, spoil := range map[string]func(*measurement){
		"too much CPU":            func(m *measurement) { m.cpu = 9 },
		"not all sent":            func(m *measurement) { m.sent = 9 },
		"not all arrived":         func(m *measurement) { m.Count = 9 },
		"another rate":            func(m *measurement) { m.Rate *= 1.001 },
		"half of them late":       func(m *measurement) { m.ErrorP50 = time.Millisecond },
		"some of them very late":  func(m *measurement) { m.ErrorP99 = 2 * time.Millisecond },
		"a ledger as big as logs": func(m *measurement) { m.bytes = 41 },
	} {
		t.Run(name, func(t *testing.T) {
			r := good()
			spoil(&r["10000/s"]["loadgen"][0])
			if judge(&out, r, 0.1) {
				t.Error("held")
			}
		})
	}
	if judge(&out, good(), 1) {
		t.Error("a ledger that takes half the CPU is held")
	}
}

func TestWrongUse(t *testing.T) {
	var out, complaint bytes.Buffer
	if code := cli.Report(&complaint, "peers", run(t.Context(), []string{"-slow"}, &out, &out)); code != cli.Usage {
		t.Errorf("exit code %d, %q", code, &complaint)
	}
}
