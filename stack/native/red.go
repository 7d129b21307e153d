package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"plumbline/cli"
	"plumbline/stack/supervise"
	"plumbline/stack/workload"
)

const (
	warmUp = 5 * time.Second // so that the series are there that a usual request counts in
	// scraped is longer than both scrapers' interval: between two workloads each
	// has to look once, or the one's requests count as the other's.
	scraped = 7 * time.Second
)

// Warm sends a few seconds of load that nobody measures.
func (s *Stack) Warm(ctx context.Context, rate float64) error {
	step := s.progress.Step("warm up", fmt.Sprintf("%g requests/s for %s", rate, warmUp))
	ledger := s.redLedger("warm-up")
	err := os.MkdirAll(s.Reports(), 0o755)
	if err == nil {
		err = s.toEnd(ctx, s.redLoad(workload.Workload{Name: "warm-up", Rate: rate, Length: warmUp}, ledger, nil))
	}
	if err != nil {
		step.Fail()
		return fmt.Errorf("warm up: %w", err)
	}
	step.Done("")
	return nil
}

// RED sends a workload and has every source of RED metrics held against what
// happened. It prints the report to stdout, leaves it in the directory Reports,
// and returns its exit code: 0 every promise is kept, 1 one is not, 2 something
// could not be measured.
func (s *Stack) RED(ctx context.Context, w workload.Workload, stdout io.Writer) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()

	// What came before has to be in the last scrapes before it.
	if err := errors.Join(os.MkdirAll(s.Reports(), 0o755), s.wait(ctx, scraped)); err != nil {
		return 0, fmt.Errorf("workload %s: %w", w.Name, err)
	}
	step, terminal := s.progress.HandOver(w.Name, fmt.Sprintf("%.4g requests/s for %s", w.Rate, w.Length))
	before := s.spent()
	if err := s.sendRED(ctx, w, terminal); err != nil {
		step.Fail()
		return 0, fmt.Errorf("workload %s: %w", w.Name, err)
	}
	step.Done("")

	step = s.progress.Step("red", "every source against the truth")
	judge, err := s.group.Start(s.redJudge(w.Name, before))
	if err != nil {
		step.Fail()
		return 0, err
	}
	code, err := s.finish(ctx, judge, cli.Undone)
	if err != nil {
		step.Fail()
		return 0, err
	}
	step.Done(s.Reports() + "/" + w.Name + ".html")
	if shown, err := s.show(filepath.Join("red", w.Name+".txt"), stdout); err != nil || !shown {
		return code, errors.Join(err, judge.Died())
	}
	return code, nil
}

// Series prints how many series the application's metrics have in Prometheus,
// and which labels make them.
func (s *Stack) Series(ctx context.Context, stdout io.Writer) error {
	const name = "series.txt"
	report, err := s.group.Start(supervise.Spec{
		Name: "series", Env: environment(), Ends: true, Log: s.log("series"), Stdout: s.dir.Run("red", name),
		Command: []string{s.programs.Provisioner, "series", "-prometheus", s.Prometheus, "-match", `{job="demo-app"}`, "-since", "1h"},
	})
	if err != nil {
		return err
	}
	if _, err := s.finish(ctx, report, 0); err != nil {
		return err
	}
	_, err = s.show(filepath.Join("red", name), stdout)
	return err
}

// Reports is the directory of the reports of RED.
func (s *Stack) Reports() string { return s.dir.Run("red") }

// sendRED sends the load of a workload to its end, with its faults, and has a
// verifier watch how long lines take to be searchable.
func (s *Stack) sendRED(ctx context.Context, w workload.Workload, terminal *os.File) error {
	ledger := s.redLedger(w.Name)
	for _, f := range w.Faults {
		if f.From == 0 {
			if err := s.fault(ctx, http.MethodPut, f.ID, f.Body(w)); err != nil {
				return err
			}
		}
	}
	defer s.endFaults(ctx, w)
	sender, err := s.group.Start(s.redLoad(w, ledger, terminal))
	if err != nil {
		return err
	}
	written := supervise.Gate{What: "writing its ledger", Within: 10 * time.Second, Every: 20 * time.Millisecond, Check: begun(ledger)}
	if err := sender.Ready(ctx, written); err != nil {
		return errors.Join(err, sender.Stop())
	}
	watch, err := s.group.Start(s.redWatch(w.Name, ledger))
	if err != nil {
		return errors.Join(err, sender.Stop())
	}
	err = s.befall(ctx, w, time.Now())
	if err == nil {
		_, err = s.finish(ctx, sender, 0)
	}
	if err != nil {
		return errors.Join(err, sender.Stop(), watch.Stop())
	}
	// What became of each request is not asked here, only how long it took.
	_, err = s.finish(ctx, watch, cli.Undone)
	return err
}

