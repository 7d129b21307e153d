package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// load is a run that a Job sends and judges: k8s/verdict.
type load struct {
	name     string // of the run
	rate     int
	duration time.Duration
	check    string // of the verdict; "" = all
}

// attempts are the requests of the run.
func (l load) attempts() int { return l.rate * int(l.duration.Seconds()) }

// report is what the tests read of the verdict's JSON.
type report struct {
	Outcome, Summary string
	Properties       []struct{ Name, Outcome, Text string }
	Account          struct {
		Attempts, Answered, Documents, Delivered uint64
	}
}

// exits are the exit codes of the Job's containers.
type exits struct{ Loadgen, Provisioner int }

// begin has a Job send a load, and judge it. Loadgen's exit says whether any
// request failed.
func (s *stack) begin(t *testing.T, l load) {
	t.Helper()
	s.run(t, "--namespace=plumbline", "delete", "job/verdict", "--ignore-not-found", "--wait")
	change := `
patches:
  - target: {kind: Job, name: verdict}
    patch: |`
	add := func(container int, flag string) {
		change += fmt.Sprintf("\n      - {op: add, path: /spec/template/spec/containers/%d/args/-, value: %q}", container, flag)
	}
	for _, flag := range []string{"-run-id=" + l.name, fmt.Sprintf("-rate=%d", l.rate), "-duration=" + l.duration.String(), "-fail-if=errors>0%"} {
		add(0, flag)
	}
	add(1, "-o=json")
	if l.check != "" {
		add(1, "-check="+l.check)
	}
	s.run(t, "apply", "--kustomize", s.with(t, "verdict", change))
}

// sending tells whether the Job still sends its load.
func (s *stack) sending(t *testing.T) bool {
	t.Helper()
	return s.run(t, "--namespace=plumbline", "get", "pods", "--selector=job-name=verdict",
		`--output=jsonpath={.items[*].status.containerStatuses[?(@.name=="loadgen")].state.running}`) != ""
}

// end waits for the Job and returns its verdict.
func (s *stack) end(t *testing.T) (report, exits) {
	t.Helper()
	type container struct {
		Name  string
		State struct {
			Terminated *struct{ ExitCode int }
		}
	}
	var pods struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Phase, Reason     string
				ContainerStatuses []container
			}
		}
	}
	codes := map[string]int{}
	await(t, "the verdict", func() error {
		s.get(t, &pods, "--namespace=plumbline", "pods", "--selector=job-name=verdict")
		if len(pods.Items) != 1 {
			return fmt.Errorf("%d pods", len(pods.Items))
		}
		status := pods.Items[0].Status
		if len(status.ContainerStatuses) == 0 {
			return errors.New(status.Phase + " " + status.Reason)
		}
		for _, c := range status.ContainerStatuses {
			if c.State.Terminated == nil {
				return fmt.Errorf("%s has not ended", c.Name)
			}
			codes[c.Name] = c.State.Terminated.ExitCode
		}
		return nil
	})
	// Its volume goes when it has ended; what it has printed stays, and what it has
	// said besides stands between, at the beginning of a line.
	said := s.run(t, "--namespace=plumbline", "logs", "--container=provisioner", pods.Items[0].Metadata.Name)
	var text strings.Builder
	for line := range strings.Lines(said) {
		if strings.ContainsAny(line[:1], "{ }") {
			text.WriteString(line)
		}
	}
	var r report
	if err := json.NewDecoder(strings.NewReader(text.String())).Decode(&r); err != nil {
		t.Fatalf("the verdict: %v\n%s\n%s", err, said, tail(s.run(t, "--namespace=plumbline", "logs", "--container=loadgen", pods.Items[0].Metadata.Name), 10))
	}
	return r, exits{codes["loadgen"], codes["provisioner"]}
}

// broken are the properties that were judged and do not hold, a line each.
func (r report) broken() string {
	var lines strings.Builder
	for _, p := range r.Properties {
		if p.Outcome != "holds" && p.Outcome != "not judged" {
			fmt.Fprintf(&lines, "%s %s: %s\n", p.Name, p.Outcome, p.Text)
		}
	}
	return lines.String()
}

// holds ends a load in which no request may have failed, and no line be missing or
// there twice.
func (s *stack) holds(t *testing.T, l load) {
	t.Helper()
	r, codes := s.end(t)
	want := uint64(l.attempts())
	if codes != (exits{}) {
		t.Errorf("exit codes %+v, want 0 and 0: %s\n%s%s", codes, r.Summary, r.broken(), s.run(t, "--namespace=plumbline", "logs", "--container=loadgen", "job/verdict"))
	}
	if a := r.Account; a.Attempts != want || a.Answered != want || a.Delivered != want || a.Documents != want {
		t.Errorf("of %d attempts %d answered, %d delivered in %d documents; want %d of each", a.Attempts, a.Answered, a.Delivered, a.Documents, want)
	}
}
