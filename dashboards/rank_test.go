package dashboards

import (
	"testing"
	"time"
)

func TestToleranceOfPercentiles(t *testing.T) {
	tests := []struct {
		name     string
		q        float64
		n        int64
		min, max float64
	}{
		{"a short run is exact but for neighbours", 0.5, 4000, 1.0 / 4000, 1.0 / 4000},
		{"the last size that is sorted", 0.5, 39_999, 1.0 / 39_999, 1.0 / 39_999},
		{"a long run is within two centroids", 0.5, 40_000, 0.008, 0.01},
		{"tails are held closer", 0.99, 1_000_000, 0.0004, 0.0006},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := RankTolerance(compression, tt.q, tt.n); got < tt.min || got > tt.max {
				t.Errorf("tolerance(%v, %d) = %v, want %v to %v", tt.q, tt.n, got, tt.min, tt.max)
			}
		})
	}
}

func TestRankOfDurations(t *testing.T) {
	var truth Truth
	for _, ms := range []int{1, 2, 2, 2, 10, 10, 20, 30, 40, 100} {
		truth.Durations("/", 200).Add(time.Duration(ms) * time.Millisecond)
	}
	s := newSpread(truth.byRoute["/"])
	tests := []struct {
		name      string
		ms        float64
		low, high float64
	}{
		{"below all", 0.5, 0, 0},
		{"the smallest", 1, 0, 0.1},
		{"one of several equal values", 2, 0.1, 0.4},
		{"between two values", 5, 0.4, 0.4},
		{"equal within the recorder's three digits", 10.001, 0.4, 0.6},
		{"the largest", 100, 0.9, 1},
		{"above all", 101, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			low, high := s.rank(tt.ms * 1e6)
			if low != tt.low || high != tt.high {
				t.Errorf("rank(%v ms) = %v to %v, want %v to %v", tt.ms, low, high, tt.low, tt.high)
			}
		})
	}
	if got, want := s.at(0.5), int64(10e6); got < want || float64(got) > 1.001*float64(want) {
		t.Errorf("at(0.5) = %d ns, want %d within a thousandth", got, want)
	}
}
