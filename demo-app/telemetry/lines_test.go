package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// recorder notes each write; it takes only as many bytes as room says and
// fails for the rest. Room < 0 is endless.
type recorder struct {
	mu     sync.Mutex
	writes []string
	room   int
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(b)
	if r.room >= 0 {
		n = min(n, r.room)
		r.room -= n
	}
	if n > 0 {
		r.writes = append(r.writes, string(b[:n]))
	}
	if n < len(b) {
		return n, errors.New("no space left")
	}
	return n, nil
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.writes, "")
}

func TestALineWaitsTwentyMilliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{room: -1}
		l := NewLines(out)
		l.Write([]byte("a\n"))
		time.Sleep(linger - 1)
		l.Write([]byte("b\n"))
		synctest.Wait()
		if got := out.text(); got != "" {
			t.Errorf("written before its time: %q", got)
		}
		time.Sleep(1 * time.Nanosecond)
		synctest.Wait()
		if got := out.text(); got != "a\nb\n" || len(out.writes) != 1 {
			t.Errorf("after 20 ms: %q in %d writes, want both lines in one", got, len(out.writes))
		}
		l.Write([]byte("c\n"))
		if err := l.Close(); err != nil || out.text() != "a\nb\nc\n" {
			t.Errorf("after Close: %q, %v", out.text(), err)
		}
	})
}

func TestWritesHoldWholeLinesUnderLoad(t *testing.T) {
	out := &recorder{room: -1}
	l := NewLines(out)
	var wg sync.WaitGroup
	const writers, each = 8, 2_000
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				fmt.Fprintf(l, "%d %d %s\n", w, i, strings.Repeat("x", i%200))
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, w := range out.writes {
		if !strings.HasSuffix(w, "\n") || len(w) > bufferSize+spare {
			t.Fatalf("a write of %d bytes ends %q", len(w), w[max(0, len(w)-20):])
		}
	}
	if got := strings.Count(out.text(), "\n"); got != writers*each {
		t.Errorf("%d lines came out of %d", got, writers*each)
	}
}

func TestAFullDiskDelaysLinesAndTearsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{room: 3}
		l := NewLines(out)
		l.Write([]byte("one\ntwo\n"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := out.text(); got != "one" {
			t.Errorf("full disk took %q", got)
		}
		out.mu.Lock()
		out.room = -1
		out.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.text(); got != "one\ntwo\n" {
			t.Errorf("after there was room again: %q", got)
		}
		if err := l.Close(); err != nil {
			t.Errorf("all was written in the end, yet Close says %v", err)
		}
	})
}

func TestCloseSaysWhatWasLost(t *testing.T) {
	l, registry := NewLines(&recorder{room: 0}), prometheus.NewRegistry()
	l.Register(registry)
	line := append(bytes.Repeat([]byte("x"), 1<<20-1), '\n')
	for range maxWaiting/len(line) + 2 {
		l.Write(line)
	}
	err := l.Close()
	if err == nil || !strings.Contains(err.Error(), "2 lines dropped: no space left") {
		t.Errorf("Close of a failing output: %v", err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := f.GetMetric()[0].GetCounter().GetValue(); f.GetName() == MetricLinesDropped && n != 2 || n == 0 {
			t.Errorf("%s is %v", f.GetName(), n)
		}
	}
}
