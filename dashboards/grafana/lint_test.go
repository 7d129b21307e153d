package grafana

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// linted is what of a dashboard the rules look at.
type linted struct {
	UID        string
	Editable   bool
	Templating struct {
		List []struct {
			Name, Type, Query string
			Datasource        struct{ UID string }
			Refresh           int
			Multi             bool
			IncludeAll        bool
			AllValue          string
		}
	}
	Panels []lintedPanel
}

type lintedPanel struct {
	Type, Title, Description string
	Datasource               struct{ UID string }
	FieldConfig              struct {
		Defaults  struct{ Unit string }
		Overrides []struct {
			Properties []struct{ ID string }
		}
	}
	Targets []struct {
		RefID, Expr string
		Datasource  struct{ Type, UID string }
	}
}

// A rule finds what is wrong with a dashboard. These are the rules of Grafana's
// dashboard-linter, which is no module that can be had, and their names are its.
type rule struct {
	name  string
	check func(d linted) []string
}

func rules() []rule {
	return []rule{
		{"template-job", hasVariable("job")},
		{"template-label-promql", templateQueries},
		{"template-on-time-change-reload", templateReload},
		{"panel-datasource", eachPanel(func(p lintedPanel) string {
			if p.Type != "text" && p.Type != "dashlist" && p.Datasource.UID == "" {
				return "has no data source"
			}
			return ""
		})},
		{"panel-title-description", eachPanel(func(p lintedPanel) string {
			if p.Title == "" || p.Description == "" {
				return "has no title or no description"
			}
			return ""
		})},
		{"panel-units", eachPanel(units)},
		{"panel-no-targets", eachPanel(func(p lintedPanel) string {
			if p.Type != "text" && p.Type != "dashlist" && len(p.Targets) == 0 {
				return "asks nothing"
			}
			return ""
		})},
		{"target-promql", eachExpr(func(string, parser.Expr) string { return "" })},
		{"target-rate-interval", eachExpr(func(text string, _ parser.Expr) string {
			for _, m := range regexp.MustCompile(`\[[^\]]*\]`).FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(text, ""), -1) {
				if m != "[$__rate_interval]" && m != "[$__range]" && m != "[$__interval]" {
					return "a window of its own: " + m
				}
			}
			return ""
		})},
		{"target-job", eachExpr(func(_ string, e parser.Expr) string { return eachSelector(e, jobless) })},
		{"target-counter-agg", eachExpr(func(_ string, e parser.Expr) string { return bareCounter(e, nil) })},
	}
}

// exceptions are the rules that are not kept, and why.
func exceptions() map[string]string {
	return map[string]string{
		"template-datasource": "data sources have fixed uids: rules, links and exemplars name them",
		"template-instance":   "a service is looked at as a whole; recording rules keep no instance",
		"target-instance":     "likewise",
		"uneditable":          "a copy may be edited; provisioner grafana pull brings it back, and files are read-only anyway",
	}
}

func hasVariable(name string) func(linted) []string {
	return func(d linted) []string {
		if !slices.ContainsFunc(d.Panels, func(p lintedPanel) bool { return p.Datasource.UID == Prometheus }) {
			return nil // a metric's job is in no document
		}
		for _, v := range d.Templating.List {
			if v.Name == name && v.Type == "query" && v.Datasource.UID != "" {
				return nil
			}
		}
		return []string{"no variable " + name}
	}
}

func templateQueries(d linted) (found []string) {
	for _, v := range d.Templating.List {
		m := regexp.MustCompile(`^label_values\((?:(.+), )?(\w+)\)$`).FindStringSubmatch(v.Query)
		if v.Type != "query" || v.Datasource.UID != Prometheus {
			continue
		}
		if m == nil {
			found = append(found, v.Name+": "+v.Query+" is no label_values")
			continue
		}
		if _, err := parse(m[1]); err != nil {
			found = append(found, v.Name+": "+err.Error())
		}
	}
	return found
}

func templateReload(d linted) (found []string) {
	for _, v := range d.Templating.List {
		if v.Type == "query" && v.Refresh != 2 {
			found = append(found, v.Name+": its values are not asked for when the time changes")
		}
	}
	return found
}

func eachPanel(check func(lintedPanel) string) func(linted) []string {
	return func(d linted) (found []string) {
		for _, p := range d.Panels {
			if fault := check(p); fault != "" && p.Type != "row" {
				found = append(found, p.Title+": "+fault)
			}
		}
		return found
	}
}

func units(p lintedPanel) string {
	if slices.Contains([]string{"text", "dashlist", "logs", "row"}, p.Type) || p.FieldConfig.Defaults.Unit != "" {
		return ""
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "unit" {
				return ""
			}
		}
	}
	return "has no unit"
}

// parse reads an expression as Prometheus does, once Grafana's variables are in it.
func parse(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(regexp.MustCompile(`\[\$__\w+\]`).ReplaceAllString(text, "[1m]"))
}

