// Package panels executes rendered dashboards without a Grafana. It reads the JSON
// that Grafana would be given, not the model that it was rendered from, and says
// what each panel then asks: PromQL, and the very searches that Grafana's
// Elasticsearch data source sends. The answers of real servers it reads as Grafana
// does, works out expressions and transformations, and returns what is drawn. So a
// panel can be held against the same panel of another front end.
//
// It knows as much of Grafana as the dashboards here use; what else a dashboard has
// is refused. Tests use it, and provisioner/proof.
package panels

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Dashboard is a rendered dashboard.
type Dashboard struct {
	UID       string
	Panels    []Panel
	variables map[string]variable
}

// variable is one of a dashboard's.
type variable struct {
	Name     string
	AllValue string
	Current  struct{ Value any }
}

// Panel is one panel.
type Panel struct {
	ID              int64
	Type, Title     string
	Targets         []Target
	Transformations []transformation
	Options         struct {
		ReduceOptions struct{ Calcs []string }
	}
	variables map[string]variable
}

// Target is one question of a panel, or an expression.
type Target struct {
	RefID      string
	Datasource struct{ Type, UID string }
	Hide       bool

	Expr         string // Prometheus
	Instant      bool
	Exemplar     bool
	LegendFormat string

	Query      string // Elasticsearch
	TimeField  string
	Alias      string
	BucketAggs []bucketAgg
	Metrics    []metric

	Type       string // expression: math
	Expression string
}

type bucketAgg struct {
	ID, Type, Field string
	Settings        map[string]any
}

type metric struct {
	ID, Type, Field string
	Hide            bool
	Settings        map[string]any
}

type transformation struct {
	ID      string
	Options struct {
		ByField, Mode string
		Reduce        struct{ Reducer string }
		RenameByName  map[string]string
		Include       struct{ Names []string }
	}
}

// Read reads a dashboard.
func Read(text []byte) (Dashboard, error) {
	var d struct {
		Dashboard
		Templating struct{ List []variable }
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return Dashboard{}, fmt.Errorf("dashboard: %w", err)
	}
	d.variables = map[string]variable{}
	for _, v := range d.Templating.List {
		d.variables[v.Name] = v
	}
	for i := range d.Panels {
		d.Panels[i].variables = d.variables
	}
	return d.Dashboard, nil
}

// At is what somebody who looks has chosen.
type At struct {
	From, To time.Time
	Step     time.Duration       // time between two points: $__interval
	Values   map[string][]string // of variables; without, the one that the dashboard begins with
}

// RateInterval is the window of a rate: four scrapes of 5 s, and never less than a step.
func (at At) RateInterval() time.Duration { return max(at.Step+5*time.Second, 20*time.Second) }

// put fills in variables. In PromQL values are written as regular expressions; else
// they have to say how they want to be written.
func (p Panel) put(text string, at At, promQL bool) (string, error) {
	own := map[string]string{
		"__interval_ms":   fmt.Sprint(at.Step.Milliseconds()),
		"__interval":      duration(at.Step),
		"__rate_interval": duration(at.RateInterval()),
		"__range":         duration(at.To.Sub(at.From)),
	}
	var unknown error
	filled := regexp.MustCompile(`\$(?:\{(\w+)(?::(\w+))?\}|([a-z_]\w*))`).ReplaceAllStringFunc(text, func(found string) string {
		m := regexp.MustCompile(`^\$\{?(\w+)(?::(\w+))?\}?$`).FindStringSubmatch(found)
		name, form := m[1], m[2]
		if value, is := own[name]; is {
			return value
		}
		v, is := p.variables[name]
		switch {
		case !is:
			unknown = fmt.Errorf("%s: no variable %s", p.Title, name)
		case form == "regex", form == "" && promQL:
			return v.regex(at.Values[name], promQL)
		default:
			unknown = fmt.Errorf("%s: %s is written in no known way", p.Title, found)
		}
		return found
	})
	return filled, unknown
}

// regex is a variable's values as a regular expression; within PromQL its
// backslashes are in a string.
func (v variable) regex(values []string, promQL bool) string {
	if len(values) == 0 {
		current, _ := v.Current.Value.(string)
		if current == "$__all" {
			return v.AllValue // as it is
		}
		values = []string{current}
	}
	escaped := make([]string, len(values))
	for i, value := range values {
		characters := `[\\^$*+?.()|[\]{}/]`
		if promQL {
			characters = `[\\^$*+?.()|[\]{}]`
		}
		escaped[i] = regexp.MustCompile(characters).ReplaceAllString(value, `\$0`)
		if promQL {
			escaped[i] = strings.ReplaceAll(escaped[i], `\`, `\\`)
		}
	}
	if len(escaped) == 1 {
		return escaped[0]
	}
	return "(" + strings.Join(escaped, "|") + ")"
}

func duration(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// Question is what a panel asks Prometheus.
type Question struct {
	Ref      string
	Expr     string
	Instant  bool // once, at the end of the range
	Exemplar bool // the examples behind it are asked for, too
}

// Questions are what the panel asks Prometheus.
func (p Panel) Questions(at At) ([]Question, error) {
	var all []Question
	for _, t := range p.Targets {
		if t.Datasource.Type != "prometheus" {
			continue
		}
		expr, err := p.put(t.Expr, at, true)
		if err != nil {
			return nil, err
		}
		all = append(all, Question{t.RefID, expr, t.Instant, t.Exemplar})
	}
	return all, nil
}
