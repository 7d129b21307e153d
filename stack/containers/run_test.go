package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const results = "/run/plumbline/results/" // the volume of ledgers and reports

// load sends a load under a name of its own; it is sent when the command ends.
func (p *project) load(t *testing.T, name string, rate int, duration time.Duration) *exec.Cmd {
	t.Helper()
	return p.send(t, p.services["loadgen"].Command, name, rate, duration)
}

// send is load with a command line to begin with.
func (p *project) send(t *testing.T, args []string, name string, rate int, duration time.Duration) *exec.Cmd {
	t.Helper()
	args = set(args, "rate", fmt.Sprint(rate))
	args = set(args, "duration", duration.String())
	args = set(args, "ledger", results+name+".ledger")
	args = set(args, "run-id", name)
	cmd := p.compose(t.Context(), append([]string{"run", "--rm", "--no-deps", "--use-aliases", "-T", "loadgen"}, args...)...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// report is what the tests read of the verdict's JSON.
type report struct {
	Outcome string
	Summary string
	Account account
	Panels  []struct{ ID, Outcome string }
}

type account struct {
	Run                            string
	Attempts, Documents, Delivered uint64
	Lost, Indeterminate            struct{ Count uint64 }
	Duplicated, Corrupted          struct{ Attempts struct{ Count uint64 } }
	Unexpected                     struct{ Documents uint64 }
}

// judge verifies the ledger of a load and returns the verdict, with its code.
func (p *project) judge(t *testing.T, name string, more ...string) (report, int) {
	t.Helper()
	var args []string
	for _, arg := range p.services["provisioner"].Command {
		if arg != "-follow" && !strings.HasPrefix(arg, "-lag-key-file") && !strings.HasPrefix(arg, "-junit") {
			args = append(args, arg)
		}
	}
	args = set(args, "ledger", results+name+".ledger")
	args = set(args, "json", results+name+".json")
	code := p.shown(t, append(append([]string{"run", "--rm", "--no-deps", "-T", "provisioner"}, args...), more...)...)
	return p.report(t, name+".json"), code
}

// holds verifies a load in which nothing may be missing.
func (p *project) holds(t *testing.T, name string, attempts uint64, more ...string) {
	t.Helper()
	r, code := p.judge(t, name, more...)
	if code != 0 {
		t.Errorf("verify exits with %d, want 0: %s", code, r.Summary)
	}
	if a := r.Account; a.Attempts != attempts || a.Delivered != attempts || a.Documents != attempts {
		t.Errorf("%d of %d attempts delivered in %d documents, want %d in %d", a.Delivered, a.Attempts, a.Documents, attempts, attempts)
	}
}

// report reads a verdict from the results volume.
func (p *project) report(t *testing.T, name string) report {
	t.Helper()
	r, err := p.readReport(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readReport is report for one that may be written at this moment.
func (p *project) readReport(name string) (report, error) {
	var r report
	text, err := os.ReadFile(p.volume("results", name))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// set gives a flag another value in a command line.
func set(args []string, name, value string) []string {
	flag := "-" + name + "="
	var out []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, flag) {
			out = append(out, arg)
		}
	}
	return append(out, flag+value)
}

// awaitLines waits until Docker has taken n access lines of a load.
func (p *project) awaitLines(t *testing.T, name string, n int) {
	t.Helper()
	line := []byte(`\"run\":{\"id\":\"` + name + `\"`) // JSON in JSON
	await(t, fmt.Sprintf("%d lines of %s", n, name), func() error {
		files, err := filepath.Glob(filepath.Join(p.data, "containers", "*", "*-json.log*"))
		if err != nil {
			return err
		}
		got := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // rotated meanwhile
				return err
			}
			got += bytes.Count(text, line)
		}
		if got < n {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

// container returns the id of a service's only container.
func (p *project) container(t *testing.T, name string) string {
	t.Helper()
	ids := strings.Fields(p.run(t, "ps", "--all", "--quiet", "--no-trunc", "--filter", ours, "--filter", "label=com.docker.compose.service="+name,
		"--filter", "label=com.docker.compose.oneoff=False"))
	if len(ids) != 1 {
		t.Fatalf("%s has %d containers, want 1", name, len(ids))
	}
	return ids[0]
}

// begin starts a service that was stopped, and does not wait, as Compose would, for
// the health of those that it depends on.
func (p *project) begin(t *testing.T, name string) {
	t.Helper()
	p.run(t, "start", p.container(t, name))
}

// kill ends a service's first process as the kernel would for want of memory,
// which its restart policy takes notice of: `docker kill` it takes for a wish.
func (p *project) kill(t *testing.T, name string) {
	t.Helper()
	id := p.container(t, name)
	before := p.run(t, "inspect", "--format", "{{.RestartCount}}", id)
	signal(t, syscall.SIGKILL, p.processes(t, id)[0])
	await(t, name+" to be started again", func() error {
		now, err := p.engine.try(t.Context(), nil, "inspect", "--format", "{{.RestartCount}}, running: {{.State.Running}}", id)
		if err == nil && (strings.HasPrefix(now, before+",") || !strings.Contains(now, "true")) {
			err = errors.New("restarts: " + now)
		}
		return err
	})
}

// wait waits until a load is sent.
func wait(t *testing.T, load *exec.Cmd) {
	t.Helper()
	if err := load.Wait(); err != nil {
		t.Fatalf("loadgen: %v", err)
	}
}

// inFlight has Filebeat killed while a batch waits for Elasticsearch's answer,
// which is paused: it stores the batch when it goes on, and knows nobody to tell.
// Plain kills hardly ever meet that moment.
func (p *project) inFlight(t *testing.T, name string) {
	t.Helper()
	untold := slices.DeleteFunc(slices.Clone(p.services["loadgen"].Command), func(arg string) bool {
		return strings.HasPrefix(arg, "-es") // there will be nobody to tell
	})
	load := p.send(t, untold, name, 100, 4*time.Second)
	p.awaitLines(t, name, 100) // or what is in flight might be another's
	p.do(t, "pause", "elasticsearch")
	defer p.try(context.Background(), "unpause", "elasticsearch") // also if the test ends before
	await(t, "a batch in flight", func() error {
		n := p.stats(t).Output.Events.Active
		if n == 0 {
			return errors.New("none")
		}
		t.Logf("in flight: %d", n)
		return nil
	})
	p.awaitLines(t, name, 300)
	p.kill(t, "filebeat")
	wait(t, load)
	p.do(t, "unpause", "elasticsearch")
}

// beatStats is what Filebeat tells of its output.
type beatStats struct {
	Output struct {
		Events struct{ Acked, Active, Duplicates uint64 }
	}
}

// stats asks Filebeat for its counters, as its health check does.
func (p *project) stats(t *testing.T) beatStats {
	t.Helper()
	out := p.do(t, "exec", "-T", "filebeat", "/bin/bash", "-c",
		`exec 3<>/dev/tcp/127.0.0.1/5066 && printf 'GET /stats HTTP/1.0\r\n\r\n' >&3 && cat <&3`)
	_, body, _ := strings.Cut(out, "\r\n\r\n")
	var answer struct{ Libbeat beatStats }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("Filebeat's counters: %v in %q", err, out)
	}
	return answer.Libbeat
}

// logs returns in how many files a service's log is.
func (p *project) logs(t *testing.T, name string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.data, "containers", p.container(t, name), "*-json.log*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