func eachExpr(check func(text string, e parser.Expr) string) func(linted) []string {
	return func(d linted) (found []string) {
		for _, p := range d.Panels {
			for _, t := range p.Targets {
				if t.Datasource.Type != "prometheus" {
					continue
				}
				e, err := parse(t.Expr)
				fault := ""
				if err != nil {
					fault = err.Error()
				} else {
					fault = check(t.Expr, e)
				}
				if fault != "" {
					found = append(found, fmt.Sprintf("%s %s: %s", p.Title, t.RefID, fault))
				}
			}
		}
		return found
	}
}

func eachSelector(e parser.Expr, check func(*parser.VectorSelector) string) (fault string) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if s, is := n.(*parser.VectorSelector); is && fault == "" {
			fault = check(s)
		}
		return nil
	})
	return fault
}

// jobless is a selector that takes the series of every job. What the stack says of
// itself comes from one job alone and needs none.
func jobless(s *parser.VectorSelector) string {
	if strings.HasPrefix(s.Name, "plumbline_") || strings.HasPrefix(s.Name, "loadgen_") || s.Name == "up" || s.Name == "ALERTS" {
		return ""
	}
	if !slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == "job" && strings.HasPrefix(m.Value, "$job") }) {
		return s.String() + " names no $job"
	}
	return ""
}

// bareCounter is a counter that is drawn as it stands: only its rate or increase
// says something.
func bareCounter(e parser.Expr, above []string) string {
	switch n := e.(type) {
	case *parser.Call:
		above = append(above, n.Func.Name)
		for _, a := range n.Args {
			if fault := bareCounter(a, above); fault != "" {
				return fault
			}
		}
	case *parser.AggregateExpr:
		return bareCounter(n.Expr, above)
	case *parser.ParenExpr:
		return bareCounter(n.Expr, above)
	case *parser.UnaryExpr:
		return bareCounter(n.Expr, above)
	case *parser.SubqueryExpr:
		return bareCounter(n.Expr, above)
	case *parser.BinaryExpr:
		if fault := bareCounter(n.LHS, above); fault != "" {
			return fault
		}
		return bareCounter(n.RHS, above)
	case *parser.MatrixSelector:
		return bareCounter(n.VectorSelector, above)
	case *parser.VectorSelector:
		counter := regexp.MustCompile(`_(total|count|sum|bucket)$`).MatchString(n.Name) && !strings.Contains(n.Name, ":")
		if counter && !slices.ContainsFunc(above, func(f string) bool { return slices.Contains([]string{"rate", "irate", "increase", "resets"}, f) }) {
			return n.Name + " is a counter and drawn as it stands"
		}
	}
	return ""
}

func loadLinted(t *testing.T, text []byte) linted {
	t.Helper()
	var d linted
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDashboardsKeepTheLintersRules(t *testing.T) {
	all, err := Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	for _, dashboard := range all {
		d := loadLinted(t, dashboard.Text)
		for _, r := range rules() {
			for _, fault := range r.check(d) {
				t.Errorf("%s: %s: %s", d.UID, r.name, fault)
			}
		}
	}
	known := 0
	for range exceptions() {
		known++
	}
	if known+len(rules()) != 15 {
		t.Errorf("%d rules kept and %d not, of the linter's 15", len(rules()), known)
	}
}

// Each rule finds the fault that is put in, and no other rule does.
func TestEachRuleObjects(t *testing.T) {
	const good = `{"uid": "x", "templating": {"list": [
		{"name": "job", "type": "query", "query": "label_values(up_total{a=\"b\"}, job)", "refresh": 2, "datasource": {"uid": "plumbline-prometheus"}}]},
		"panels": [{"type": "stat", "title": "T", "description": "D.", "datasource": {"uid": "plumbline-prometheus"}, "fieldConfig": {"defaults": {"unit": "s"}},
		"targets": [{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "sum(rate(a_total{job=\"$job\"}[$__rate_interval]))"}]}]}`
	check := func(text string) (objecting []string) {
		d := loadLinted(t, []byte(text))
		for _, r := range rules() {
			if len(r.check(d)) > 0 {
				objecting = append(objecting, r.name)
			}
		}
		return objecting
	}
	if got := check(good); got != nil {
		t.Fatalf("a good one: %q", got)
	}
	for name, change := range map[string][2]string{
		"template-job":                   {`"name": "job"`, `"name": "service"`},
		"template-label-promql":          {`up_total{a`, `up_total{{a`},
		"template-on-time-change-reload": {`"refresh": 2`, `"refresh": 1`},
		"panel-datasource":               {`"datasource": {"uid": "plumbline-prometheus"}, "field`, `"field`},
		"panel-title-description":        {`"D."`, `""`},
		"panel-units":                    {`"unit": "s"`, `"unit": ""`},
		"panel-no-targets":               {`"targets"`, `"target"`},
		"target-rate-interval":           {`[$__rate_interval]`, `[5m]`},
		"target-job":                     {`{job=\"$job\"}`, `{}`},
		"target-counter-agg":             {`sum(rate(a_total{job=\"$job\"}[$__rate_interval]))`, `sum(a_total{job=\"$job\"})`},
	} {
		if got := check(strings.Replace(good, change[0], change[1], 1)); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: objected to by %q", name, got)
		}
	}
	if got := check(strings.Replace(good, `sum(rate(`, `sum(rate((`, 1)); !slices.Contains(got, "target-promql") {
		t.Errorf("half an expression: objected to by %q", got)
	}
}
