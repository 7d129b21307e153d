package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/stack/native"
)

// cost is what one call of verify took.
type cost struct {
	wall, cpu time.Duration
	rss       int64 // bytes, the highest
}

// measured is what a depth costs: the first time, when Elasticsearch has just been
// filled and Java compiles what it has not run before, and at best after that.
type measured struct{ cold, warm cost }

// result is what was measured of one size.
type result struct {
	n          uint64
	fast, full measured
	bare       time.Duration
	wrong      []string // what the verdicts said that is not so
}

// measure asks each depth once cold and several times more; the best of those counts,
// because what else runs on the machine can only add.
func (r benchRun) measure(ctx context.Context, stack *native.Stack, repeat int, stderr io.Writer) (result, error) {
	m := result{n: r.n}
	for range repeat + 1 {
		wrong, err := r.ask(ctx, stack, "fast", &m.fast, r.wrongFast, stderr)
		if err != nil {
			return m, err
		}
		m.wrong = append(m.wrong, wrong...)
	}
	for range repeat + 1 {
		bare, err := r.bare(ctx, stack)
		if err != nil {
			return m, err
		}
		fmt.Fprintf(stderr, "  bare %.3f s\n", bare.Seconds())
		if m.bare == 0 || bare < m.bare {
			m.bare = bare
		}
		wrong, err := r.ask(ctx, stack, "full", &m.full, r.wrongFull, stderr)
		if err != nil {
			return m, err
		}
		m.wrong = append(m.wrong, wrong...)
	}
	return m, nil
}

// ask has the run judged once, and returns what the report says that is not so.
func (r benchRun) ask(ctx context.Context, stack *native.Stack, depth string, m *measured, wrong func([]byte) []string, stderr io.Writer) ([]string, error) {
	c, report, err := r.verify(ctx, stack, "-depth", depth)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "  %s %v\n", depth, c)
	if m.cold.wall == 0 {
		m.cold = c
	} else {
		m.warm = better(m.warm, c)
	}
	return wrong(report), nil
}

func (c cost) String() string {
	return fmt.Sprintf("%.3f s, %.2f s of processor time, %.1f MiB", c.wall.Seconds(), c.cpu.Seconds(), float64(c.rss)/(1<<20))
}

// better keeps the shorter of two, and the more memory: that is a limit.
func better(a, b cost) cost {
	best := a
	if a.wall == 0 || b.wall < a.wall {
		best = b
	}
	best.rss = max(a.rss, b.rss)
	return best
}

// verify runs the program as a user would, and returns its report. That the run
// does not hold is what it has to find.
func (r benchRun) verify(ctx context.Context, stack *native.Stack, more ...string) (cost, []byte, error) {
	report := r.ledger + ".json"
	args := append([]string{"verify", "-es", stack.Elasticsearch, "-ca", stack.CAFile, "-key-file", stack.KeyFile("reader"),
		"-ledger", r.ledger, "-check", "arrival", "-within", "0s", "-settle", "0s", "-json", report}, more...)
	command := exec.CommandContext(ctx, stack.Programs().Provisioner, args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	began := time.Now()
	if err := command.Start(); err != nil {
		return cost{}, nil, err
	}
	ended := make(chan struct{})
	rss := make(chan int64)
	go func() { rss <- highest(command.Process.Pid, ended) }()
	err := command.Wait()
	wall := time.Since(began)
	close(ended)
	c := cost{wall: wall, cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime(), rss: <-rss}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != cli.False) {
		return cost{}, nil, fmt.Errorf("%s: %w: %s", filepath.Base(command.Path), err, strings.TrimSpace(stderr.String()))
	}
	text, err := os.ReadFile(report)
	return c, text, err
}

// highest follows a process and returns the most memory that it held, in bytes. What
// the kernel tells at a child's end will not do: it counts from before the program
// was executed, when the child was still a copy of this process.
func highest(pid int, ended <-chan struct{}) (most int64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, after, ok := strings.Cut(string(text), "VmHWM:"); ok {
			var kilobytes int64
			_, _ = fmt.Sscan(after, &kilobytes)
			most = max(most, kilobytes<<10)
		}
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
	}
}

// set is what a report says of a set of attempts.
type set struct {
	Count  uint64
	Ranges [][2]uint64
}

func (s set) is(seq uint64) bool {
	return s.Count == 1 && len(s.Ranges) == 1 && s.Ranges[0] == [2]uint64{seq, seq}
}

// wrongFast holds a fast check against what was done: it names the stretches of what
// is lost and doubled, and the group of what was altered.
func (r benchRun) wrongFast(text []byte) []string {
	var report struct {
		Check struct {
			Documents uint64
			Stretches []struct{ First, Last, Sent, Documents uint64 }
			Groups    []struct {
				Status    string
				Documents uint64
			}
		} `json:"fast_check"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return []string{fmt.Sprintf("the report of %s is not readable: %v", r.id, err)}
	}
	short, long, altered := false, false, false
	for _, s := range report.Check.Stretches {
		short = short || s.First <= r.lost() && r.lost() <= s.Last && s.Documents < s.Sent
		long = long || s.First <= r.doubled() && r.doubled() <= s.Last && s.Documents > s.Sent
	}
	for _, g := range report.Check.Groups {
		altered = altered || g.Status == "500" && g.Documents == 1
	}
	if !short || !long || !altered || len(report.Check.Stretches) != 2 {
		return []string{fmt.Sprintf("%s: the fast check says %+v", r.id, report.Check)}
	}
	return nil
}

// wrongFull holds a full verdict against what was done.
func (r benchRun) wrongFull(text []byte) []string {
	var report struct {
		Account struct {
			Delivered, Documents uint64
			Lost                 set
			Duplicated           struct{ Attempts set }
			Corrupted            struct {
				Attempts set
				Fields   map[string]set
			}
			Unexpected struct{ Documents uint64 }
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return []string{fmt.Sprintf("the report of %s is not readable: %v", r.id, err)}
	}
	a := report.Account
	var wrong []string
	say := func(right bool, format string, args ...any) {
		if !right {
			wrong = append(wrong, r.id+": "+fmt.Sprintf(format, args...))
		}
	}
	say(a.Documents == r.n && a.Delivered == r.n-3, "%d delivered of %d documents, want %d of %d", a.Delivered, a.Documents, r.n-3, r.n)
	say(a.Lost.is(r.lost()), "lost %v, want %d", a.Lost, r.lost())
	say(a.Duplicated.Attempts.is(r.doubled()), "duplicated %v, want %d", a.Duplicated.Attempts, r.doubled())
	say(a.Corrupted.Fields[telemetry.FieldStatus].is(r.altered()) && len(a.Corrupted.Fields) == 1, "corrupted %v, want the status of %d", a.Corrupted.Fields, r.altered())
	say(a.Unexpected.Documents == 0, "%d unexpected, want none", a.Unexpected.Documents)
	return wrong
}
