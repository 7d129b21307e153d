// Package cardinality reports how many series each metric of a Prometheus has,
// and which of its labels makes them: a label whose values come from clients, a
// raw path or a user, makes a series for each of them, until Prometheus falls.
//
// How to ask is package promql's.
package cardinality

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Metric is how many series a metric has. The buckets, the count and the sum of
// a classic histogram are one metric, as they are for whoever declares it.
type Metric struct {
	Name   string  `json:"name"`
	Series int     `json:"series"`
	Labels []Label `json:"labels"` // the one that costs most first
}

// Label is what a label does to the number of series of a metric.
type Label struct {
	Name    string `json:"name"`
	Values  int    `json:"values"`
	Without int    `json:"series_without"` // how many series there would be without it
}

// parts are the endings that a classic histogram gives its name.
var parts = []string{"_bucket", "_count", "_sum"}

const (
	nameLabel  = "__name__"
	boundLabel = "le"
)

// Count sums series up, each a set of labels with its name; the metric of the
// most series comes first.
func Count(series []map[string]string) []Metric {
	histograms := map[string]bool{}
	for _, s := range series {
		if base, ok := strings.CutSuffix(s[nameLabel], "_bucket"); ok && s[boundLabel] != "" {
			histograms[base] = true
		}
	}
	byMetric := map[string][]map[string]string{}
	for _, s := range series {
		name := s[nameLabel]
		for _, part := range parts {
			if base, ok := strings.CutSuffix(name, part); ok && histograms[base] {
				name = base
			}
		}
		byMetric[name] = append(byMetric[name], s)
	}
	var all []Metric
	for name, of := range byMetric {
		all = append(all, Metric{Name: name, Series: len(of), Labels: labels(of)})
	}
	slices.SortFunc(all, func(a, b Metric) int {
		return cmp.Or(cmp.Compare(b.Series, a.Series), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// labels tells of each label of a metric's series what it does to their number.
func labels(of []map[string]string) []Label {
	values := map[string]map[string]bool{}
	for _, s := range of {
		for name, value := range s {
			if name == nameLabel {
				continue
			}
			if values[name] == nil {
				values[name] = map[string]bool{}
			}
			values[name][value] = true
		}
	}
	var all []Label
	for name, seen := range values {
		all = append(all, Label{name, len(seen), without(of, name)})
	}
	slices.SortFunc(all, func(a, b Label) int {
		return cmp.Or(cmp.Compare(a.Without, b.Without), cmp.Compare(b.Values, a.Values), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// without counts the series that differ in more than one label.
func without(of []map[string]string, label string) int {
	left := map[string]bool{}
	for _, s := range of {
		var key strings.Builder
		for _, name := range slices.Sorted(maps.Keys(s)) {
			if name != label {
				key.WriteString(name + "\xff" + s[name] + "\xff")
			}
		}
		left[key.String()] = true
	}
	return len(left)
}

// Over are the metrics that have more series than allowed.
func Over(all []Metric, most int) []Metric {
	i := slices.IndexFunc(all, func(m Metric) bool { return m.Series <= most })
	if i < 0 {
		i = len(all)
	}
	return all[:i]
}
