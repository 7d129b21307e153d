package kibana

import (
	"fmt"
	"strings"

	"plumbline/demo-app/telemetry"
)

// objective is a share of requests that may break a promise, and which do.
type objective struct {
	id, title string
	budget    float64
	counts    string // the requests that count, in ES|QL; "" = all
	breaks    string // of these, the ones that break it
}

// burn is a burn rate that is too high over a long window and a short one: the
// long one says that it matters, the short one that it still goes on.
type burn struct {
	rate        float64
	long, short string // in ES|QL
}

// urgency is how soon somebody has to act, and the burn rates for which.
type urgency struct {
	id, means string
	every     string // how often the rule is evaluated
	window    int    // its longest window
	unit      string // of that: h or d
	burns     [2]burn
}

// The objectives, burn rates and limits are those of prometheus/rules, for whoever
// has no Prometheus; a test holds them together.
func objectives() []objective {
	return []objective{
		{"availability", "requests fail", 0.001, "", telemetry.FieldStatus + " >= 500"},
		{"latency", "requests take longer than 250 ms", 0.01, telemetry.FieldStatus + " < 500", telemetry.FieldEventDuration + " > 250000000"},
	}
}

func urgencies() []urgency {
	return []urgency{
		{"page", "the objective will be lost within days", "1m", 6, "h", [2]burn{{14.4, "1 hour", "5 minutes"}, {6, "6 hours", "30 minutes"}}},
		{"ticket", "the objective will be lost within the month", "30m", 3, "d", [2]burn{{3, "1 day", "2 hours"}, {1, "3 days", "6 hours"}}},
	}
}

const (
	noDataAfter = 2  // minutes
	staleAfter  = 30 // seconds
)

// Rules are the alerts that a Kibana can give by itself, from the access lines.
func Rules() []Rule {
	var all []Rule
	for _, o := range objectives() {
		for _, u := range urgencies() {
			all = append(all, u.rule(o))
		}
	}
	return append(all, noData(), ingestLag())
}

func (u urgency) rule(o objective) Rule {
	return Rule{
		ID:   "plumbline-" + o.id + "-" + u.id,
		Name: fmt.Sprintf("Plumbline: too many %s: %s", o.title, u.means),
		Tags: []string{"plumbline", "severity:" + u.id, "slo:" + o.id}, Every: u.every,
		Params: esql(u.query(o), u.window, u.unit),
	}
}

// query answers with one row while the budget burns too fast, and with none
// otherwise. Over a window without requests a ratio is null, which is no more
// than anything.
func (u urgency) query(o objective) string {
	var counts, ratios, terms []string
	for i, b := range u.burns {
		long, short := fmt.Sprint("long", i+1), fmt.Sprint("short", i+1)
		for _, w := range []struct{ name, span string }{{long, b.long}, {short, b.short}} {
			recent := telemetry.FieldTimestamp + " > NOW() - " + w.span
			counts = append(counts, fmt.Sprintf("n_%s = COUNT(*) WHERE %s, bad_%s = COUNT(*) WHERE %s AND %s", w.name, recent, w.name, recent, o.breaks))
			ratios = append(ratios, fmt.Sprintf("%s = TO_DOUBLE(bad_%s) / n_%s", w.name, w.name, w.name))
		}
		terms = append(terms, fmt.Sprintf("(%s > %g * %g AND %s > %g * %g)", long, b.rate, o.budget, short, b.rate, o.budget))
	}
	where := operational()
	if o.counts != "" {
		where += " AND " + o.counts
	}
	return strings.Join([]string{
		"FROM " + telemetry.StreamAccess,
		"WHERE " + where,
		"STATS " + strings.Join(counts, ", "),
		"EVAL " + strings.Join(ratios, ", "),
		"WHERE " + strings.Join(terms, " OR "),
		"KEEP long1, short1, long2, short2",
	}, "\n| ")
}

// noData fires when no access line at all has come: Metricbeat's scrapes make some
// even of an idle service.
func noData() Rule {
	return Rule{
		ID: "plumbline-no-data", Name: "Plumbline: no access line has arrived: no objective can be judged", Tags: []string{"plumbline", "severity:page"}, Every: "1m",
		Params: map[string]any{
			"searchType": "esQuery", "index": []string{telemetry.StreamAccess}, "esQuery": `{"query":{"match_all":{}}}`, "timeField": telemetry.FieldTimestamp,
			"timeWindowSize": noDataAfter, "timeWindowUnit": "m", "size": 0, "thresholdComparator": "<", "threshold": []int{1},
			"aggType": "count", "groupBy": "all", "excludeHitsFromPreviousRun": false,
		},
	}
}

// ingestLag fires when the newest line that a search finds is old.
func ingestLag() Rule {
	return Rule{
		ID: "plumbline-ingest-lag", Name: fmt.Sprintf("Plumbline: the newest access line is more than %d s old", staleAfter), Tags: []string{"plumbline", "severity:page"}, Every: "1m",
		Params: esql(strings.Join([]string{
			"FROM " + telemetry.StreamAccess,
			"STATS newest = MAX(" + telemetry.FieldTimestamp + ")",
			`EVAL age_seconds = DATE_DIFF("second", newest, NOW())`,
			fmt.Sprintf("WHERE age_seconds > %d", staleAfter),
		}, "\n| "), 1, "h"),
	}
}

// esql are the parameters of a rule that fires while its query answers with a row.
func esql(query string, window int, unit string) map[string]any {
	return map[string]any{
		"searchType": "esqlQuery", "esqlQuery": map[string]any{"esql": query}, "timeField": telemetry.FieldTimestamp,
		"timeWindowSize": window, "timeWindowUnit": unit, "size": 0, "thresholdComparator": ">", "threshold": []int{0},
		"aggType": "count", "groupBy": "all", "excludeHitsFromPreviousRun": false,
	}
}

// operational leaves out probes and scrapes; a request of no known route counts.
func operational() string {
	var routes []string
	for _, r := range telemetry.OperationalRoutes() {
		routes = append(routes, fmt.Sprintf("%q", r))
	}
	return fmt.Sprintf("(%s IS NULL OR %s NOT IN (%s))", telemetry.FieldRoute, telemetry.FieldRoute, strings.Join(routes, ", "))
}
