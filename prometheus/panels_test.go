package prometheus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
)

// lines are the access lines of users' requests, as demo-app wrote them.
type lines struct {
	byRoute, byStatus map[string]float64
	durations         []float64 // seconds, sorted
	failed            float64
}

func (s *servers) lines(t *testing.T) lines {
	t.Helper()
	file, err := os.Open(filepath.Join(s.dir, "demo-app.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := lines{byRoute: map[string]float64{}, byStatus: map[string]float64{}}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var line struct {
			Event struct {
				Dataset  string
				Duration float64
			}
			HTTP struct {
				Route    string
				Response struct {
					Status int `json:"status_code"`
				}
			}
		}
		if json.Unmarshal(scanner.Bytes(), &line) != nil || line.Event.Dataset != telemetry.DatasetAccess || slices.Contains(telemetry.OperationalRoutes(), line.HTTP.Route) {
			continue
		}
		all.byRoute[line.HTTP.Route]++
		all.byStatus[fmt.Sprint(line.HTTP.Response.Status)]++
		all.durations = append(all.durations, line.Event.Duration/1e9)
		if line.HTTP.Response.Status >= 500 {
			all.failed++
		}
	}
	slices.Sort(all.durations)
	return all
}

// about is whether Prometheus tells a count: increase extrapolates to the ends of
// its range, here by a scrape of a second in some twenty.
func about(got, want float64) bool { return math.Abs(got-want) <= 0.1*want+0.5 }

// quantile is whether a value may be told for a quantile: a native histogram puts it
// within 9 %, between neighbours in rank.
func (l lines) quantile(q, got float64) bool {
	at := func(rank float64) float64 {
		return l.durations[max(0, min(len(l.durations)-1, int(math.Round(rank*float64(len(l.durations))))))]
	}
	return got >= at(q-0.01)*0.9 && got <= at(q+0.01)*1.1
}

func TestAWrongPanelWouldBeSeen(t *testing.T) {
	l := lines{}
	for i := range 1000 {
		l.durations = append(l.durations, float64(i))
	}
	for proves, right := range map[string]bool{
		"a count that is twice as large": about(200, 100), "an error that is missed": about(0, 1), "p95 for p99": l.quantile(0.99, 800), "milliseconds for seconds": l.quantile(0.5, 500_000),
	} {
		if right {
			t.Errorf("%s is not seen", proves)
		}
	}
}

