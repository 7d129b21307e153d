package fault

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// MaxMemory bounds the memory that can be held, in MiB. Where the process has a
// memory limit, half of that does too: pressure is to be survived.
const MaxMemory = 1024

func maxMemory() int {
	limit := debug.SetMemoryLimit(-1) // only asks
	return int(min(MaxMemory, limit/2>>20))
}

// Load is pressure on the machine: busy cores, held memory, or both.
type Load struct {
	Cores   int       `json:"cores,omitempty"`   // kept busy, up to those there are
	Percent int       `json:"percent,omitempty"` // of each core's time; 100 when absent
	MiB     int       `json:"mib,omitempty"`     // held in the heap, up to MaxMemory
	For     Duration  `json:"for,omitempty"`     // 5m when absent, at most 24h
	Until   time.Time `json:"until,omitzero"`
}

// Pressure puts a load on the machine, one at a time. Its zero value is ready.
//
// The memory is part of the heap: the collector, which works when the heap has
// doubled, then lets as much garbage again pile up.
type Pressure struct {
	mu   sync.Mutex
	load Load // zero when there is none
	stop context.CancelFunc
	done chan struct{} // closed when the load is off
}

// Load returns the load that is on, the zero Load if there is none.
func (p *Pressure) Load() Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.load
}

// Apply puts l on in place of what was, and returns it with its end.
func (p *Pressure) Apply(l Load) (Load, error) {
	if err := l.check(); err != nil {
		return Load{}, err
	}
	l.For = cmp.Or(l.For, Duration(DefaultFor))
	l.Until = time.Now().Add(time.Duration(l.For)).UTC().Round(0)
	if l.Cores > 0 {
		l.Percent = cmp.Or(l.Percent, 100)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	ctx, stop := context.WithTimeout(context.Background(), time.Duration(l.For))
	done := make(chan struct{})
	p.load, p.stop, p.done = l, stop, done
	go func() {
		l.bear(ctx)
		close(done)
		p.over(done)
	}()
	return l, nil
}

// End takes the load off and returns when it is.
func (p *Pressure) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *Pressure) end() {
	if p.stop != nil {
		p.stop()
		<-p.done
		p.load, p.stop, p.done = Load{}, nil, nil
	}
}

// over forgets the load that done belongs to, unless another has followed it.
func (p *Pressure) over(done chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == done {
		p.end()
	}
}

func (l Load) check() error {
	for _, row := range []struct {
		wrong bool
		why   string
	}{
		{l.Cores < 0 || l.Cores > runtime.NumCPU(), fmt.Sprintf("cores is not from 0 to %d", runtime.NumCPU())},
		{l.Percent < 0 || l.Percent > 100, "percent is not from 1 to 100"},
		{l.Percent > 0 && l.Cores == 0, "percent means nothing without cores"},
		{l.MiB < 0 || l.MiB > maxMemory(), fmt.Sprintf("mib is not from 0 to %d", maxMemory())},
		{l.Cores == 0 && l.MiB == 0, "give cores, mib or both"},
		{l.For < 0 || time.Duration(l.For) > MaxFor, fmt.Sprintf("for is not from 0s to %s", MaxFor)},
		{!l.Until.IsZero(), "until is for answers; say for"},
	} {
		if row.wrong {
			return icat.Errorf(icat.BadParameter, "pressure: %s", row.why)
		}
	}
	return nil
}

// bear returns when ctx has ended and the load is off.
func (l Load) bear(ctx context.Context) {
	var work sync.WaitGroup
	for range l.Cores {
		work.Go(func() { burn(ctx, l.Percent) })
	}
	var held [][]byte
	for range l.MiB {
		if ctx.Err() != nil {
			break
		}
		held = append(held, touched(1<<20))
	}
	<-ctx.Done()
	runtime.KeepAlive(held)
	work.Wait()
	if held = nil; l.MiB > 0 {
		debug.FreeOSMemory() // give it back now, not when the collector comes by
	}
}

// touched returns n bytes that really take memory: the system gives pages out
// on the first write.
func touched(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += os.Getpagesize() {
		b[i] = 1
	}
	return b
}

// burn keeps one core busy for percent of each slice of time.
func burn(ctx context.Context, percent int) {
	const slice = 50 * time.Millisecond
	tick := time.NewTicker(slice)
	defer tick.Stop()
	for {
		for began := time.Now(); time.Since(began) < slice*time.Duration(percent)/100; {
			if ctx.Err() != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
