package prometheus

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/freshness"
	"plumbline/provisioner/grafana"
)

// rule is an alert or a recording.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

// name tells alerts of one name apart.
func (r rule) name() string {
	return strings.TrimSpace(strings.Join([]string{r.Alert, r.Labels["severity"], r.Labels["signal"]}, " "))
}

func load(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, path := range ruleFiles(t) {
		var file struct{ Groups []struct{ Rules []rule } }
		load(t, path, &file)
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

func TestEveryAlertSaysWhatItMeansAndWhatToDo(t *testing.T) {
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
			t.Errorf("%s: annotations %v, want summary and action", r.name(), r.Annotations)
		}
		if s := r.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s: severity %q, want page or ticket: Alertmanager's routes know no other", r.name(), s)
		}
	}
}

// A rule without a test of either kind may never fire, or always.
func TestEveryAlertIsSeenToFireAndNotToFire(t *testing.T) {
	fires, rests := map[string]bool{}, map[string]bool{}
	paths, err := filepath.Glob("rules/tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		var file struct {
			Tests []struct {
				Cases []struct {
					Name     string `yaml:"alertname"`
					Expected []struct {
						Labels map[string]string `yaml:"exp_labels"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		load(t, path, &file)
		for _, test := range file.Tests {
			for _, c := range test.Cases {
				if len(c.Expected) == 0 {
					rests[c.Name] = true
				}
				for _, e := range c.Expected {
					fires[rule{Alert: c.Name, Labels: e.Labels}.name()] = true
				}
			}
		}
	}
	for _, r := range rules(t) {
		if r.Alert != "" && !(fires[r.name()] && rests[r.Alert]) {
			t.Errorf("%s: seen to fire %v, not to fire %v", r.name(), fires[r.name()], rests[r.Alert])
		}
	}
}

// The windows of an objective have to judge by one and the same measure.
func TestWindowsOfAnObjectiveDifferInNothingElse(t *testing.T) {
	first, seen := map[string]string{}, map[string][]string{}
	for _, r := range rules(t) {
		window, ok := strings.CutPrefix(r.Record, "job:slo_errors_per_requests:ratio_rate")
		if !ok {
			continue
		}
		slo := r.Labels["slo"]
		bare := strings.ReplaceAll(r.Expr, "["+window+"]", "[window]")
		if strings.Contains(strings.ReplaceAll(bare, "[window]", ""), "[") {
			t.Errorf("%s of %s: a window that is not its own: %s", r.Record, slo, r.Expr)
		}
		if first[slo] == "" {
			first[slo] = bare
		}
		if diff := cmp.Diff(first[slo], bare); diff != "" {
			t.Errorf("%s of %s differs from the first window: %s", r.Record, slo, diff)
		}
		seen[slo] = append(seen[slo], window)
	}
	want := []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"}
	if diff := cmp.Diff(map[string][]string{"availability": want, "latency": want}, seen); diff != "" {
		t.Error(diff)
	}
}

// The table of the Site Reliability Workbook, for each objective.
func TestBurnRatesAreThoseOfTheWorkbook(t *testing.T) {
	budget := map[string]string{"availability": "0.001", "latency": "0.01"}
	pairs := map[string][][3]string{
		"page":   {{"14.4", "1h", "5m"}, {"6", "6h", "30m"}},
		"ticket": {{"3", "1d", "2h"}, {"1", "3d", "6h"}},
	}
	found := 0
	for _, r := range rules(t) {
		slo := r.Labels["slo"]
		if r.Alert == "" || slo == "" {
			continue
		}
		found++
		var halves []string
		for _, p := range pairs[r.Labels["severity"]] {
			over := func(window string) string {
				return fmt.Sprintf("job:slo_errors_per_requests:ratio_rate%s{slo=%q} > %s * %s", window, slo, p[0], budget[slo])
			}
			halves = append(halves, "( "+over(p[1])+" and "+over(p[2])+" )")
		}
		if diff := cmp.Diff(strings.Join(halves, " or "), strings.Join(strings.Fields(r.Expr), " ")); diff != "" {
			t.Errorf("%s: %s", r.name(), diff)
		}
	}
	if found != 4 {
		t.Errorf("%d alerts on budgets, want 4", found)
	}
}

// Where Grafana judges the same objective by other data, it pages at the same
// threshold and says the same of what to do.
func TestGrafanasRulesAgree(t *testing.T) {
	here := map[string]rule{}
	for _, r := range rules(t) {
		here[r.name()] = r
	}
	compared := 0
	for _, g := range grafana.Groups(true) {
		for _, theirs := range g.Rules {
			name, _, _ := strings.Cut(theirs.Title, " ")
			ours, same := here[name+" page"]
			if !same || theirs.Labels["slo"] == "" {
				continue
			}
			compared++
			if theirs.Annotations["action"] != ours.Annotations["action"] || theirs.Labels["slo"] != ours.Labels["slo"] || theirs.Labels["severity"] != ours.Labels["severity"] {
				t.Errorf("%s: Grafana has %v %v, Prometheus %v %v", name, theirs.Annotations, theirs.Labels, ours.Annotations, ours.Labels)
			}
			limit := regexp.MustCompile(`> (14\.4 \* [0-9.]+)`)
			want := limit.FindStringSubmatch(ours.Expr)
			burns, _ := theirs.Questions[len(theirs.Questions)-1].Model["expression"].(string)
			got := limit.FindAllStringSubmatch(burns, -1)
			if len(got) != 2 || got[0][1] != want[1] || got[1][1] != want[1] {
				t.Errorf("%s: Grafana's limit is in %q, Prometheus' is %q", name, burns, want)
			}
		}
	}
	if compared != 2 {
		t.Errorf("%d rules compared, want 2", compared)
	}
}

func TestRulesUseTheProgramsOwnNames(t *testing.T) {
	text := ""
	for _, path := range ruleFiles(t) {
		part, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text += string(part)
	}
	operational := `http_route!~"` + strings.Join(telemetry.OperationalRoutes(), "|") + `"`
	for _, m := range regexp.MustCompile(`http_route!~"[^"]*"`).FindAllString(text, -1) {
		if m != operational {
			t.Errorf("%s is not %s", m, operational)
		}
	}
	for _, name := range []string{
		operational, telemetry.MetricDuration, telemetry.LabelRoute, telemetry.LabelStatus, telemetry.StreamAccess,
		freshness.Metric, `$labels.` + freshness.LabelStream,
	} {
		if !strings.Contains(text, name) {
			t.Errorf("no rule has %s", name)
		}
	}
	if !slices.Contains(freshness.Streams(), telemetry.StreamAccess) {
		t.Errorf("freshness asks for %v, without %s", freshness.Streams(), telemetry.StreamAccess)
	}
}

func TestVersionsAreThoseThatAreBuilt(t *testing.T) {
	read := func(path, pattern string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s: nothing matches %s", path, pattern)
		}
		return string(m[1])
	}
	// Prometheus 3.13.5 is version 0.313.5 of its module.
	var major, minor, patch int
	if _, err := fmt.Sscanf(read("../.env", `(?m)^PROMETHEUS_VERSION=(\S+)$`), "%d.%d.%d", &major, &minor, &patch); err != nil {
		t.Fatal(err)
	}
	named, built := fmt.Sprintf("0.%d%02d.%d", major, minor, patch), read("native/go.mod", `github\.com/prometheus/prometheus v(\S+)`)
	if named != built {
		t.Errorf("Prometheus: .env names module version %s, native/go.mod builds %s", named, built)
	}
	if parses := read("../go.mod", `github\.com/prometheus/prometheus v(\S+)`); parses != built {
		t.Errorf("Prometheus: native/go.mod builds %s, tests parse with %s", built, parses)
	}
	named, built = read("../.env", `(?m)^ALERTMANAGER_VERSION=(\S+)$`), read("native/go.mod", `=> github\.com/prometheus/alertmanager v(\S+)`)
	if named != built {
		t.Errorf("Alertmanager: .env names %s, native/go.mod builds %s", named, built)
	}
}

func TestLayMakesWhatTheFilesReferTo(t *testing.T) {
	dir := t.TempDir()
	a := Addresses{Targets: []Target{{"demo-app", "127.0.0.1:8000"}, {"board", "127.0.0.1:5602"}}, Alertmanager: "127.0.0.1:9093", Receiver: "http://127.0.0.1:9095/alerts"}
	if err := Lay(dir, a); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"targets.yml":       "- labels: {job: demo-app}\n  targets: ['127.0.0.1:8000']\n- labels: {job: board}\n  targets: ['127.0.0.1:5602']\n",
		"alertmanagers.yml": "- targets: ['127.0.0.1:9093']\n",
		"receiver.url":      "http://127.0.0.1:9095/alerts\n",
	}
	got := map[string]string{}
	for name := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"prometheus.yml", "alertmanager.yml", "rules/health.yml", "consoles/index.html"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := Lay(filepath.Join(dir, "rules", "health.yml"), a); err == nil {
		t.Error("a file is taken for a directory")
	}
}

// Containers start Prometheus with the features that it wants natively.
func TestContainersHaveTheFeatures(t *testing.T) {
	text, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "- --enable-feature=" + Features + "\n"; !strings.Contains(string(text), want) {
		t.Errorf("compose.yaml has no %q", want)
	}
}

// The targets of containers are those of the native runner.
func TestTargetsAreTheSameInContainers(t *testing.T) {
	source, err := os.ReadFile("../stack/native/prometheus.go")
	if err != nil {
		t.Fatal(err)
	}
	native := map[string]bool{}
	for _, m := range regexp.MustCompile(`Job: "([a-z-]+)"`).FindAllSubmatch(source, -1) {
		native[string(m[1])] = true
	}
	var groups []group
	load(t, "targets/compose.yml", &groups)
	compose := map[string]bool{}
	for _, g := range groups {
		compose[g.Labels["job"]] = true
	}
	if len(native) == 0 || !maps.Equal(native, compose) {
		t.Errorf("native %v, in containers %v", native, compose)
	}
}
