package containers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const prometheus = "http://127.0.0.1:9090/api/v1/"

// inquire asks Prometheus where it is published, and reads what it answers.
func (e *engine) inquire(path string, into any) error {
	text, err := e.inside("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "10", prometheus+path).Output()
	if err != nil {
		return fmt.Errorf("ask Prometheus for %s: %w: %s", path, err, text)
	}
	var answer struct{ Data json.RawMessage }
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("ask Prometheus for %s: %w", path, err)
	}
	return json.Unmarshal(answer.Data, into)
}

// watched checks that Prometheus scrapes what it shall, loadgen excepted, which
// rests; that it has all rules, can evaluate them, and knows who to tell.
func (p *project) watched(t *testing.T) {
	want := jobs(t)
	await(t, "all targets to be up", func() error {
		var have struct {
			ActiveTargets []struct {
				Labels            struct{ Job string }
				Health, LastError string
			}
		}
		if err := p.inquire("targets", &have); err != nil {
			return err
		}
		var up, down []string
		for _, target := range have.ActiveTargets {
			if job := target.Labels.Job; target.Health == "up" {
				up = append(up, job)
			} else if job != "loadgen" {
				down = append(down, job+" is "+target.Health+" "+target.LastError)
			}
		}
		for _, job := range want {
			if !slices.Contains(up, job) && job != "loadgen" {
				down = append(down, "no "+job)
			}
		}
		if len(down) > 0 {
			return errors.New(strings.Join(down, ", "))
		}
		return nil
	})
	await(t, "all rules to be evaluated", func() error { return p.rules(t) })
	var told struct{ ActiveAlertmanagers []struct{ URL string } }
	if err := p.inquire("alertmanagers", &told); err != nil {
		t.Error(err)
	} else if a := told.ActiveAlertmanagers; len(a) != 1 || a[0].URL != "http://alertmanager:9093/api/v2/alerts" {
		t.Errorf("Prometheus tells %v, want Alertmanager", a)
	}
}

// jobs are those of the targets that containers mount.
func jobs(t *testing.T) []string {
	t.Helper()
	var groups []struct{ Labels struct{ Job string } }
	parse(t, filepath.Join(repository, "prometheus", "targets", "compose.yml"), &groups)
	var names []string
	for _, g := range groups {
		names = append(names, g.Labels.Job)
	}
	if len(names) == 0 {
		t.Fatal("no target in prometheus/targets/compose.yml")
	}
	return names
}

// rules returns an error until Prometheus has evaluated every rule of the
// repository without one.
func (p *project) rules(t *testing.T) error {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "prometheus", "rules", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("rules: %v, %v", files, err)
	}
	want := 0
	for _, file := range files {
		var rules struct{ Groups []struct{ Rules []struct{} } }
		parse(t, file, &rules)
		for _, g := range rules.Groups {
			want += len(g.Rules)
		}
	}
	var have struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := p.inquire("rules", &have); err != nil {
		return err
	}
	got := 0
	for _, g := range have.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d rules, want %d", got, want)
	}
	return nil
}

// alerted checks that the alert on a canary that was stopped has come from
// Prometheus over Alertmanager to the receiver.
func (p *project) alerted(t *testing.T) {
	await(t, "the alert on the canary", func() error {
		log, err := p.try(t.Context(), "logs", "--no-log-prefix", "alerts")
		if err != nil {
			return err
		}
		if !strings.Contains(log, "TargetDown: canary at canary:9096") {
			return fmt.Errorf("the receiver has printed:\n%s", log)
		}
		return nil
	})
}

// has checks that Prometheus has an answer to a question.
func (e *engine) has(t *testing.T, expression string) {
	t.Helper()
	var answer struct{ Result []json.RawMessage }
	if err := e.inquire("query?query="+url.QueryEscape(expression), &answer); err != nil || len(answer.Result) == 0 {
		t.Errorf("%s: no result (%v)", expression, err)
	}
}

// parse reads a file of YAML.
func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
