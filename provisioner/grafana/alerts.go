package grafana

import (
	"fmt"
	"strings"
	"time"

	board "plumbline/dashboards/grafana"
	"plumbline/demo-app/telemetry"
)

// Folder is one in Grafana.
type Folder struct{ UID, Title string }

// DashboardFolder is where dashboards are.
func DashboardFolder() Folder { return Folder{"plumbline", "Plumbline"} }

// RuleFolder is where alert rules are. It has a title of its own: a provisioning
// file names folders by title, and Grafana may read that of the rules first.
func RuleFolder() Folder { return Folder{"plumbline-alerts", "Plumbline alerts"} }

// evaluation is how often Grafana evaluates its rules.
const evaluation = time.Minute

// Groups are the alert rules for Grafana to evaluate: those that Prometheus cannot.
// Its own it evaluates itself, and Grafana lists them beside these. On the access
// lines the same objectives are judged by another source, so they hold, too, where
// there is no Prometheus, or while it is blind.
func Groups(withLines bool) []Group {
	groups := []Group{{Name: "prometheus", Interval: evaluation, Rules: []Rule{prometheusDown()}}}
	if withLines {
		groups = append(groups, Group{Name: "access lines", Interval: evaluation, Rules: []Rule{
			burn("AvailabilityBudgetBurn", "availability", AvailabilityAction, "fail", 0.001, failed(), answered()),
			burn("LatencyBudgetBurn", "latency", LatencyAction, "take longer than 250 ms", 0.01, slow(), unfailed()),
			linesLate(),
		}})
	}
	return groups
}

// What to do, in the words of Prometheus' rules of the same names.
const (
	AvailabilityAction = `job_http_route:http_server_request_errors_per_requests:ratio_rate1m names the route; then look for its "request failed" lines by error.code, and at GET /readyz for a lost dependency`
	LatencyAction      = `job_http_route:http_server_request_duration_seconds:quantile_rate1m names the route, icat_backend_operation_duration_seconds the operation; an exemplar of a slow bucket has the trace id of such a request`
)

// Questions for access lines, in Lucene's language.

func answered() string {
	var routes []string
	for _, r := range telemetry.OperationalRoutes() {
		routes = append(routes, fmt.Sprintf("%q", r))
	}
	return "NOT " + telemetry.FieldRoute + ":(" + strings.Join(routes, " OR ") + ")"
}

func failed() string   { return answered() + " AND " + telemetry.FieldStatus + ":>=500" }
func unfailed() string { return answered() + " AND " + telemetry.FieldStatus + ":<500" }
func slow() string     { return unfailed() + " AND " + telemetry.FieldEventDuration + ":>250000000" } // 250 ms

// Page is the burn rate that pages: it spends 2 % of 30 days' budget in an hour.
// The short window ends the alert soon after the errors end.
const Page = 14.4

// burn pages when, over an hour and over its last five minutes, more of the
// requests break an objective than its budget allows.
func burn(name, objective, action, what string, budget float64, bad, all string) Rule {
	limit := fmt.Sprintf("%g * %g", Page, budget)
	return Rule{
		UID: "plumbline-lines-" + objective, Title: name + " (access lines)", NoData: "OK", OnError: "Error",
		Labels: map[string]string{"severity": "page", "slo": objective, "source": "access lines"},
		Annotations: map[string]string{
			"summary": "by its access lines, {{ .Values.Share.Value | humanizePercentage }} of demo-app's requests " + what + "; the objective will be lost within days",
			"action":  action,
		},
		Questions: []Question{
			count("A", bad, time.Hour), count("B", all, time.Hour), count("C", bad, 5*time.Minute), count("D", all, 5*time.Minute),
			sum("Bad1h", "A"), sum("All1h", "B"), sum("Bad5m", "C"), sum("All5m", "D"),
			math("Share", "$Bad1h / $All1h"),
			math("Burns", "$Share > "+limit+" && $Bad5m / $All5m > "+limit),
		},
	}
}

// linesLate pages when no line arrives: each scrape of demo-app makes one.
func linesLate() Rule {
	return Rule{
		UID: "plumbline-lines-late", Title: "IngestLag (access lines)", For: time.Minute, NoData: "Alerting", OnError: "Error",
		Labels: map[string]string{"severity": "page", "source": "access lines"},
		Annotations: map[string]string{
			"summary": telemetry.StreamAccess + ": no line of the last two minutes is found",
			"action":  "Is demo-app up, and is Filebeat alive? Its /stats tells whether Elasticsearch takes its events: libbeat.output.events. Lines wait in demo-app's log until it does",
		},
		Questions: []Question{count("A", "*", 2*time.Minute), sum("Lines", "A"), math("None", "$Lines < 1")},
	}
}

// prometheusDown speaks for who evaluates all other rules.
func prometheusDown() Rule {
	return Rule{
		UID: "plumbline-prometheus-down", Title: "PrometheusDown", For: time.Minute, NoData: "Alerting", OnError: "Alerting",
		Labels: map[string]string{"severity": "page"},
		Annotations: map[string]string{
			"summary": "Prometheus does not answer: none of its rules is evaluated, and nobody is told",
			"action":  "Is its process alive, and its disk full? Natively: make status, then its log",
		},
		Questions: []Question{
			{Ref: "A", UID: board.Prometheus, Last: time.Minute, Model: map[string]any{"expr": "vector(1)", "instant": true, "range": false, "editorMode": "code"}},
			math("Silent", "$A < 1"),
		},
	}
}

// count counts access lines, in buckets that belong to a time series.
func count(ref, query string, last time.Duration) Question {
	return Question{Ref: ref, UID: board.Stream(telemetry.StreamAccess), Last: last, Model: map[string]any{
		"query": query, "timeField": telemetry.FieldTimestamp, "metrics": []any{map[string]any{"id": "1", "type": "count"}},
		"bucketAggs": []any{map[string]any{"id": "2", "type": "date_histogram", "field": telemetry.FieldTimestamp,
			"settings": map[string]any{"interval": "1m", "min_doc_count": "0", "trimEdges": "0"}}},
	}}
}

// sum adds up the buckets of a count: 0 if there are none.
func sum(ref, of string) Question {
	return own(ref, map[string]any{"type": "reduce", "reducer": "sum", "expression": of, "settings": map[string]any{"mode": "dropNN"}})
}

func math(ref, text string) Question {
	return own(ref, map[string]any{"type": "math", "expression": text})
}

func own(ref string, model map[string]any) Question {
	model["datasource"] = map[string]any{"type": expression, "uid": expression}
	return Question{Ref: ref, UID: expression, Model: model}
}
