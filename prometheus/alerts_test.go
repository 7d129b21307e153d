package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pace is how much faster than shipped the rules run here: an hour is 36 s.
const pace = 100

// TestAlertsFireAndResolve makes demo-app ill through its admin port, under load,
// and reads from the webhook what Alertmanager makes of it: real programs all the
// way, and the shipped rules with their durations divided by pace.
func TestAlertsFireAndResolve(t *testing.T) {
	program(t, toolsVariable, "")
	t.Parallel()
	s := serve(t)
	s.demoApp(t)
	s.observe(t)
	s.load(t)

	s.await(t, "the objective to be judged, and kept", func() error {
		return s.holds(`job:slo_errors_per_requests:ratio_rate1h{slo="availability"} == 0`)
	})
	// Nobody serves the board here, and an absent metric has to speak.
	s.awaitTold(t, "firing ticket NoData board")
	if told := s.told(t); slices.ContainsFunc(told, func(c string) bool { return strings.Contains(c, "Availability") }) {
		t.Fatalf("before any error: %v", told)
	}

	s.fault(t, http.MethodPut, "/errors", `{"route":"*","error":{"ratio":0.5,"codes":["UNAVAILABLE"]}}`)
	s.awaitTold(t, "firing page AvailabilityBudgetBurn")
	s.fault(t, http.MethodPut, "/slow", `{"route":"*","latency":{"shape":"constant","value":"400ms"}}`)
	s.awaitTold(t, "firing page LatencyBudgetBurn")
	s.fault(t, http.MethodDelete, "", "")
	s.awaitTold(t, "resolved page AvailabilityBudgetBurn") // when half an hour, here 18 s, is without an error

	s.kill("demo-app")
	s.awaitTold(t, "firing page TargetDown")
	s.await(t, "what a dead target explains to be kept back", s.suppressed)
	s.demoApp(t)
	s.awaitTold(t, "resolved page TargetDown")
}

// observe starts Prometheus, Alertmanager and the receiver, pace times faster than
// shipped, with a scrape and an evaluation each second.
func (s *servers) observe(t *testing.T) {
	t.Helper()
	dir := laid(t, Addresses{
		Targets:      []Target{{"demo-app", s.at("demo-app")}, {"loadgen", s.at("loadgen")}},
		Alertmanager: s.at("alertmanager"), Receiver: s.url("alerts") + "/alerts",
	})
	rewrite := func(name string, change func(text string) string) {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(change(string(text))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range append(ruleFiles(t), "alertmanager.yml") {
		rewrite(name, func(text string) string { return faster(t, text, pace) })
	}
	rewrite("prometheus.yml", strings.NewReplacer("scrape_interval: 5s", "scrape_interval: 1s", "scrape_timeout: 4s", "scrape_timeout: 1s", "evaluation_interval: 5s", "evaluation_interval: 1s").Replace)
	check(t, nil, "promtool", "check", "config", filepath.Join(dir, "prometheus.yml"))

	s.start(t, "alerts", program(t, ownVariable, "provisioner"), "alerts", "-addr", s.at("alerts"))
	s.get(t, "alerts", "/healthz", "ok")
	// receiver.url is looked for in the working directory.
	s.dir = dir
	s.start(t, "alertmanager", program(t, toolsVariable, "alertmanager"), "--config.file=alertmanager.yml", "--storage.path=alertmanager",
		"--web.listen-address="+s.at("alertmanager"), "--cluster.listen-address=")
	s.get(t, "alertmanager", "/-/ready", "")
	s.start(t, "prometheus", program(t, toolsVariable, "prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
		"--web.listen-address="+s.at("prometheus"), "--enable-feature="+Features)
	s.get(t, "prometheus", "/-/ready", "")
}

// holds asks Prometheus whether an expression has a result now.
func (s *servers) holds(expr string) error {
	res, err := http.Get(s.url("prometheus") + "/api/v1/query?" + url.Values{"query": {expr}}.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" || len(answer.Data.Result) == 0 {
		return fmt.Errorf("%s: %s %s", expr, answer.Status, answer.Error)
	}
	return nil
}

// told are the changes that the receiver was told of, each as "firing page NAME
// JOB SLO".
func (s *servers) told(t *testing.T) []string {
	t.Helper()
	var changes []struct {
		Status, Receiver string
		Labels           map[string]string
	}
	if err := json.Unmarshal([]byte(s.get(t, "alerts", "/alerts", "")), &changes); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, c := range changes {
		told = append(told, strings.TrimSpace(strings.Join([]string{c.Status, c.Receiver, c.Labels["alertname"], c.Labels["job"], c.Labels["slo"]}, " ")))
	}
	return told
}

func (s *servers) awaitTold(t *testing.T, change string) {
	t.Helper()
	s.await(t, change, func() error {
		told := s.told(t)
		if slices.ContainsFunc(told, func(c string) bool { return strings.HasPrefix(c+" ", change+" ") }) {
			return nil
		}
		return fmt.Errorf("told of %q", told)
	})
	t.Log(change)
}

// suppressed asks Alertmanager whether it keeps back that demo-app's metrics are
// missing.
func (s *servers) suppressed() error {
	res, err := http.Get(s.url("alertmanager") + "/api/v2/alerts?" + url.Values{"filter": {`alertname="NoData"`, `job="demo-app"`}}.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var alerts []struct {
		Labels map[string]string
		Status struct{ State string }
	}
	if err := json.NewDecoder(res.Body).Decode(&alerts); err != nil {
		return err
	}
	for _, a := range alerts {
		if a.Status.State != "suppressed" {
			return fmt.Errorf("%v is %s", a.Labels, a.Status.State)
		}
	}
	if len(alerts) == 0 {
		return errors.New("it does not fire yet")
	}
	return nil
}

// fault asks demo-app's admin port for a fault, or to end it.
func (s *servers) fault(t *testing.T, method, id, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url("admin")+"/admin/faults"+id, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(request)
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			err = errors.New(res.Status)
		}
	}
	if err != nil {
		t.Fatalf("%s fault %s: %v", method, id, err)
	}
}
