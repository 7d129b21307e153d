package dashboards_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
)

func TestDecodeRefusesWhatIsNotAnAnswer(t *testing.T) {
	tests := []struct {
		name, panel, old, new string
		want                  string
	}{
		{"not JSON", "requests", `{"took"`, `<html>"took"`, "not a JSON object"},
		{"a search that timed out", "requests", `"timed_out":false`, `"timed_out":true`, "search timed out after 10s"},
		{"an answer that does not say whether it timed out", "requests", `"timed_out":false,`, ``, "answer.timed_out is missing"},
		{"a failed shard", "requests", `"failed":0`, `"failed":1`, "1 of 1 shards failed"},
		{"no shard", "requests", `"total":1,`, `"total":0,`, "no shard was searched"},
		{"a count that is a lower bound", "requests", `"relation":"eq"`, `"relation":"gte"`, "the count is not exact"},
		{"a count that is null", "requests", `"value":20000`, `"value":null`, "answer.hits.total.value is null"},
		{"a count that is text", "requests", `"value":20000`, `"value":"20000"`, "answer.hits.total.value"},
		{"a negative count", "requests", `"value":20000`, `"value":-1`, "answer.hits.total.value is -1"},
		{"no aggregations", "error-ratio", `"aggregations"`, `"aggs"`, "answer.aggregations is missing"},
		{"a measure missing", "error-ratio", `"measure_0"`, `"measure_9"`, "answer.aggregations.measure_0 is missing"},
		{"more errors than requests", "error-ratio", `"measure_0":{"doc_count":`, `"measure_0":{"doc_count":99999`, "of 20000 documents"},
		{"another percentile", "duration-p99", `"key":99.0`, `"key":95.0`, "no percentile 99"},
		{"a percentile that is text", "duration-p99", `"value":`, `"value":"NaN","other":`, "answer."},
		{"counts that may be wrong", "requests-by-route", `"doc_count_error_upper_bound":0`, `"doc_count_error_upper_bound":3`, "counts may be wrong by 3"},
		{"a group without key", "requests-by-route", `"key":"/datasets"`, `"keys":"/datasets"`, ".key is missing"},
		{"a key that is a list", "requests-by-route", `"key":"/datasets"`, `"key":["/datasets"]`, "neither text nor a number"},
		{"a named group missing", "request-rate", `"4xx":`, `"6xx":`, ".4xx is missing"},
		{"no time range", "requests-by-route", `"meta":`, `"mata":`, ".meta is missing"},
		{"a time range that is none", "requests-by-route", `"from_ms":1767268800350`, `"from_ms":9767268800350`, "not a time range"},
		{"a time bucket missing", "error-ratio-over-time", `"key":1767268805000`, `"key":1767268806000`, "does not follow"},
		{"a time bucket outside the range", "error-ratio-over-time", `"key":1767268800000`, `"key":1767260000000`, "outside the time range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := dashboards.RED().Panel(tt.panel)
			body := string(answer(t, p))
			if !strings.Contains(body, tt.old) {
				t.Fatalf("recorded answer has no %s: %.300s", tt.old, body)
			}
			got, err := p.Decode([]byte(strings.Replace(body, tt.old, tt.new, 1)))
			if err == nil {
				t.Fatalf("decoded %d documents, want an error", got.Documents)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "panel "+tt.panel) {
				t.Errorf("got %q, want it to name the panel and say %q", err, tt.want)
			}
		})
	}
}

func TestDecodeSeededRun(t *testing.T) {
	_, rate := decoded(t, "request-rate")
	if !rate.From.Equal(seedStart) || !rate.To.Equal(seedStart.Add(seedLength)) || rate.Step != 5*time.Second {
		t.Errorf("time range %v to %v by %v is not the one asked for", rate.From, rate.To, rate.Step)
	}
	if want := seedStart.Truncate(5 * time.Second); !rate.Times[0].Equal(want) {
		t.Errorf("first bucket at %v, want %v", rate.Times[0], want)
	}
	// The quiet stretch: no requests is a rate of zero, but no ratio at all.
	_, ratio := decoded(t, "error-ratio-over-time")
	quiet := 0
	for i, c := range ratio.Rows[0].Points[0] {
		if c.Count > 0 {
			continue
		}
		quiet++
		if c.Value != nil {
			t.Errorf("ratio of no request is %v, want none", *c.Value)
		}
		for _, row := range rate.Rows {
			if v := row.Points[0][i].Value; v == nil || *v != 0 {
				t.Errorf("rate of no request in %s is %v, want 0", row.Key, v)
			}
		}
	}
	if quiet == 0 {
		t.Error("the seeded run has a quiet stretch, the answer has not")
	}
	// The first bucket is cut: its rate is over the part that was asked for.
	covered := 5*time.Second - seedStart.Sub(rate.Times[0])
	first := rate.Rows[1].Points[0][0]
	if got, want := *first.Value, float64(first.Count)/covered.Seconds(); got != want {
		t.Errorf("rate of the cut bucket is %v, want %v", got, want)
	}
	_, routes := decoded(t, "slowest-routes")
	for i := 1; i < len(routes.Rows); i++ {
		if *routes.Rows[i].Cells[0].Value > *routes.Rows[i-1].Cells[0].Value {
			t.Errorf("%s is slower than %s before it", routes.Rows[i].Key, routes.Rows[i-1].Key)
		}
	}
}

func TestDecodeRuns(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "answers", "runs.json"))
	if err != nil {
		t.Fatal(err)
	}
	runs, err := dashboards.DecodeRuns(body)
	if err != nil {
		t.Fatal(err)
	}
	var seeded []dashboards.Run
	for _, r := range runs {
		if r.ID == seedRun {
			seeded = append(seeded, r)
		}
	}
	var last time.Time
	for _, d := range seedDocs() {
		if d.run == seedRun && d.at.After(last) {
			last = d.at
		}
	}
	want := []dashboards.Run{{ID: seedRun, Requests: seedRequests + 600, First: seedStart, Last: last.Truncate(time.Millisecond)}}
	if diff := cmp.Diff(want, seeded); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := dashboards.DecodeRuns([]byte(`{"timed_out":true}`)); err == nil {
		t.Error("a list that timed out was read")
	}
}

func FuzzDecode(f *testing.F) {
	panels := everyPanel()
	for i, p := range panels {
		body, err := os.ReadFile(answerFile(p))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, body)
	}
	truth := seedTruth(nil)
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		p := panels[((i%len(panels))+len(panels))%len(panels)]
		got, err := p.Decode(body)
		if err != nil {
			return
		}
		p.Agree(got, truth) // whatever was decoded can be compared
		for _, row := range got.Rows {
			if len(row.Cells) != len(p.Measures) {
				t.Errorf("%d cells for %d measures", len(row.Cells), len(p.Measures))
			}
		}
	})
}
