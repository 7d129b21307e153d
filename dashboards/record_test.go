package dashboards_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

var record = flag.String("record", "", "URL of a throw-away Elasticsearch without security: load the seeded run there and record its answers anew")

// answerFile is where the recorded answer to a panel's query lies. The board's
// tests read the same files.
func answerFile(p dashboards.Panel) string {
	return filepath.Join("testdata", "answers", p.ID+".json")
}

// everyPanel is each panel that asks something.
func everyPanel() (all []dashboards.Panel) {
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			if p.Kind != dashboards.Note {
				all = append(all, p)
			}
		}
	}
	return all
}

// answer is what a real node said to the panel's query over the seeded run.
func answer(t *testing.T, p dashboards.Panel) []byte {
	t.Helper()
	body, err := os.ReadFile(answerFile(p))
	if err != nil {
		t.Fatalf("%v\nrecord it: go test ./dashboards -run TestRecord -record http://127.0.0.1:9200", err)
	}
	return body
}

// TestRecord loads the seeded run into a real node, records its answers, and
// sees that a document altered there makes just the right panels differ.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("needs -record URL; the recorded answers are compared by the other tests")
	}
	n := realNode{t: t, base: *record}
	n.load()
	for _, p := range everyPanel() {
		body := n.search(p)
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(answerFile(p), append(compact.Bytes(), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index, runs, err := dashboards.RunsQuery(seedStart.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "answers", "runs.json"), n.do(http.MethodPost, "/"+index+"/_search", runs), 0o644); err != nil {
		t.Fatal(err)
	}
	truth := seedTruth(nil)
	n.judge("as sent", truth)

	i, d := someDoc(t, func(d seedDoc) bool { return d.status == 200 && d.route == "/datasets" })
	altered := d
	altered.status = 500
	n.put(i, altered)
	n.judge("status 200 altered to 500", truth, "error-ratio", "request-rate", "error-ratio-over-time", "requests-by-status", "requests-by-route", "route-rate", "route-statuses",
		"slo-availability-left", "slo-latency-left", "slo-failed", "slo-availability-burn", "slo-latency-burn", "slo-by-route")

	altered = d
	altered.route = "/datasetz"
	n.put(i, altered)
	n.judge("route altered", truth, "slowest-routes", "requests-by-route", "slo-by-route")

	altered = d
	altered.run = "20260101T120000Z-other"
	n.put(i, altered)
	n.judge("document lost to another run", truth, requestPanels()...)

	n.put(i, d)
	n.judge("put back", truth)
}

// someDoc is the first seeded document that fits, and its number.
func someDoc(t *testing.T, fits func(seedDoc) bool) (int, seedDoc) {
	t.Helper()
	for i, d := range seedDocs() {
		if fits(d) {
			return i, d
		}
	}
	t.Fatal("no seeded document fits")
	return 0, seedDoc{}
}

type realNode struct {
	t    *testing.T
	base string
}

func (n realNode) do(method, path string, body []byte) []byte {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.base+path, bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	if resp.StatusCode >= 300 {
		n.t.Fatalf("%s %s: %s: %.500s", method, path, resp.Status, answer)
	}
	return answer
}

func (n realNode) load() {
	streams := map[string]bool{telemetry.StreamAccess: true, telemetry.StreamLag: true}
	for _, d := range seedStreams() {
		streams[d.stream] = true
	}
	for stream := range streams {
		template, err := json.Marshal(map[string]any{
			"index_patterns": []string{stream},
			"priority":       1000,
			"data_stream":    map[string]any{},
			"template": map[string]any{"mappings": map[string]any{"dynamic_templates": []any{
				map[string]any{"text": map[string]any{"match_mapping_type": "string", "mapping": map[string]any{"type": "keyword"}}},
				map[string]any{"counted": map[string]any{"match_mapping_type": "double", "mapping": map[string]any{"type": "double"}}},
			}}},
		})
		if err != nil {
			n.t.Fatal(err)
		}
		n.do(http.MethodPut, "/_index_template/record-"+stream, template)
	}
	var bulk bytes.Buffer
	create := func(stream, id string, doc map[string]any) {
		line, err := json.Marshal(doc)
		if err != nil {
			n.t.Fatal(err)
		}
		fmt.Fprintf(&bulk, "{\"create\":{\"_index\":%q,\"_id\":%q}}\n%s\n", stream, id, line)
	}
	for i, d := range seedDocs() {
		create(telemetry.StreamAccess, seedID(i), d.fields(i))
	}
	for i, d := range seedLag() {
		create(telemetry.StreamLag, seedID(i), seedLagFields(i, d))
	}
	for _, d := range seedStreams() {
		create(d.stream, d.id, d.fields)
	}
	n.do(http.MethodPost, "/_bulk?refresh=true", bulk.Bytes())
}

// put replaces the i-th seeded access line. A data stream takes a deletion
// only by the name of the index behind it.
func (n realNode) put(i int, d seedDoc) {
	var found struct {
		Hits struct {
			Hits []struct {
				Index string `json:"_index"`
			}
		}
	}
	ids := fmt.Appendf(nil, `{"query":{"ids":{"values":[%q]}}}`, seedID(i))
	if err := json.Unmarshal(n.do(http.MethodPost, "/"+telemetry.StreamAccess+"/_search", ids), &found); err != nil {
		n.t.Fatal(err)
	}
	for _, hit := range found.Hits.Hits {
		n.do(http.MethodDelete, "/"+hit.Index+"/_doc/"+seedID(i), nil)
	}
	line, err := json.Marshal(d.fields(i))
	if err != nil {
		n.t.Fatal(err)
	}
	n.do(http.MethodPut, "/"+telemetry.StreamAccess+"/_create/"+seedID(i)+"?refresh=true", line)
}

func (n realNode) search(p dashboards.Panel) []byte {
	n.t.Helper()
	index, body, err := p.Query(seedScope())
	if err != nil {
		n.t.Fatal(err)
	}
	start := time.Now()
	answer := n.do(http.MethodPost, "/"+url.PathEscape(index)+"/_search?request_cache=false", body)
	n.t.Logf("%-22s %6d bytes asked, %6d answered in %v", p.ID, len(body), len(answer), time.Since(start).Round(time.Millisecond))
	return answer
}

// judge runs every panel and wants just the named ones to differ.
func (n realNode) judge(what string, truth *dashboards.Truth, differ ...string) {
	n.t.Helper()
	for _, p := range everyPanel() {
		got, err := p.Decode(n.search(p))
		if err != nil {
			n.t.Fatal(err)
		}
		want := dashboards.Held
		for _, id := range differ {
			if id == p.ID {
				want = dashboards.Differs
			}
		}
		a := p.Agree(got, truth)
		if a.Outcome == dashboards.NotJudged && want == dashboards.Held && got.Shows() {
			continue // nobody knows, and there is something to see
		}
		if a.Outcome != want {
			n.t.Errorf("%s: %s %s, want %s: got %s, want %s", what, p.ID, a.Outcome, want, a.Got, a.Want)
		}
		n.t.Logf("%s: %s %s (%s): %v", what, p.ID, a.Outcome, a.Compared, a.Differences)
	}
}
