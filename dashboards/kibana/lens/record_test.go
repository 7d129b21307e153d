package lens_test

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
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana"
	"plumbline/dashboards/kibana/lens"
	"plumbline/dashboards/kibana/savedobject"
	rendered "plumbline/dashboards/rendered/kibana"
	"plumbline/demo-app/telemetry"
)

var record = flag.String("record", "", "URL of a throw-away Elasticsearch without security: ask it for every panel, and record some of its answers anew")

// recorded are the panels whose answers are kept: one of each kind and operation.
var recorded = []string{
	"requests", "error-ratio", "request-rate", "duration", "requests-by-status", "slowest-routes", "requests-by-route", "lag-max",
	"slo-availability-left", "log-programs", "truth-lost", "pipeline-dropped", "pipeline-acked", "pipeline-size", "canary-over-time", "jobs-outcomes", "host-cpu",
}

// exchange is what was asked for a panel, and answered: by way of what is rendered,
// and by the panel's own query.
type exchange struct {
	Request json.RawMessage `json:"request"`
	Lens    json.RawMessage `json:"lens"`
	Model   json.RawMessage `json:"model"`
}

func exchangeFile(id string) string { return filepath.Join("testdata", "exchanges", id+".json") }

func panels(t *testing.T, text []byte) []lens.Panel {
	t.Helper()
	objects, _, err := savedobject.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	all, err := lens.Panels(objects)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func find(t *testing.T, id string) dashboards.Panel {
	t.Helper()
	for _, d := range dashboards.All() {
		if p, there := d.Panel(id); there {
			return p
		}
	}
	t.Fatalf("no panel %s", id)
	return dashboards.Panel{}
}

func scope() lens.Scope {
	s := seedScope()
	return lens.Scope{From: s.From, To: s.To, Interval: s.Step(), TopHits: true}
}

// judge compares one exchange.
func judge(t *testing.T, l lens.Panel, e exchange) []string {
	t.Helper()
	p := find(t, l.ID)
	rows, err := l.Read(e.Lens, scope())
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Decode(e.Model)
	if err != nil {
		t.Fatal(err)
	}
	if p.Kind == dashboards.Stat { // an answer without buckets does not say what it covers
		want.From, want.To = seedScope().From, seedScope().To
	}
	if !want.Shows() {
		t.Errorf("%s: the seeded documents show nothing", l.ID)
	}
	return l.Differences(p, rows, want)
}

// What a real node answered to the rendered panels is what it answered to the
// panels' own queries.
func TestRecordedPanelsAgree(t *testing.T) {
	for _, l := range panels(t, rendered.Objects) {
		if !slices.Contains(recorded, l.ID) {
			continue
		}
		_, request, err := l.Request(scope())
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range judge(t, l, kept(t, l.ID, request)) {
			t.Errorf("%s: %s", l.ID, fault)
		}
	}
}

// kept is a recorded exchange, which has to be of the same request.
func kept(t *testing.T, id string, request []byte) (e exchange) {
	t.Helper()
	text, err := os.ReadFile(exchangeFile(id))
	if err != nil {
		t.Fatalf("%v\nrecord it: go test ./dashboards/kibana/lens -record http://127.0.0.1:9200", err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain(t, e.Request), plain(t, request)); diff != "" {
		t.Errorf("%s asks something else than when it was recorded; record it anew: %s", id, diff)
	}
	return e
}

// An answer that is altered in one number is found to differ.
func TestAlteredAnswersDiffer(t *testing.T) {
	for id, alter := range map[string][2]string{
		"requests":           {`"hits":{"total":{"value":`, `"hits":{"total":{"value":1`},
		"request-rate":       {`"doc_count":0}`, `"doc_count":1}`},
		"requests-by-status": {`"key":404`, `"key":405`},
		"duration":           {`"value":2`, `"value":3`},
		"pipeline-dropped":   {`"1":{"value":`, `"1":{"value":1`},
		"log-programs":       {`"value":7`, `"value":8`},
	} {
		text, err := os.ReadFile(exchangeFile(id))
		if err != nil {
			t.Fatal(err)
		}
		var e exchange
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		altered := strings.Replace(string(e.Lens), alter[0], alter[1], 1)
		if altered == string(e.Lens) {
			t.Errorf("%s: nothing reads %s", id, alter[0])
		}
		e.Lens = json.RawMessage(altered)
		for _, l := range panels(t, rendered.Objects) {
			if l.ID == id && len(judge(t, l, e)) == 0 {
				t.Errorf("%s: %s is not noticed", id, alter[1])
			}
		}
	}
}

func plain(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRecord asks a real node for every panel, in both ways.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("needs -record URL; recorded answers are compared by the other tests")
	}
	n := node{t, *record}
	n.load()
	asked := 0
	for _, l := range panels(t, rendered.Objects) {
		p := find(t, l.ID)
		index, request, err := l.Request(scope())
		if err != nil {
			t.Fatal(err)
		}
		if index != p.Source.Stream {
			t.Errorf("%s asks %s", l.ID, index)
		}
		_, query, err := p.Query(seedScope())
		if err != nil {
			t.Fatal(err)
		}
		e := exchange{Request: request, Lens: n.search(index, request), Model: n.search(index, query)}
		for _, fault := range judge(t, l, e) {
			t.Errorf("%s: %s", l.ID, fault)
		}
		asked++
		if slices.Contains(recorded, l.ID) {
			n.keep(exchangeFile(l.ID), e)
		}
	}
	t.Logf("%d panels of %d dashboards asked", asked, len(dashboards.All()))
	n.lists()
	n.narrowed()
	n.spoiled()
}

type node struct {
	t   *testing.T
	url string
}

func (n node) do(method, path string, body []byte) []byte {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, bytes.NewReader(body))
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
	if err != nil || resp.StatusCode >= 300 {
		n.t.Fatalf("%v: %s %s: %s: %.700s", err, method, path, resp.Status, answer)
	}
	return answer
}

