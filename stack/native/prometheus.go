package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"plumbline/prometheus"
	"plumbline/stack/supervise"
)

// ProfilePrometheus adds Prometheus, Alertmanager and a receiver of its alerts.
const ProfilePrometheus = "prometheus"

// Profiles are the names that Options.Profile may have, besides none.
func Profiles() []string { return []string{ProfilePrometheus} }

func (s *Stack) withPrometheus() bool { return s.options.Profile == ProfilePrometheus }

// prometheusSteps come after all that is scraped.
func (s *Stack) prometheusSteps() []step {
	return []step{
		{"prometheus configuration", s.layPrometheus},
		{"alerts", s.startAlerts},             // prints what Alertmanager sends
		{"alertmanager", s.startAlertmanager}, // groups alerts, and tells of them
		{"prometheus", s.startPrometheus},     // scrapes, evaluates rules
	}
}

func (s *Stack) layPrometheus(context.Context) error {
	dir := s.dir.Run("prometheus")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("lay Prometheus' configuration: %w", err)
	}
	return prometheus.Lay(dir, prometheus.Addresses{
		Targets: []prometheus.Target{
			{Job: "demo-app", Address: loopback(s.ports.API)},
			{Job: "loadgen", Address: loopback(s.ports.Loadgen)}, // while it sends
			{Job: "board", Address: loopback(s.ports.Board)},
			{Job: "canary", Address: loopback(s.ports.Canary)},
			{Job: "prometheus", Address: loopback(s.ports.Prometheus)},
			{Job: "alertmanager", Address: loopback(s.ports.Alertmanager)},
		},
		Alertmanager: loopback(s.ports.Alertmanager),
		Receiver:     "http://" + loopback(s.ports.Alerts) + "/alerts",
	})
}

func (s *Stack) startAlerts(ctx context.Context) error {
	return s.startShown(ctx, "", supervise.Spec{
		Name: "alerts", Log: s.log("alerts"), Env: environment(), Show: s.progress,
		Command: []string{s.programs.Provisioner, "alerts", "-addr", loopback(s.ports.Alerts)},
	}, supervise.Gate{What: "listening", Within: 10 * time.Second, Check: supervise.Answers(client(), "http://"+loopback(s.ports.Alerts)+"/healthz")})
}

func (s *Stack) startAlertmanager(ctx context.Context) error {
	dir := s.dir.Run("prometheus")
	return s.startShown(ctx, s.Alertmanager+"/", supervise.Spec{
		Name: "alertmanager", Log: s.log("alertmanager"), Dir: dir, Env: environment(),
		Command: []string{filepath.Join(s.programs.Prometheus, "alertmanager"), "--config.file=" + filepath.Join(dir, "alertmanager.yml"),
			"--storage.path=" + filepath.Join(dir, "alertmanager"), "--web.listen-address=" + loopback(s.ports.Alertmanager),
			"--web.external-url=" + s.Alertmanager + "/", "--cluster.listen-address="}, // alone
	}, supervise.Gate{What: "ready", Within: 20 * time.Second, Check: supervise.Answers(client(), s.Alertmanager+"/-/ready")})
}

// startPrometheus starts Prometheus; it is ready when it has scraped demo-app, so
// a wrong address shows here and not as an empty graph.
func (s *Stack) startPrometheus(ctx context.Context) error {
	dir := s.dir.Run("prometheus")
	scraped := s.Prometheus + "/api/v1/query?" + url.Values{"query": {`up{job="demo-app"} == 1`}}.Encode()
	return s.startShown(ctx, s.Prometheus+"/consoles/index.html", supervise.Spec{
		Name: "prometheus", Log: s.log("prometheus"), Dir: dir, Env: environment(), StopWithin: 20 * time.Second,
		Command: []string{filepath.Join(s.programs.Prometheus, "prometheus"), "--config.file=" + filepath.Join(dir, "prometheus.yml"),
			"--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + loopback(s.ports.Prometheus),
			"--web.external-url=" + s.Prometheus + "/", "--web.console.templates=" + filepath.Join(dir, "consoles"),
			"--enable-feature=" + prometheus.Features},
	}, supervise.Gate{What: "scraping demo-app", Within: time.Minute, Check: supervise.Reads(client(), scraped, hasResult)})
}

// hasResult finds fault with an answer of Prometheus that holds no sample.
func hasResult(body io.Reader) error {
	var answer struct {
		Data struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Data.Result) == 0 {
		return errors.New("no sample yet")
	}
	return nil
}
