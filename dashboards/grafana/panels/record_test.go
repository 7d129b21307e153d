package panels

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana"
	"plumbline/demo-app/telemetry"
)

// The seeded run is loaded into a real Elasticsearch by the test of the dashboards:
//
//	go test ./dashboards -run TestRecord -record http://127.0.0.1:9200
//	go test ./dashboards/grafana/panels -record http://127.0.0.1:9200
var record = flag.String("record", "", "URL of an Elasticsearch without security that holds the seeded run: record its answers to the rendered panels anew")

const model = "../../testdata" // queries and answers of the panel model over the seeded run

// recorded are what a rendered panel asked and what a real server answered.
type recorded struct {
	Ref      string
	Index    string
	Asked    json.RawMessage
	Answered json.RawMessage
}

// seeded is the scope of the seeded run, as the model's own queries have it.
func seeded(t *testing.T) dashboards.Scope {
	t.Helper()
	var query struct {
		Query struct {
			Bool struct {
				Filter []struct {
					Range map[string]struct{ GTE, LT time.Time }
					Term  map[string]string
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(model, "queries", "requests.json"))
	if err == nil {
		err = json.Unmarshal(text, &query)
	}
	if err != nil {
		t.Fatal(err)
	}
	limits := query.Query.Bool.Filter[0].Range[telemetry.FieldTimestamp]
	return dashboards.Scope{From: limits.GTE, To: limits.LT, RunID: query.Query.Bool.Filter[1].Term[telemetry.FieldRunID]}
}

// seen is the same as somebody who looks at Grafana chooses it.
func seen(s dashboards.Scope) At {
	// A scope ends before its end, Grafana's range at it.
	return At{From: s.From, To: s.To.Add(-time.Millisecond), Step: s.Step(), Values: map[string][]string{"run": {s.RunID}}}
}

// pair is a panel of the model and the same one as Grafana has it.
type pair struct {
	model    dashboards.Panel
	rendered Panel
}

// pairs are all panels that have a question.
func pairs(t *testing.T) []pair {
	t.Helper()
	all, err := grafana.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	var found []pair
	for i, d := range dashboards.All() {
		read, err := Read(all[i].Text)
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range d.Panels {
			if p.Kind != dashboards.Note {
				found = append(found, pair{p, read.Panels[j]})
			}
		}
	}
	return found
}

// ask sends a search to the server.
func ask(t *testing.T, index string, body []byte) []byte {
	t.Helper()
	res, err := http.Post(*record+"/"+index+"/_search", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %.500s\nasked: %s", index, res.Status, answer, body)
	}
	return answer
}

// answers are what the server said to the panel's searches, or says now.
func answers(t *testing.T, p pair, at At) map[string][]byte {
	t.Helper()
	searches, err := p.rendered.Searches(at)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "answers", p.model.ID+".json")
	if *record != "" {
		var all []recorded
		for _, s := range searches {
			if want := grafana.Stream(p.model.Source.Stream); s.Source != want {
				t.Errorf("%s asks %s, want %s", p.model.ID, s.Source, want)
			}
			all = append(all, recorded{s.Ref, p.model.Source.Stream, s.Body, ask(t, p.model.Source.Stream, s.Body)})
		}
		text, err := json.Marshal(all)
		if err == nil {
			err = os.WriteFile(golden, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var all []recorded
	text, err := os.ReadFile(golden)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(searches) {
		t.Fatalf("%s: %d searches are recorded, %d asked", p.model.ID, len(all), len(searches))
	}
	found := map[string][]byte{}
	for i, r := range all {
		if diff := cmp.Diff(string(searches[i].Body), string(r.Asked)); diff != "" {
			t.Fatalf("%s asks otherwise than was recorded: record it anew (-now +recorded):\n%s", p.model.ID, diff)
		}
		found[r.Ref] = r.Answered
	}
	return found
}

// result is what the model shows of the same data.
func result(t *testing.T, p dashboards.Panel) dashboards.Result {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(model, "answers", p.ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRenderedPanelsShowWhatTheModelShows(t *testing.T) {
	scope := seeded(t)
	at := seen(scope)
	compared := 0
	for _, p := range pairs(t) {
		if p.model.Source.Counterpart() {
			continue
		}
		drawn, err := p.rendered.Draw(at, answers(t, p, at))
		if err != nil {
			t.Errorf("%s: %v", p.model.ID, err)
			continue
		}
		want := result(t, p.model)
		for _, difference := range Differences(p.model, scope, want, drawn) {
			t.Errorf("%s: %s", p.model.ID, difference)
		}
		if !want.Shows() {
			t.Errorf("%s: the seeded run has nothing for it", p.model.ID)
		}
		compared++
	}
	if compared < 30 {
		t.Errorf("only %d panels compared", compared)
	}
	t.Log(fmt.Sprint(compared, " panels compared"))
}

// Without a run, route or trace chosen every document counts, also those that know
// of none; a value that is chosen leaves the others out.
func TestVariablesNarrowOnARealServer(t *testing.T) {
	if *record == "" {
		t.Skip("needs -record URL")
	}
	hits := func(p pair, values map[string][]string) (total int) {
		at := seen(seeded(t))
		at.Values = values
		searches, err := p.rendered.Searches(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range searches {
			var answer struct {
				Hits struct{ Total struct{ Value int } }
			}
			if err := json.Unmarshal(ask(t, p.model.Source.Stream, s.Body), &answer); err != nil {
				t.Fatal(err)
			}
			total += answer.Hits.Total.Value
		}
		return total
	}
	narrowed := 0
	for _, p := range pairs(t) {
		if p.model.Source.Counterpart() {
			continue
		}
		all, one := hits(p, nil), hits(p, map[string][]string{"run": {seeded(t).RunID}})
		if all < one || all == 0 {
			t.Errorf("%s: %d documents of all, %d of the run", p.model.ID, all, one)
		}
		if all > one {
			narrowed++
		}
		switch p.model.ID {
		case "log-lines": // some lines belong to no route
			if route := hits(p, map[string][]string{"route": {"/investigations/{id}", "/datasets"}}); route == 0 || route >= all {
				t.Errorf("%s: %d documents of two routes, %d of all", p.model.ID, route, all)
			}
		case "route-slowest":
			if route := hits(p, map[string][]string{"route": {"/investigations/{id}"}}); route == 0 || route >= all {
				t.Errorf("%s: %d documents of a route, %d of all", p.model.ID, route, all)
			}
		}
	}
	if narrowed < 5 {
		t.Errorf("only %d panels are narrowed by the run", narrowed)
	}
}
