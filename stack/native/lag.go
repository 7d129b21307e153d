package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/stack/supervise"
)

// LagPoll is how often the lines of a LagRun are looked for, and so how finely
// it is known when they were found.
const LagPoll = 50 * time.Millisecond

// warming is what is shipped before anything is measured: Java compiles what it
// runs often, for a minute and a half half a core's worth, and again when there is
// more to do.
func warming() []trial {
	return []trial{{name: "warm", rate: 5000, length: 100 * time.Second}, {name: "warmer", rate: 10_000, length: time.Minute}}
}

// lineSize is how long a line is, in bytes: as demo-app's, on average.
const lineSize = "500-700"

// Percentiles are those of a lag, in nanoseconds, as the verifier tells them.
type Percentiles struct {
	Count int64         `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P95   time.Duration `json:"p95_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// LagRun is what became of lines at one rate under one profile of Filebeat.
type LagRun struct {
	Lines int64 // found
	Lags  map[telemetry.Hop]Percentiles
	Whole Percentiles              // from the event until it was searchable
	Spent map[string]time.Duration // processor time: filebeat, elasticsearch
	Took  time.Duration            // from the first line until the last was found
}

// StartStore brings up Elasticsearch alone, with all that shippers need there.
func StartStore(ctx context.Context, options Options) (*Stack, error) {
	return bringUp(ctx, options, func(s *Stack) []step {
		return []step{
			{"clean", s.clean},
			{"preflight", s.preflight},
			{"programs", s.fetch},
			{"elasticsearch", s.startNode},
			{"provision", s.provision},
		}
	})
}

// WarmStore ships lines until Elasticsearch is as fast as it will be.
func (s *Stack) WarmStore(ctx context.Context) error {
	for _, t := range warming() {
		if _, err := s.lagAlone(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// Lag has Filebeat, with the profile of its options, ship lines at a rate for a
// while, and measures each hop of their way. Each round has a Filebeat and a data
// stream of its own, and Filebeat is at rest before it: it has found the file and
// read it to its end.
func (s *Stack) Lag(ctx context.Context, rate float64, length time.Duration, round int) (LagRun, error) {
	t := trial{name: fmt.Sprintf("%s-%g-%d", s.shipper(), rate, round), rate: rate, length: length}
	run, err := s.lagAlone(ctx, t)
	if err != nil {
		return LagRun{}, fmt.Errorf("profile %s at %g lines/s: %w", s.shipper(), rate, err)
	}
	return run, nil
}

func (s *Stack) lagAlone(ctx context.Context, t trial) (LagRun, error) {
	t.lines, t.stream = filepath.Join(s.Logs, "demo-app-lines.json"), "logs-plumbline.lines-"+t.name
	// What an earlier one left must not be read again.
	if err := errors.Join(os.RemoveAll(t.lines), os.RemoveAll(s.dir.Run("filebeat"))); err != nil {
		return LagRun{}, err
	}
	if err := s.toEnd(ctx, s.lineLoad(t.lines, t.name+"-first", 100, time.Second)); err != nil {
		return LagRun{}, err
	}
	if err := s.startFilebeatWith(ctx, "-E", "output.elasticsearch.index="+t.stream); err != nil {
		return LagRun{}, err
	}
	run, err := s.lagRun(ctx, t)
	return run, errors.Join(err, s.endFilebeat())
}

// endFilebeat stops it. That it had to be killed is no failure: what it had to do
// was done.
func (s *Stack) endFilebeat() error {
	killed, err := supervise.Excused(s.Child("filebeat").Stop())
	for _, k := range killed {
		s.progress.Note("%v", k)
	}
	return err
}

// WithShipper makes what is started from now on use another profile.
func (s *Stack) WithShipper(profile string) { s.options.Shipper = profile }

// trial is a rate for a while.
type trial struct {
	lines, stream, name string
	rate                float64
	length              time.Duration
}

func (s *Stack) lagRun(ctx context.Context, t trial) (LagRun, error) {
	step := s.progress.Step(t.name, fmt.Sprintf("%g lines/s for %s", t.rate, t.length))
	run, err := s.lagMeasured(ctx, t)
	if err != nil {
		step.Fail()
		return LagRun{}, err
	}
	step.Done(fmt.Sprintf("p99 %v", run.Whole.P99.Round(time.Millisecond)))
	return run, nil
}

func (s *Stack) lagMeasured(ctx context.Context, t trial) (LagRun, error) {
	report := s.dir.Run("lag-" + t.name + ".json")
	before, began := s.spent(), time.Now()
	watch, err := s.group.Start(supervise.Spec{
		Name: "verify", Env: environment(), Ends: true, Log: s.log("verify"), Stdout: s.dir.Run("lag-" + t.name + ".txt"),
		Command: []string{s.programs.Provisioner, "verify", "-es", s.Elasticsearch, "-ca", s.CAFile, "-key-file", s.KeyFile("reader"),
			"-ledger", s.lagLedger(t.name), "-index", t.stream, "-follow", "-poll", LagPoll.String(), "-within", "60s", "-settle", "0s", "-json", report},
	})
	if err != nil {
		return LagRun{}, err
	}
	if err := s.toEnd(ctx, s.lineLoad(t.lines, t.name, t.rate, t.length)); err != nil {
		return LagRun{}, errors.Join(err, watch.Stop())
	}
	code, err := s.finish(ctx, watch, cli.Undone)
	if err != nil {
		return LagRun{}, err
	}
	if code != 0 {
		return LagRun{}, fmt.Errorf("its verdict does not hold: %w", watch.Died())
	}
	run := LagRun{Took: time.Since(began), Spent: map[string]time.Duration{}}
	for part, spent := range s.spent() {
		run.Spent[part] = spent - before[part]
	}
	return run, run.read(report)
}

// read takes the lags out of a verdict.
func (r *LagRun) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var verdict struct {
		Account struct {
			Read  Percentiles `json:"read_lag"`
			Index Percentiles `json:"index_lag"`
		}
		Followed struct {
			Whole   Percentiles `json:"lag"`
			Refresh Percentiles `json:"refresh_lag"`
		}
	}
	if err := json.Unmarshal(text, &verdict); err != nil {
		return fmt.Errorf("read the verdict %s: %w", path, err)
	}
	r.Whole, r.Lines = verdict.Followed.Whole, verdict.Account.Read.Count
	r.Lags = map[telemetry.Hop]Percentiles{
		telemetry.HopRead: verdict.Account.Read, telemetry.HopIndexed: verdict.Account.Index, telemetry.HopSearchable: verdict.Followed.Refresh,
	}
	for hop, lag := range r.Lags {
		if lag.Count == 0 {
			return fmt.Errorf("the verdict %s has no lag of the hop %s", path, hop)
		}
	}
	if r.Whole.Count == 0 {
		return fmt.Errorf("the verdict %s has seen no line become searchable", path)
	}
	return nil
}

func (s *Stack) lagLedger(name string) string { return s.dir.Run("lag-" + name + ".ledger") }

func (s *Stack) lineLoad(out, name string, rate float64, length time.Duration) supervise.Spec {
	return supervise.Spec{
		Name: "loadgen", Env: environment(), Ends: true, Log: s.log("loadgen"), Stdout: s.dir.Run("lag-" + name + ".load.txt"),
		Command: []string{s.programs.Loadgen, "lines", "-out", out, "-ledger", s.lagLedger(name), "-run-id", "lag-" + name,
			"-rate", strconv.FormatFloat(rate, 'f', -1, 64), "-duration", length.String(), "-size", lineSize},
	}
}
