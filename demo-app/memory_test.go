package main

import (
	"errors"
	"math"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestTheHeapKeepsWithinTheContainer(t *testing.T) {
	const container = 256 << 20
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	for _, row := range []struct {
		proves      string
		environment string
		provider    memlimit.Provider
		want        int64
	}{
		{"a container's limit leaves room beside the heap", "", memlimit.Limit(container), container * 8 / 10},
		{"without a limit there is none", "", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, math.MaxInt64},
		{"what cannot be read changes nothing", "", func() (uint64, error) { return 0, errors.New("no cgroup") }, math.MaxInt64},
		{"GOMEMLIMIT is the operator's word", "100MiB", memlimit.Limit(container), math.MaxInt64}, // the runtime read it at the start
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		if row.environment != "" {
			t.Setenv("GOMEMLIMIT", row.environment)
		}
		limitMemory(row.provider)
		if got := debug.SetMemoryLimit(-1); got < row.want-1 || got > row.want {
			t.Errorf("%s: %d bytes, want %d", row.proves, got, row.want)
		}
	}
}
