//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// targetCommand is the argument under which this program is its own target.
const targetCommand = "target"

// targetMemory is how much garbage, in bytes, a target gathers before it has to
// collect it in the midst of a measurement.
const targetMemory = 4 << 30

// arrivals is what the target saw of a measurement.
type arrivals struct {
	Count    int
	Rate     float64       // between the first and the last
	ErrorP50 time.Duration // of the schedule: against an even one that the earliest hundredth keeps
	ErrorP99 time.Duration
}

// serve answers with 16 bytes and notes when; it ends with in.
func serve(in io.Reader, out io.Writer) error {
	var mu sync.Mutex
	times := make([]time.Duration, 0, 1<<20)
	begin := time.Now()
	debug.SetGCPercent(-1) // between measurements, not while it notes
	debug.SetMemoryLimit(targetMemory)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		at := time.Since(begin)
		mu.Lock()
		times = append(times, at)
		mu.Unlock()
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, `{"answer":"yes"}`)
	})
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /take", func(w http.ResponseWriter, r *http.Request) {
		rate, _ := strconv.ParseFloat(r.FormValue("rate"), 64)
		skip, _ := time.ParseDuration(r.FormValue("skip"))
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(sum(times, rate, skip))
		times = times[:0]
		runtime.GC()
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(0)
	}()
	return http.Serve(listener, mux)
}

// atOnce makes a command one that nobody else keeps from its core, where the caller
// may do that: the target is the instrument, and what makes it late is no tool's
// fault.
func atOnce(ctx context.Context, command ...string) []string {
	first := []string{"chrt", "--rr", "1"}
	if exec.CommandContext(ctx, first[0], append(first[1:], "true")...).Run() != nil {
		return command
	}
	return append(first, command...)
}

// sum holds arrivals against an even schedule of a rate; 0 for none.
func sum(times []time.Duration, rate float64, skip time.Duration) arrivals {
	a := arrivals{Count: len(times)}
	if len(times) < 2 {
		return a
	}
	slices.Sort(times)
	first, last := times[0], times[len(times)-1]
	a.Rate = float64(len(times)-1) / (last - first).Seconds()
	if rate == 0 {
		return a
	}
	var late []time.Duration
	for k, at := range times {
		if at-first >= skip {
			late = append(late, at-time.Duration(float64(k)/rate*float64(time.Second)))
		}
	}
	if len(late) == 0 {
		return a
	}
	slices.Sort(late)
	line := late[len(late)/100]
	a.ErrorP50, a.ErrorP99 = late[len(late)/2]-line, late[len(late)*99/100]-line
	return a
}

// target is the running process.
type target struct {
	url     string
	command *exec.Cmd
	in      io.Closer
}

func startTarget(ctx context.Context, core int) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := &target{command: pinned(ctx, core, atOnce(ctx, self, targetCommand)...)}
	if t.in, err = t.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.command.Start(); err != nil {
		return nil, fmt.Errorf("start the target: %v", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.stop()
		return nil, fmt.Errorf("start the target: %v", err)
	}
	t.url = strings.TrimSpace(line)
	return t, nil
}

func (t *target) stop() {
	t.in.Close()
	_ = t.command.Wait() // it has nothing to say
}

// take returns what arrived since the last call.
func (t *target) take(rate float64, skip time.Duration) (arrivals, error) {
	var a arrivals
	response, err := http.PostForm(t.url+"/take", url.Values{"rate": {fmt.Sprint(rate)}, "skip": {skip.String()}})
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	return a, json.NewDecoder(response.Body).Decode(&a)
}
