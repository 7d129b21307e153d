//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"plumbline/loadgen/ledger"
)

const (
	calm    = 0.2 // busy cores of a machine that may be measured on
	foreign = 0.3 // cores that others may take meanwhile
)

// measurement is a tool's run.
type measurement struct {
	arrivals
	cpu       float64       // s per 100,000 requests
	hiccup    time.Duration // the machine's own p99
	contended bool          // others took much of the machine
	planned   uint64        // by loadgen alone, as are these:
	sent      uint64
	bytes     float64 // of ledger per attempt
}

func (m measurement) String() string {
	text := fmt.Sprintf("%6.0f/s  %.2f s CPU per 100k  error p50 %.2f ms p99 %.2f ms  hiccup p99 %.2f ms", m.Rate, m.cpu, ms(m.ErrorP50), ms(m.ErrorP99), ms(m.hiccup))
	if m.contended {
		text += "  (contended)"
	}
	return text
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

type cores struct{ target, tool int }

func twoCores() (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, err
	}
	var allowed []int
	for i := 0; len(allowed) < 2 && i < 1024; i++ {
		if set.IsSet(i) {
			allowed = append(allowed, i)
		}
	}
	if len(allowed) < 2 {
		return cores{}, fmt.Errorf("a core for the target and one for the tool are needed, there is %d", len(allowed))
	}
	return cores{allowed[0], allowed[1]}, nil
}

func pinned(ctx context.Context, core int, command ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(core)}, command...)...)
}

func measure(ctx context.Context, s settings, t tool, l load, on *target, c cores, scratch string) (measurement, error) {
	quiet := settle(ctx, s.calm)
	if _, err := on.take(0, 0); err != nil {
		return measurement{}, err
	}
	command := pinned(ctx, c.tool, append([]string{t.program}, t.args(job{load: l, url: on.url + "/", length: s.length, scratch: scratch})...)...)
	if t.stdin != nil {
		command.Stdin = strings.NewReader(t.stdin(on.url + "/"))
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	stop := make(chan struct{})
	hiccup := make(chan time.Duration)
	go func() { hiccup <- hiccups(stop, c) }()
	begin, served, others := time.Now(), processTime(on.command.Process.Pid), machineTime()
	err := command.Run()
	wall := time.Since(begin)
	others, served = machineTime()-others, processTime(on.command.Process.Pid)-served
	close(stop)
	m := measurement{hiccup: <-hiccup}
	if err != nil {
		last := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return m, fmt.Errorf("%v: %s", err, last[0])
	}
	if m.arrivals, err = on.take(float64(l.rate), s.skip); err != nil {
		return m, err
	}
	if m.Count == 0 {
		return m, fmt.Errorf("nothing arrived")
	}
	used := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	m.cpu = used.Seconds() / float64(m.Count) * 100_000
	m.contended = !quiet || (others-served-used).Seconds() > foreign*wall.Seconds()
	if t.name == "loadgen" {
		err = m.ours(stdout.Bytes(), scratch+".ledger")
	}
	return m, err
}

// ours adds what loadgen alone reports.
func (m *measurement) ours(report []byte, path string) error {
	var r struct{ Planned, Sent uint64 }
	if err := json.Unmarshal(report, &r); err != nil {
		return fmt.Errorf("loadgen's report: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	m.planned, m.sent = r.Planned, r.Sent
	m.bytes = float64(info.Size()) / float64(max(1, r.Sent))
	return os.Remove(path)
}

// settle waits until nobody else works and reports whether that came about.
func settle(ctx context.Context, patience time.Duration) bool {
	const look = 1500 * time.Millisecond
	for begin := time.Now(); time.Since(begin) < patience && ctx.Err() == nil; {
		before := machineTime()
		select {
		case <-ctx.Done():
		case <-time.After(look):
		}
		if (machineTime() - before).Seconds() < calm*look.Seconds() {
			return true
		}
	}
	return false
}

// machineTime is the processor time that all cores have worked so far, for others than
// this machine, too: a virtual one's host may give its cores away.
func machineTime() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal
	if len(fields) < 9 {
		return 0
	}
	return ticks(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
}

// processTime is what a process has used so far.
func processTime(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	return ticks(fields[11], fields[12])
}

// ticks adds the kernel's hundredths of a second.
func ticks(counts ...string) (sum time.Duration) {
	for _, c := range counts {
		n, _ := strconv.ParseInt(c, 10, 64)
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// ledgerCost is the processor time that 100,000 attempts take in the ledger
// alone, in seconds: written, compressed and on the disk.
func ledgerCost(dir string) (float64, error) {
	const attempts = 200_000
	book, err := ledger.Create(filepath.Join(dir, "cost.ledger"), ledger.Header{RunID: "cost", Started: time.Now()})
	if err != nil {
		return 0, err
	}
	before := ownTime()
	for i := range uint64(attempts) {
		due := time.Duration(i) * 100 * time.Microsecond
		a := ledger.Attempt{Seq: i + 1, Scheduled: due, Sent: due + time.Duration(i*7919%300_000), Service: time.Duration(100_000 + i*104_729%900_000),
			Journey: "get", Method: "GET", Route: "/", Expect: 200, Status: 200, Outcome: ledger.Answered}
		if err := book.Send(a); err != nil {
			return 0, err
		}
		if err := book.Done(a); err != nil {
			return 0, err
		}
		if i%1000 == 999 { // as fast as the compressor: at a fixed rate nothing piles up
			time.Sleep(10 * time.Millisecond)
		}
	}
	if err := book.Close(ledger.Trailer{Planned: attempts}); err != nil {
		return 0, err
	}
	return (ownTime() - before).Seconds() / attempts * 100_000, nil
}

func ownTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // cannot go wrong for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