func (n node) search(index string, body []byte) []byte {
	n.t.Helper()
	return n.do(http.MethodPost, "/"+url.PathEscape(index)+"/_search?request_cache=false", body)
}

func (n node) keep(path string, e exchange) {
	n.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Fatal(err)
	}
	text, err := json.Marshal(e) // compacts
	if err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

func (n node) load() {
	n.t.Helper()
	documents := seed()
	properties := map[string]any{}
	for name, kind := range fields(documents) {
		properties[name] = map[string]any{"type": kind}
	}
	template, err := json.Marshal(map[string]any{
		"index_patterns": []string{"logs-*-default", "metrics-*-default"}, "priority": 2000, "data_stream": map[string]any{},
		"template": map[string]any{"mappings": map[string]any{"dynamic": false, "properties": properties}},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.do(http.MethodPut, "/_index_template/lens-record", template)
	var bulk bytes.Buffer
	for i, d := range documents {
		line, err := json.Marshal(d.fields)
		if err != nil {
			n.t.Fatal(err)
		}
		fmt.Fprintf(&bulk, "{\"create\":{\"_index\":%q,\"_id\":\"lens-%d\"}}\n%s\n", d.stream, i, line)
	}
	var said struct {
		Items []map[string]struct{ Status int }
	}
	if err := json.Unmarshal(n.do(http.MethodPost, "/_bulk?refresh=true", bulk.Bytes()), &said); err != nil {
		n.t.Fatal(err)
	}
	for _, item := range said.Items {
		if status := item["create"].Status; status != http.StatusCreated && status != http.StatusConflict {
			n.t.Fatalf("%+v", item)
		}
	}
}

// narrowed sees that a control narrows a panel as the model does.
func (n node) narrowed() {
	n.t.Helper()
	narrow, s := seedScope(), scope()
	narrow.RunID, s.Only = seedRun, map[string]string{telemetry.FieldRunID: seedRun}
	for _, l := range panels(n.t, rendered.Objects) {
		p := find(n.t, l.ID)
		if !slices.Contains(p.Source.Narrow, telemetry.FieldRunID) {
			continue
		}
		index, request, err := l.Request(s)
		if err != nil {
			n.t.Fatal(err)
		}
		_, query, err := p.Query(narrow)
		if err != nil {
			n.t.Fatal(err)
		}
		for _, fault := range judge(n.t, l, exchange{Lens: n.search(index, request), Model: n.search(index, query)}) {
			n.t.Errorf("narrowed to a run: %s: %s", l.ID, fault)
		}
	}
}

// spoiled sees that a panel that is rendered wrongly is found by its numbers.
func (n node) spoiled() {
	n.t.Helper()
	text, err := savedobject.Encode(must(kibana.Objects(dashboards.All())))
	if err != nil {
		n.t.Fatal(err)
	}
	for proves, row := range map[string]struct{ id, old, new string }{
		"another condition":  {"error-ratio", "http.response.status_code \u003e= 500", "http.response.status_code >= 400"},
		"another percentile": {"duration-p99", `\"percentile\":99`, `\"percentile\":95`},
		"another field":      {"lag-max", telemetry.FieldLagMax, telemetry.FieldLagP99},
		"another group":      {"requests-by-status", `\"sourceField\":\"` + telemetry.FieldStatus + `\"`, `\"sourceField\":\"` + telemetry.FieldRoute + `\"`},
		"per something else": {"request-rate", `\"timeScale\":\"s\"`, `\"timeScale\":\"\"`},
		"probes, too":        {"requests", "not " + telemetry.FieldRoute + " : ", telemetry.FieldRoute + " : "},
	} {
		bad := panels(n.t, []byte(strings.ReplaceAll(string(text), row.old, row.new)))
		i := slices.IndexFunc(bad, func(l lens.Panel) bool { return l.ID == row.id })
		index, request, err := bad[i].Request(scope())
		if err != nil {
			n.t.Fatal(err)
		}
		_, query, err := find(n.t, row.id).Query(seedScope())
		if err != nil {
			n.t.Fatal(err)
		}
		if len(judge(n.t, bad[i], exchange{Lens: n.search(index, request), Model: n.search(index, query)})) == 0 {
			n.t.Errorf("%s: %s with %s is not noticed", proves, row.id, row.new)
		}
	}
}

func must(o []savedobject.Object, err error) []savedobject.Object {
	if err != nil {
		panic(err)
	}
	return o
}
