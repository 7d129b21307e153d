package fault

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline/demo-app/icat"
)

// eventually fails when ok does not hold for too long.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

func heapMiB() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// busy is the processor time that this process's own code has taken.
func busy() float64 {
	runtime.GC() // the runtime counts at each collection
	s := []metrics.Sample{{Name: "/cpu/classes/user:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}

func TestMemoryIsHeldAndGivenBack(t *testing.T) {
	var p Pressure
	before := heapMiB()
	on, err := p.Apply(Load{MiB: 64})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Load{MiB: 64, For: Duration(DefaultFor)}, on, cmpopts.IgnoreFields(Load{}, "Until")); diff != "" || p.Load() != on {
		t.Errorf("(-want +got):\n%s", diff)
	}
	eventually(t, "the heap grows", func() bool { runtime.GC(); return heapMiB() >= before+60 })
	p.End()
	if p.Load() != (Load{}) {
		t.Error("the load is still on")
	}
	eventually(t, "the heap shrinks", func() bool { runtime.GC(); return heapMiB() < before+30 })
}

func TestACoreIsKeptBusy(t *testing.T) {
	var p Pressure
	idle := busy()
	if _, err := p.Apply(Load{Cores: 1}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "processor time is taken", func() bool { return busy() > idle+0.2 })
	p.End()
	p.End() // a second time does no harm
}

func TestALoadEndsByItselfAndOneFollowsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pressure
		for _, l := range []Load{{MiB: 1, For: Duration(time.Minute)}, {MiB: 2, For: Duration(time.Hour)}} {
			if _, err := p.Apply(l); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour - time.Nanosecond)
		synctest.Wait()
		if p.Load().MiB != 2 {
			t.Errorf("the second load is %+v", p.Load())
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if p.Load() != (Load{}) {
			t.Errorf("left over: %+v", p.Load())
		}
	})
}

func TestBadLoads(t *testing.T) {
	for name, row := range map[string]struct {
		load Load
		want string
	}{
		"nothing":               {Load{}, "give cores, mib or both"},
		"more cores than exist": {Load{Cores: runtime.NumCPU() + 1}, "cores is not"},
		"negative cores":        {Load{Cores: -1}, "cores is not"},
		"percent of no core":    {Load{Percent: 50, MiB: 1}, "percent means nothing"},
		"percent above 100":     {Load{Cores: 1, Percent: 101}, "percent is not"},
		"too much memory":       {Load{MiB: MaxMemory + 1}, "mib is not"},
		"negative memory":       {Load{MiB: -1}, "mib is not"},
		"too long":              {Load{MiB: 1, For: Duration(MaxFor + 1)}, "for is not"},
		"until an instant":      {Load{MiB: 1, Until: time.Now()}, "say for"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Pressure
			_, err := p.Apply(row.load)
			if told(err) != string(icat.BadParameter) || !strings.Contains(err.Error(), row.want) || p.Load() != (Load{}) {
				t.Errorf("got %v and %+v, want %q", err, p.Load(), row.want)
			}
		})
	}
}

// In a small container the load must not be what ends the process.
func TestALoadLeavesHalfOfTheMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const limit = 100
	debug.SetMemoryLimit(limit << 20)
	if err := (Load{MiB: limit / 2}).check(); err != nil {
		t.Errorf("half: %v", err)
	}
	if err := (Load{MiB: limit/2 + 1}).check(); err == nil || !strings.Contains(err.Error(), "mib is not from 0 to 50") {
		t.Errorf("more than half: %v", err)
	}
}

func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		p := NewPool(8, func(n int) { sizes = append(sizes, n) })
		resize := func(to PoolSize) {
			t.Helper()
			if _, err := p.Resize(to); err != nil {
				t.Fatal(err)
			}
		}
		resize(PoolSize{Size: 1, For: Duration(time.Minute)})
		time.Sleep(30 * time.Second)
		resize(PoolSize{Size: 2})
		time.Sleep(DefaultFor - time.Nanosecond)
		synctest.Wait()
		if got := p.Size(); got.Size != 2 || got.Configured != 8 || time.Duration(got.For) != DefaultFor {
			t.Errorf("before its end: %+v", got)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		resize(PoolSize{Size: 3})
		resize(PoolSize{Size: 8})
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]int{1, 2, 8, 3, 8}, sizes); diff != "" {
			t.Errorf("sizes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(PoolSize{Size: 8, Configured: 8}, p.Size()); diff != "" {
			t.Errorf("at the end (-want +got):\n%s", diff)
		}
		for _, bad := range []PoolSize{{}, {Size: -1}, {Size: MaxPool + 1}, {Size: 1, For: -1}, {Size: 1, For: Duration(MaxFor + 1)}, {Size: 1, Configured: 4}} {
			if _, err := p.Resize(bad); told(err) != string(icat.BadParameter) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}