// TestPanelsShowWhatTheLinesSay runs a load to its end, has a real Prometheus
// scrape it, asks it what Grafana's panels ask, reads the answers as Grafana does,
// and compares with the lines that demo-app wrote.
func TestPanelsShowWhatTheLinesSay(t *testing.T) {
	program(t, toolsVariable, "")
	t.Parallel()
	s := serve(t)
	dir := laid(t, Addresses{Targets: []Target{{"demo-app", s.at("demo-app")}}, Alertmanager: "127.0.0.1:1", Receiver: "http://127.0.0.1:1/"})
	config := filepath.Join(dir, "prometheus.yml")
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, []byte(strings.NewReplacer("scrape_interval: 5s", "scrape_interval: 1s", "scrape_timeout: 4s", "scrape_timeout: 1s").Replace(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, "prometheus", program(t, toolsVariable, "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(s.dir, "data"),
		"--web.listen-address="+s.at("prometheus"), "--enable-feature="+Features)
	s.get(t, "prometheus", "/-/ready", "")
	begun := time.Now()
	s.demoApp(t)
	s.fault(t, http.MethodPut, "/errors", `{"route":"*","error":{"ratio":0.05,"codes":["UNAVAILABLE"]}}`)
	s.start(t, "loadgen", program(t, ownVariable, "loadgen"), "run", "-target", s.url("demo-app"), "-rate", "60", "-duration", "20s", "-ledger", filepath.Join(s.dir, "run.ledger"))
	s.await(t, "the load to end", func() error {
		select {
		case <-s.running["loadgen"].ended:
			return nil
		default:
			return fmt.Errorf("it still runs")
		}
	})
	var truth lines
	s.await(t, "every line to be counted", func() error {
		truth = s.lines(t)
		return s.holds(fmt.Sprintf(`sum(%s_count{http_route!~"%s"}) == %d`, telemetry.MetricDuration, strings.Join(telemetry.OperationalRoutes(), "|"), len(truth.durations)))
	})
	if truth.failed == 0 || len(truth.byRoute) < 4 {
		t.Fatalf("a poor load: %+v", truth.byRoute)
	}

	drawn := s.drawn(t, panels.At{From: begun, To: time.Now(), Step: 5 * time.Second})
	number := func(id string) float64 {
		if d := drawn[id]; len(d.Series) == 1 && d.Series[0].Points[0].Value != nil {
			return *d.Series[0].Points[0].Value
		}
		t.Errorf("%s shows no number: %+v", id, drawn[id])
		return math.NaN()
	}
	all := float64(len(truth.durations))
	for id, right := range map[string]bool{
		"requests": about(number("requests"), all), "error-ratio": about(number("error-ratio")*100, truth.failed/all*100),
		"duration-p99": truth.quantile(0.99, number("duration-p99")), "slo-failed": about(number("slo-failed"), truth.failed),
		"slo-availability-left": about(1-number("slo-availability-left"), truth.failed/all/0.001),
	} {
		if !right {
			t.Errorf("%s shows %v; %v requests, %v failed, p99 %v", id, number(id), all, truth.failed, truth.durations[len(truth.durations)*99/100])
		}
	}
	// Tables and bars: each group, and no other.
	rows := func(id string) map[string]float64 {
		found := map[string]float64{}
		for _, row := range drawn[id].Rows {
			found[fmt.Sprint(row[0])], _ = row[1].(float64)
		}
		for _, series := range drawn[id].Series {
			found[series.Name] = *series.Points[0].Value
		}
		return found
	}
	same := cmp.Comparer(func(a, b float64) bool { return about(a, b) || about(b, a) })
	for id, want := range map[string]map[string]float64{"requests-by-route": truth.byRoute, "requests-by-status": truth.byStatus, "slo-by-route": truth.byRoute, "route-statuses": truth.byStatus} {
		if diff := cmp.Diff(want, rows(id), same); diff != "" {
			t.Errorf("%s (-lines +panel):\n%s", id, diff)
		}
	}
	// The heatmap's highest bucket holds all; and over time nothing gets lost.
	total := 0.0
	for _, series := range drawn["duration-bands"].Series {
		if series.Labels["le"] == "+Inf" {
			for _, p := range series.Points {
				total += *p.Value
			}
		}
	}
	if total < all { // windows overlap, so that none is missed
		t.Errorf("duration-bands shows %v of %v requests", total, all)
	}
}

// drawn is what Grafana's panels show of what Prometheus has, by the model's id, of
// those that ask this Prometheus about demo-app.
func (s *servers) drawn(t *testing.T, at panels.At) map[string]panels.Drawn {
	t.Helper()
	rendered, err := grafana.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]panels.Drawn{}
	for i, d := range dashboards.All() {
		read, err := panels.Read(rendered[i].Text)
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range d.Panels {
			questions, err := read.Panels[j].Questions(at)
			if err != nil {
				t.Fatal(err)
			}
			if len(questions) == 0 {
				continue
			}
			answers := map[string][]byte{}
			for _, q := range questions {
				answers[q.Ref] = s.query(t, q, at)
			}
			shown, err := read.Panels[j].Draw(at, answers)
			if err != nil {
				t.Errorf("%s: %v", p.ID, err)
				continue
			}
			if all[p.ID] = shown; p.Quiet == "" && p.Source.Stream == telemetry.StreamAccess && len(shown.Series)+len(shown.Rows) == 0 {
				t.Errorf("%s shows nothing", p.ID)
			}
		}
	}
	return all
}

// query asks a panel's question as Grafana does: once, or over the range.
func (s *servers) query(t *testing.T, q panels.Question, at panels.At) []byte {
	t.Helper()
	// To the millisecond: the last scrape may be of this second.
	seconds := func(at time.Time) string { return fmt.Sprintf("%.3f", float64(at.UnixMilli())/1000) }
	endpoint, values := "query_range", url.Values{"query": {q.Expr}, "start": {seconds(at.From)}, "end": {seconds(at.To)}, "step": {fmt.Sprint(at.Step.Seconds())}}
	if q.Instant {
		endpoint, values = "query", url.Values{"query": {q.Expr}, "time": {seconds(at.To)}}
	}
	res, err := http.PostForm(s.url("prometheus")+"/api/v1/"+endpoint, values)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
