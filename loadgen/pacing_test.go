package main

import (
	"slices"
	"testing"
	"time"
)

func TestArrivedBy(t *testing.T) {
	by := arrivedBy(slices.Values([]time.Duration{0, time.Second, time.Second, 3 * time.Second}))
	for _, row := range []struct {
		proves string
		at     time.Duration
		want   uint64
	}{
		{"before the start", -time.Second, 0},
		{"what is due now is due", 0, 1},
		{"asked again", 0, 1},
		{"just before the next", time.Second - 1, 1},
		{"two of one moment", time.Second, 3},
		{"long after the end", time.Hour, 4},
		{"and ever after", 2 * time.Hour, 4},
	} {
		if got := by(row.at); got != row.want {
			t.Errorf("%s: %d by %v, want %d", row.proves, got, row.at, row.want)
		}
	}
}
