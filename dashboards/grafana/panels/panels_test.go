package panels

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dashboard has one panel with the target, and two variables.
func dashboard(t *testing.T, target string) Panel {
	t.Helper()
	d, err := Read([]byte(`{"uid": "x", "templating": {"list": [
		{"name": "route", "allValue": ".+", "current": {"value": "$__all"}}, {"name": "job", "current": {"value": "demo-app"}}]},
		"panels": [{"title": "T", "type": "stat", "targets": [` + target + `]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d.Panels[0]
}

func noon() At {
	from := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	return At{From: from, To: from.Add(15 * time.Minute), Step: 10 * time.Second}
}

// Variables come out as Grafana writes them, in each language.
func TestVariables(t *testing.T) {
	for proves, row := range map[string]struct {
		values map[string][]string
		want   string
	}{
		"all is put in as it stands":         {nil, `m{job="demo-app",r=~".+"}[20s] [900s]`},
		"one value":                          {map[string][]string{"route": {"/users/{id}"}}, `m{job="demo-app",r=~"/users/\\{id\\}"}[20s] [900s]`},
		"several":                            {map[string][]string{"route": {"/a", "/b"}}, `m{job="demo-app",r=~"(/a|/b)"}[20s] [900s]`},
		"a variable with a value of its own": {map[string][]string{"job": {"other"}}, `m{job="other",r=~".+"}[20s] [900s]`},
	} {
		at := noon()
		at.Values = row.values
		questions, err := dashboard(t, `{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "m{job=\"$job\",r=~\"$route\"}[$__rate_interval] [$__range]"}`).Questions(at)
		if err != nil || len(questions) != 1 || questions[0].Expr != row.want {
			t.Errorf("%s: %v, %+v, want %s", proves, err, questions, row.want)
		}
	}
	at := noon()
	at.Values = map[string][]string{"route": {"/users/{id}", "/b"}}
	searches, err := dashboard(t, `{"refId": "A", "datasource": {"type": "elasticsearch"}, "query": "r:/${route:regex}/", "timeField": "t",
		"metrics": [{"id": "1", "type": "count"}], "bucketAggs": [{"id": "2", "type": "date_histogram", "field": "t", "settings": {"interval": "auto", "min_doc_count": "0"}}]}`).Searches(at)
	if err != nil || !strings.Contains(string(searches[0].Body), `"query":"r:/(\\/users\\/\\{id\\}|\\/b)/"`) {
		t.Errorf("in Lucene: %v, %s", err, searches)
	}
	for _, unknown := range []string{"$nobody", "${route}", "${route:csv}"} {
		if _, err := dashboard(t, `{"refId": "A", "datasource": {"type": "elasticsearch"}, "query": "`+unknown+`"}`).Searches(noon()); err == nil {
			t.Errorf("%s is taken", unknown)
		}
	}
}

// What this does not know is refused: a panel is executed as Grafana would, or not.
func TestWhatIsNotKnownIsRefused(t *testing.T) {
	const search = `{"refId": "A", "datasource": {"type": "elasticsearch"}, "query": "*", "metrics": [%s], "bucketAggs": [%s]}`
	const count, terms = `{"id": "1", "type": "count"}`, `{"id": "2", "type": "terms", "field": "f", "settings": {"size": "5", "order": "desc", "orderBy": "%s", "min_doc_count": "1"}}`
	for proves, target := range map[string]string{
		"nothing is asked for":     fmt.Sprintf(search, "", ""),
		"no buckets":               fmt.Sprintf(search, count, ""),
		"an unknown metric":        fmt.Sprintf(search, `{"id": "1", "type": "rate"}`, fmt.Sprintf(terms, "_count")),
		"unknown buckets":          fmt.Sprintf(search, count, `{"id": "2", "type": "geohash_grid", "settings": {"min_doc_count": "1"}}`),
		"an order by no metric":    fmt.Sprintf(search, count, fmt.Sprintf(terms, "9")),
		"a size that is no number": fmt.Sprintf(search, count, `{"id": "2", "type": "terms", "settings": {"size": "all", "min_doc_count": "1"}}`),
	} {
		if _, err := dashboard(t, target).Searches(noon()); err == nil {
			t.Errorf("%s: taken", proves)
		}
	}
	good := fmt.Sprintf(search, count, fmt.Sprintf(terms, "1"))
	searches, err := dashboard(t, good).Searches(noon())
	if err != nil || !strings.Contains(string(searches[0].Body), `"order":{"_count":"desc"}`) {
		t.Errorf("an order by the count: %v, %s", err, searches)
	}
	for proves, answer := range map[string]string{
		"no answer":               "",
		"half an answer":          `{`,
		"a refusal":               `{"error": {"reason": "x"}}`,
		"a search that timed out": `{"timed_out": true, "aggregations": {"2": {"buckets": []}}}`,
		"an answer to another":    `{"aggregations": {"3": {"buckets": []}}}`,
	} {
		answers := map[string][]byte{"A": []byte(answer)}
		if answer == "" {
			answers = nil
		}
		if _, err := dashboard(t, good).Draw(noon(), answers); err == nil {
			t.Errorf("%s is drawn", proves)
		}
	}
	prometheus := `{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "up", "instant": true}`
	if _, err := dashboard(t, prometheus).Draw(noon(), map[string][]byte{"A": []byte(`{"status": "error", "error": "x"}`)}); err == nil {
		t.Error("Prometheus' error is drawn")
	}
}

func TestMath(t *testing.T) {
	series := func(labels map[string]string, values ...float64) frame {
		f := frame{labels: labels}
		for i, v := range values {
			f.points = append(f.points, Point{time.Unix(int64(i), 0), &v})
		}
		return f
	}
	known := map[string][]frame{
		"A": {series(map[string]string{"l": "x"}, 1, 2, -3), series(map[string]string{"l": "y"}, 4)},
		"B": {series(map[string]string{"l": "x"}, 2, 0, 1)},
		"N": {series(nil, 10, 10, 10)},
	}
	for expression, want := range map[string]string{
		"$A * 1000 / 500":    "x[2 4 -6] y[8]",
		"$A * ($A > 0)":      "x[1 2 -0] y[4]",
		"$A / $B":            "x[0.5 +Inf -3]", // no B has y
		"1 - $B / 0.5":       "x[-3 1 -1]",
		"$B / $B":            "x[1 nothing 1]", // 0/0
		"$A + $N":            "x[11 12 7] y[14]",
		"($B < 1) * (2 + 3)": "x[0 5 0]",
		"$C":                 "!no question C",
		"$A ^ 2":             "!^ is not known",
		"abs($A)":            "!*ast.CallExpr is not known",
		"$A +":               "!expression",
	} {
		frames, err := work("R", expression, known)
		if fault, refused := strings.CutPrefix(want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %v, want %s", expression, err, fault)
			}
			continue
		}
		var got []string
		for _, f := range frames {
			var values []string
			for _, p := range f.points {
				values = append(values, text(p.Value))
			}
			got = append(got, f.labels["l"]+"["+strings.Join(values, " ")+"]")
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %s, want %s", expression, err, strings.Join(got, " "), want)
		}
	}
}

// Tables of several answers of Prometheus become one, and columns get their names.
func TestTablesAreJoined(t *testing.T) {
	var p Panel
	if err := json.Unmarshal([]byte(`{"title": "T", "type": "table", "targets": [
		{"refId": "A", "datasource": {"type": "prometheus"}, "instant": true}, {"refId": "B", "datasource": {"type": "prometheus"}, "instant": true}],
		"transformations": [{"id": "merge"}, {"id": "organize", "options": {"renameByName": {"r": "Route", "Value #B": "Errors"}}}]}`), &p); err != nil {
		t.Fatal(err)
	}
	drawn, err := p.Draw(noon(), map[string][]byte{
		"A": []byte(`{"status": "success", "data": {"result": [{"metric": {"r": "/a"}, "value": [1, "5"]}, {"metric": {"r": "/b"}, "value": [1, "6"]}]}}`),
		"B": []byte(`{"status": "success", "data": {"result": [{"metric": {"r": "/b"}, "value": [1, "0.5"]}, {"metric": {"r": "/a"}, "value": [1, "NaN"]}]}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Drawn{Columns: []string{"Route", "Value #A", "Errors"}, Rows: [][]any{{"/a", 5.0, nil}, {"/b", 6.0, 0.5}}}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Error(diff)
	}
}
