package lens

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards/kibana/savedobject"
)

// panel makes one from its columns, as they are rendered, and its look.
func panel(t *testing.T, order []string, columns, look string) Panel {
	t.Helper()
	p := Panel{ID: "p", Index: "logs", timeField: "@timestamp", layer: layer{ColumnOrder: order}}
	for text, into := range map[string]any{columns: &p.layer.Columns, look: &p.look} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func minutes(from, to int) Scope {
	at := func(m int) time.Time { return time.Date(2026, 1, 1, 12, m, 0, 0, time.UTC) }
	return Scope{From: at(from), To: at(to), Interval: time.Minute}
}

func values(rows []Row, id string) (all []any) {
	for _, r := range rows {
		if v := r.Values[id]; v != nil {
			all = append(all, *v)
			continue
		}
		all = append(all, nil)
	}
	return all
}

// answering is an answer with one column of time buckets.
func answering(aggregations string) []byte {
	return []byte(`{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":{"value":4,"relation":"eq"}},"aggregations":` + aggregations + `}`)
}

const overTime = `{"t":{"operationType":"date_histogram","sourceField":"@timestamp","isBucketed":true,"params":{"interval":"auto"}},
	"m":{"operationType":"max","sourceField":"n"},"r":{"operationType":"counter_rate","references":["m"],"timeScale":"s"}}`

// A counter that begins again at 0 grew by what it has now; of what is first, and
// of what comes after a gap, nothing is known.
func TestCounterRate(t *testing.T) {
	p := panel(t, []string{"t", "m", "r"}, overTime, `{"accessors":["r"]}`)
	s := minutes(0, 5)
	rows, err := p.Read(answering(`{"0":{"buckets":[
		{"key":`+ms(s, 0)+`,"doc_count":1,"1":{"value":60}},{"key":`+ms(s, 1)+`,"doc_count":1,"1":{"value":180}},
		{"key":`+ms(s, 2)+`,"doc_count":1,"1":{"value":30}},{"key":`+ms(s, 3)+`,"doc_count":0,"1":{"value":null}},
		{"key":`+ms(s, 4)+`,"doc_count":1,"1":{"value":90}}]}}`), s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{nil, 2.0, 0.5, nil, nil}, values(rows, "r")); diff != "" {
		t.Error(diff)
	}
}

func ms(s Scope, bucket int) string {
	text, _ := json.Marshal(s.From.Add(time.Duration(bucket) * s.Interval).UnixMilli())
	return string(text)
}

// A number is scaled by the time that its bucket covers, of which the scope may cut
// a part off.
func TestPerSecondOfWhatIsCovered(t *testing.T) {
	p := panel(t, []string{"t", "c"}, `{"t":{"operationType":"date_histogram","isBucketed":true,"params":{"interval":"auto"}},"c":{"operationType":"count","timeScale":"s"}}`, `{}`)
	s := minutes(0, 2)
	s.From, s.To = s.From.Add(30*time.Second), s.To.Add(-45*time.Second)
	first, second := ms(minutes(0, 2), 0), ms(minutes(0, 2), 1)
	rows, err := p.Read(answering(`{"0":{"buckets":[{"key":`+first+`,"doc_count":30},{"key":`+second+`,"doc_count":30}]}}`), s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{1.0, 2.0}, values(rows, "c")); diff != "" {
		t.Error(diff)
	}
}

// What is divided by nothing, or made of nothing, is nothing.
func TestEvaluate(t *testing.T) {
	two, zero := 2.0, 0.0
	given := map[string]*float64{"two": &two, "zero": &zero, "none": nil}
	for tree, want := range map[string]any{
		`{"name":"divide","args":["two",4]}`:                                      0.5,
		`{"name":"divide","args":["two","zero"]}`:                                 nil,
		`{"name":"add","args":["two",{"name":"divide","args":[0,"zero"]}]}`:       nil,
		`{"name":"add","args":["two",{"name":"divide","args":[0,"two"]}]}`:        2.0,
		`{"name":"subtract","args":[1,{"name":"multiply","args":["two","two"]}]}`: -3.0,
		`{"name":"add","args":["two","none"]}`:                                    nil,
		`{"name":"add","args":["two","gone"]}`:                                    "gone is not there",
		`{"name":"add","args":["two"]}`:                                           "add has 1 arguments",
		`{"name":"sqrt","args":["two",1]}`:                                        "sqrt is not known here",
		`true`:                                                                    "no part of a formula",
	} {
		var node any
		if err := json.Unmarshal([]byte(tree), &node); err != nil {
			t.Fatal(err)
		}
		got, err := evaluate(node, given)
		switch want := want.(type) {
		case nil:
			if err != nil || got != nil {
				t.Errorf("%s: %v, %v, want no value", tree, got, err)
			}
		case float64:
			if err != nil || got == nil || *got != want {
				t.Errorf("%s: %v, %v, want %v", tree, got, err, want)
			}
		case string:
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tree, err, want)
			}
		}
	}
}