// befall lets happen what is to happen in mid-run.
func (s *Stack) befall(ctx context.Context, w workload.Workload, start time.Time) error {
	for _, f := range w.Faults {
		if f.From == 0 {
			continue
		}
		if err := s.wait(ctx, time.Until(start.Add(w.At(f.From)))); err != nil {
			return err
		}
		if err := s.fault(ctx, http.MethodPut, f.ID, f.Body(w)); err != nil {
			return err
		}
	}
	if w.Restart == 0 {
		return nil
	}
	if err := s.wait(ctx, time.Until(start.Add(w.At(w.Restart)))); err != nil {
		return err
	}
	app := s.Child("demo-app")
	return errors.Join(app.Stop(), app.Restart())
}

// endFaults ends what has not ended by itself.
func (s *Stack) endFaults(ctx context.Context, w workload.Workload) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, f := range w.Faults {
		_ = s.fault(ctx, http.MethodDelete, f.ID, "") // one that is over is not there any more
	}
}

// fault tells demo-app's admin port.
func (s *Stack) fault(ctx context.Context, method, id, body string) error {
	token, err := os.ReadFile(filepath.Join(s.KeysDir, "admin.token"))
	if err != nil {
		return fmt.Errorf("fault %s: %w", id, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+loopback(s.ports.Admin)+"/admin/faults/"+id, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("fault %s: %w", id, err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Content-Type", "application/json")
	answer, err := client().Do(request)
	if err != nil {
		return fmt.Errorf("fault %s: %w", id, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("fault %s: %s: %s", id, answer.Status, text)
	}
	return nil
}

func (s *Stack) redLedger(name string) string { return s.dir.Run("red", name+".ledger") }

func (s *Stack) redLoad(w workload.Workload, ledger string, terminal *os.File) supervise.Spec {
	return supervise.Spec{
		Name: "loadgen", Env: environment(), Ends: true,
		Log: s.log("loadgen"), Stdout: s.dir.Run("red", w.Name+".load.txt"), Stderr: terminal, Show: s.progress,
		Command: []string{s.programs.Loadgen, "run", "-target", s.API, "-ledger", ledger, "-run-id", "red-" + w.Name,
			"-rate", strconv.FormatFloat(w.Rate, 'f', -1, 64), "-duration", w.Length.String()},
	}
}

// redWatch follows the lines of a run. It tolerates what a workload does on
// purpose.
func (s *Stack) redWatch(name, ledger string) supervise.Spec {
	const any = "1000000000"
	return supervise.Spec{
		Name: "verify", Env: environment(), Ends: true,
		Log: s.log("verify"), Stdout: s.dir.Run("red", name+".verdict.txt"),
		Command: []string{s.programs.Provisioner, "verify", "-es", s.Elasticsearch, "-ca", s.CAFile,
			"-key-file", s.KeyFile("reader"), "-lag-key-file", s.KeyFile("provisioner"), "-ledger", ledger, "-follow",
			"-check", "arrival", "-allow-unsent", any, "-allow-indeterminate", any},
	}
}

// redJudge holds the sources against the run, with what the parts have spent
// since before.
func (s *Stack) redJudge(name string, before map[string]time.Duration) supervise.Spec {
	report := func(ending string) string { return s.dir.Run("red", name+ending) }
	command := []string{s.programs.Provisioner, "red", "-ledger", s.redLedger(name), "-app-log", filepath.Join(s.Logs, "demo-app*.json"),
		"-es", s.Elasticsearch, "-ca", s.CAFile, "-key-file", s.KeyFile("reader"),
		"-json", report(".json"), "-html", report(".html"), "-advise"}
	if s.withPrometheus() {
		command = append(command, "-prometheus", s.Prometheus, "-match", `job="demo-app"`)
	}
	for part, spent := range s.spent() {
		if earlier, known := before[part]; known && spent >= earlier {
			command = append(command, "-cpu", part+"="+(spent-earlier).String())
		}
	}
	return supervise.Spec{Name: "red", Env: environment(), Ends: true, Log: s.log("red"), Stdout: report(".txt"), Command: command}
}

// spent is the processor time of the parts that serve a source, so far.
func (s *Stack) spent() map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, name := range []string{"filebeat", "metricbeat", "elasticsearch", "prometheus"} {
		child := s.Child(name)
		if child == nil {
			continue
		}
		if spent, err := processorTime(int32(child.PID())); err == nil {
			all[name] = spent
		}
	}
	return all
}

// processorTime is that of a process and of those it started: Elasticsearch is a
// child of its launcher.
func processorTime(pid int32) (time.Duration, error) {
	p, err := process.NewProcess(pid)
	if err != nil {
		return 0, err
	}
	times, err := p.Times()
	if err != nil {
		return 0, err
	}
	total := time.Duration((times.User + times.System) * float64(time.Second))
	children, _ := p.Children() // it may have none
	for _, child := range children {
		if spent, err := processorTime(child.Pid); err == nil {
			total += spent
		}
	}
	return total, nil
}

// begun is a check that something of a file is on the disk.
func begun(path string) func(context.Context) error {
	return func(context.Context) error {
		info, err := os.Stat(path)
		if err == nil && info.Size() == 0 {
			err = errors.New(path + " is empty")
		}
		return err
	}
}

// wait waits, unless the run ends first.
func (s *Stack) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}
