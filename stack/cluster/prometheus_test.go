package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// counted are the requests that Prometheus knows of: all but probes, scrapes and the
// canary's.
const counted = `sum(http_server_request_duration_seconds_count{job="demo-app",http_route!~"/healthz|/readyz|/metrics|/version"})`

// watched compares what Prometheus has counted with what was sent. Prometheus and
// Alertmanager are real, Grafana is a fake that asks both data sources.
func (s *stack) watched(t *testing.T) {
	s.ready(t, "prometheus")
	s.run(t, "--namespace=plumbline", "wait", "--for=condition=Complete", "--timeout=5m", "job/grafana-setup")
	t.Run("every target is up, each pod of demo-app one of them", func(t *testing.T) {
		want := jobs(t)
		want["demo-app"] = len(s.pods(t, "plumbline", "demo-app"))
		await(t, "all targets to be up", func() error { return s.targets(t, want) })
	})
	t.Run("every rule is evaluated, and Alertmanager would be told", func(t *testing.T) {
		await(t, "all rules to be evaluated", func() error { return s.rules(t) })
		var told struct{ ActiveAlertmanagers []struct{ URL string } }
		if err := s.inquire(t, "alertmanagers", &told); err != nil {
			t.Error(err)
		} else if a := told.ActiveAlertmanagers; len(a) != 1 || a[0].URL != "http://alertmanager:9093/api/v2/alerts" {
			t.Errorf("Prometheus tells %v, want Alertmanager", a)
		}
	})
	t.Run("it counts each request of a load", func(t *testing.T) {
		l := load{name: "prometheus", rate: 50, duration: 20 * time.Second}
		await(t, "pods that are gone to be forgotten", func() error { return s.counts(t, 0) })
		s.begin(t, l)
		s.holds(t, l)
		await(t, "the last scrape", func() error { return s.counts(t, l.attempts()) })
	})
}

// inquire asks Prometheus by the API server, which passes it on to the Service.
func (s *stack) inquire(t *testing.T, question string, into any) error {
	t.Helper()
	text, err := s.try(t.Context(), nil, "get", "--raw", "/api/v1/namespaces/plumbline/services/prometheus:http/proxy/api/v1/"+question)
	if err != nil {
		return err
	}
	answer := struct{ Data any }{into}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return fmt.Errorf("ask Prometheus for %s: %w", question, err)
	}
	return nil
}

// counts returns an error unless Prometheus has counted n requests.
func (s *stack) counts(t *testing.T, n int) error {
	t.Helper()
	var answer struct {
		Result []struct{ Value [2]any } // when, and a number as text
	}
	if err := s.inquire(t, "query?query="+url.QueryEscape(counted+" or vector(0)"), &answer); err != nil {
		return err
	}
	if len(answer.Result) != 1 || answer.Result[0].Value[1] != strconv.Itoa(n) {
		return fmt.Errorf("%s is %v, want %d", counted, answer.Result, n)
	}
	return nil
}

// targets returns an error unless so many of each job are up, and none is down.
func (s *stack) targets(t *testing.T, want map[string]int) error {
	t.Helper()
	var have struct {
		ActiveTargets []struct {
			Labels                       struct{ Job string }
			ScrapeURL, Health, LastError string
		}
	}
	if err := s.inquire(t, "targets?state=active", &have); err != nil {
		return err
	}
	up := map[string]int{}
	for _, target := range have.ActiveTargets {
		if target.Health != "up" {
			return fmt.Errorf("%s is %s: %s", target.ScrapeURL, target.Health, target.LastError)
		}
		up[target.Labels.Job]++
	}
	if !maps.Equal(up, want) {
		return fmt.Errorf("%v are up, want %v", up, want)
	}
	return nil
}

// jobs are those that Prometheus scrapes at one address each.
func jobs(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "prometheus", "targets", "kubernetes.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Labels  struct{ Job string }
		Targets []string
	}
	if err := yaml.Unmarshal(text, &groups); err != nil || len(groups) == 0 {
		t.Fatalf("%d groups of targets: %v", len(groups), err)
	}
	names := map[string]int{}
	for _, g := range groups {
		names[g.Labels.Job] += len(g.Targets)
	}
	return names
}

// rules returns an error until Prometheus has evaluated what every file of rules says.
func (s *stack) rules(t *testing.T) error {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "prometheus", "rules", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("rules: %v, %v", files, err)
	}
	var have struct {
		Groups []struct {
			File  string
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := s.inquire(t, "rules", &have); err != nil {
		return err
	}
	for _, g := range have.Groups {
		files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == path.Base(g.File) })
		for _, r := range g.Rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if len(files) > 0 {
		return errors.New("nothing of " + fmt.Sprint(files))
	}
	return nil
}