// The latest value comes by top_metrics, or by top_hits where a server has none.
func TestLatestValue(t *testing.T) {
	const columns = `{"v":{"operationType":"last_value","sourceField":"n","filter":{"query":"\"n\": *"},"params":{"sortField":"@timestamp"}}}`
	p := panel(t, []string{"v"}, columns, `{"metricAccessor":"v"}`)
	for _, row := range []struct {
		hits  bool
		asks  string
		reply string
	}{
		{false, `"top_metrics": {`, `{"0-filter":{"doc_count":2,"0-metric":{"top":[{"sort":["x"],"metrics":{"n":7}}]}}}`},
		{true, `"top_hits": {`, `{"0-filter":{"doc_count":2,"0-metric":{"hits":{"hits":[{"fields":{"n":[7]}}]}}}}`},
	} {
		s := minutes(0, 1)
		s.TopHits = row.hits
		_, body, err := p.Request(s)
		if err != nil || !strings.Contains(string(body), row.asks) {
			t.Errorf("%v: %s", err, body)
		}
		rows, err := p.Read(answering(row.reply), s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{7.0}, values(rows, "v")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnswersThatAreNotWhole(t *testing.T) {
	p := panel(t, []string{"t", "m", "r"}, overTime, `{}`)
	whole := string(answering(`{"0":{"buckets":[{"key":1767268800000,"doc_count":1,"1":{"value":60}}]}}`))
	if _, err := p.Read([]byte(whole), minutes(0, 1)); err != nil {
		t.Fatal(err)
	}
	for proves, row := range map[string]struct{ old, new, says string }{
		"it timed out":            {`"timed_out":false`, `"timed_out":true`, "the search timed out"},
		"a shard failed":          {`"failed":0`, `"failed":1`, "not all shards"},
		"it says of no shard":     {`"_shards"`, `"shards"`, "not all shards"},
		"it counts up to a limit": {`"eq"`, `"gte"`, "not exact"},
		"an aggregation is gone":  {`"0":{`, `"7":{`, "column t"},
		"a metric is gone":        {`"1":{`, `"7":{`, "column m"},
		"it is no JSON":           {`{`, ``, "invalid character"},
	} {
		if _, err := p.Read([]byte(strings.Replace(whole, row.old, row.new, 1)), minutes(0, 1)); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", proves, err, row.says)
		}
	}
}

func TestPanelsThatCannotBeAsked(t *testing.T) {
	object := func(config string) []savedobject.Object {
		var panels any
		if err := json.Unmarshal([]byte(`[{"type":"lens","panelIndex":"p","embeddableConfig":{"attributes":`+config+`}}]`), &panels); err != nil {
			t.Fatal(err)
		}
		return []savedobject.Object{
			{Type: "index-pattern", ID: "v", Attributes: map[string]any{"title": "logs", "timeFieldName": "@timestamp"}},
			{Type: "dashboard", ID: "d", Attributes: map[string]any{"panelsJSON": panels}},
		}
	}
	const reference = `"references":[{"type":"index-pattern","id":"v","name":"indexpattern-datasource-layer-l"}]`
	for proves, row := range map[string]struct{ config, says string }{
		"a layer that is not there": {`{` + reference + `,"state":{"visualization":{"layerId":"l","layerType":"data"}}}`, "panel p: no layer of data"},
		"no data view":              {`{"state":{"visualization":{"layerId":"l","layerType":"data"},"datasourceStates":{"formBased":{"layers":{"l":{}}}}}}`, "layer l has no data view"},
		"two layers":                {`{` + reference + `,"state":{"visualization":{"layers":[{"layerId":"l","layerType":"data"},{"layerId":"k","layerType":"data"}]}}}`, "several layers"},
	} {
		if _, err := Panels(object(row.config)); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", proves, err, row.says)
		}
	}
	for proves, row := range map[string]struct{ columns, says string }{
		"an unknown operation":     {`{"a":{"operationType":"median","sourceField":"n"}}`, "unknown operation median"},
		"an unknown bucket":        {`{"a":{"operationType":"range","isBucketed":true}}`, "unknown operation range"},
		"a query that is none":     {`{"a":{"operationType":"count","filter":{"query":"a >"}}}`, "ends too early"},
		"an order by nothing":      {`{"a":{"operationType":"terms","isBucketed":true,"params":{"orderBy":{"type":"column","columnId":"b"}}}}`, "ordered by b, which is not there"},
		"time buckets of no width": {`{"a":{"operationType":"date_histogram","isBucketed":true,"params":{"interval":"auto"}}}`, "how wide"},
	} {
		s := minutes(0, 1)
		s.Interval = 0
		if _, _, err := panel(t, []string{"a"}, row.columns, `{}`).Request(s); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", proves, err, row.says)
		}
	}
}
