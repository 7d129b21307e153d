package loop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana"
	"plumbline/dashboards/grafana/panels"
)

// requests are what loadgen has sent: everything but probes and scrapes.
const requests = `{job="demo-app",http_route!~"/healthz|/readyz|/metrics|/version"}`

// lookAtPrometheus asks about the 2,000 requests of the first load.
func (l *loop) lookAtPrometheus(t *testing.T) {
	for what, expr := range map[string]string{
		"the classic histogram":               `sum(http_server_request_duration_seconds_count` + requests + `) == 2000`,
		"its buckets":                         `sum(http_server_request_duration_seconds_bucket{le="+Inf",job="demo-app",http_route!~"/healthz|/readyz|/metrics|/version"}) == 2000`,
		"the native histogram":                `histogram_count(sum(http_server_request_duration_seconds` + requests + `)) == 2000`,
		"the count since each series' birth":  `round(sum(increase(http_server_request_duration_seconds_count` + requests + `[15m]))) >= 2000`,
		"all targets but loadgen, which rest": `count(up{job!="loadgen"} == 1) == 5`,
		"the newest line in Elasticsearch":    `time() - plumbline_newest_document_timestamp_seconds{stream="logs-icat.access-default"} < 15`,
		"the newest of each stream":           `count(plumbline_newest_document_timestamp_seconds) == 3`,
		"the canary's lines":                  `plumbline_canary_found_total > 0 and plumbline_canary_lost_total == 0`,
		"quantiles of routes":                 `count(job_http_route:http_server_request_duration_seconds:quantile_rate1m{quantile="0.99"} > 0) > 3`,
		"objectives that are judged":          `count(job:slo_errors_per_requests:ratio_rate5m) == 2`,
		"no alert but on budgets":             `absent(ALERTS{alertstate="firing",slo=""})`, // the machine may be slow, even too slow to answer
	} {
		await(t, what, func() error { return l.prometheus("query", expr, &[]json.RawMessage{}) })
	}

	var series []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	for title, questions := range l.grafanasQuestions(t) { // each panel of Grafana's dashboards has something to draw
		await(t, title, func() (err error) {
			for _, q := range questions { // of the requests, say, those with a 5xx status may have no answer
				expr := q.Expr
				if !q.Instant { // at any moment, and not just now that the load has ended
					expr = "count_over_time((" + expr + ")[15m:10s])"
				}
				if err = l.prometheus("query", expr, &[]json.RawMessage{}); err == nil {
					return nil
				}
			}
			return err
		})
		for _, q := range questions {
			if q.Exemplar && len(series) == 0 {
				await(t, title+"'s exemplars", func() error { return l.prometheus("query_exemplars", q.Expr, &series) })
			}
		}
	}
	trace := series[0].Exemplars[0].Labels["trace_id"]
	lines, err := os.ReadFile(l.log())
	if err != nil || trace == "" || !strings.Contains(string(lines), `"trace":{"id":"`+trace+`"`) {
		t.Errorf("no line has the trace %q of an exemplar (%v)", trace, err)
	}

	res, err := http.Get(l.Prometheus + "/consoles/index.html")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(page), "<code>/datasets</code>") {
		t.Errorf("the page: %s, %v:\n%s", res.Status, err, page)
	}
}

// grafanasQuestions are what panels of Grafana's dashboards ask Prometheus, but of
// those that may find nothing.
func (l *loop) grafanasQuestions(t *testing.T) map[string][]panels.Question {
	t.Helper()
	rendered, err := grafana.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	at := panels.At{From: now.Add(-15 * time.Minute), To: now, Step: 10 * time.Second}
	all := map[string][]panels.Question{}
	for i, d := range dashboards.All() {
		read, err := panels.Read(rendered[i].Text)
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range d.Panels {
			if p.Quiet != "" || p.Kind == dashboards.Note {
				continue
			}
			questions, err := read.Panels[j].Questions(at)
			if err != nil {
				t.Fatal(err)
			}
			if len(questions) > 0 {
				all[p.ID] = questions
			}
		}
	}
	return all
}

// prometheus asks Prometheus and reads a result that is not empty.
func (l *loop) prometheus(endpoint, query string, into any) error {
	res, err := http.Get(l.Prometheus + "/api/v1/" + endpoint + "?" + url.Values{"query": {query}, "start": {"0"}, "end": {"9999999999"}}.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Error string
		Data  json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	result := answer.Data // query_exemplars has them at once, query one level below
	if endpoint == "query" {
		var data struct{ Result json.RawMessage }
		if err := json.Unmarshal(answer.Data, &data); err != nil {
			return fmt.Errorf("%s: %s, %w", query, answer.Error, err)
		}
		result = data.Result
	}
	if string(result) == "[]" || len(result) == 0 {
		return fmt.Errorf("%s: no result %s", query, answer.Error)
	}
	return json.Unmarshal(result, into)
}
