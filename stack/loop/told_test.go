package loop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// telling are the flags with which loadgen tells Elasticsearch of its run.
func (l *loop) telling(key string) []string {
	return []string{"-es", l.Elasticsearch, "-es-ca", l.CAFile, "-es-key-file", l.KeyFile(key)}
}

// as talks to Elasticsearch with the key of a role.
func (l *loop) as(t *testing.T, role string) *elastic.Client {
	t.Helper()
	client, err := elastic.New(elastic.Config{URL: l.Elasticsearch, CAFile: l.CAFile, KeyFile: l.KeyFile(role)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// told looks at what was told of the calm run: 200 requests a second for 10 s.
func (l *loop) told(t *testing.T) {
	read := func(kind string) []map[string]any {
		body := fmt.Sprintf(`{"size":1000,"query":{"bool":{"filter":[{"term":{%q:"calm"}},{"term":{%q:%q}}]}},"sort":[{%q:"asc"}]}`,
			telemetry.FieldRunID, telemetry.FieldLoadDocument, kind, telemetry.FieldTimestamp)
		answer, err := l.as(t, "reader").Search(t.Context(), telemetry.StreamLoad, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var found struct {
			Hits struct {
				Hits []struct {
					Source map[string]any `json:"_source"`
				}
			}
		}
		if err := json.Unmarshal(answer, &found); err != nil {
			t.Fatal(err)
		}
		var docs []map[string]any
		for _, hit := range found.Hits.Hits {
			docs = append(docs, hit.Source)
		}
		return docs
	}
	number := func(doc map[string]any, field string) float64 {
		n, ok := doc[field].(float64)
		if !ok {
			t.Errorf("%s is %v in %v", field, doc[field], doc)
		}
		return n
	}
	intervals, routes, summaries := read(telemetry.LoadInterval), read(telemetry.LoadRoute), read(telemetry.LoadSummary)
	if len(intervals) == 0 || len(routes) == 0 || len(summaries) != 1 {
		t.Fatalf("%d intervals, %d documents of routes, %d summaries", len(intervals), len(routes), len(summaries))
	}
	var waited, before float64
	for _, doc := range intervals {
		waited += number(doc, telemetry.FieldLoadLatencyCount)
		if sent := number(doc, telemetry.FieldLoadSent); sent < before {
			t.Errorf("%v sent after %v", sent, before)
		} else {
			before = sent
		}
	}
	ended := map[string]float64{} // of each route, by its last document
	for _, doc := range routes {
		ended[fmt.Sprint(doc[telemetry.FieldMethod], doc[telemetry.FieldRoute])] = number(doc, telemetry.FieldLoadEnded)
	}
	var byRoute float64
	for _, n := range ended {
		byRoute += n
	}
	sent := number(summaries[0], telemetry.FieldLoadSent)
	if sent != 2000 || before != sent || waited != sent || byRoute != sent {
		t.Errorf("sent %v by the summary, %v by the last interval; intervals measured %v, routes ended %v; want 2000 of each", sent, before, waited, byRoute)
	}
	writer := l.as(t, "loadgen")
	for what, row := range map[string]struct {
		stream, doc string
		status      int
	}{
		"a field that nobody knows":    {telemetry.StreamLoad, `{"@timestamp":"2026-01-01T00:00:00Z","loadgen.guess":1}`, http.StatusBadRequest},
		"a value that does not fit":    {telemetry.StreamLoad, `{"@timestamp":"2026-01-01T00:00:00Z","loadgen.sent":"many"}`, http.StatusBadRequest},
		"the same document once more":  {telemetry.StreamLoad, `{"@timestamp":"2026-01-01T00:00:00Z"}`, http.StatusConflict},
		"a document in another stream": {telemetry.StreamLag, `{"@timestamp":"2026-01-01T00:00:00Z"}`, http.StatusForbidden},
	} {
		refused, err := writer.CreateAll(t.Context(), row.stream, []elastic.Document{{ID: "calm/summary", JSON: []byte(row.doc)}})
		if err == nil {
			err = refused[0]
		}
		if !errors.Is(err, &elastic.Error{Status: row.status}) {
			t.Errorf("%s: %v, want status %d", what, err, row.status)
		}
	}
}

// toldWrong tells of a run that one request less was sent.
func (l *loop) toldWrong(t *testing.T) {
	ledger := l.path("wrong.ledger")
	l.load(t, ledger, "100", "3s")
	doc := map[string]any{
		telemetry.FieldTimestamp: time.Now().UTC().Format(time.RFC3339Nano), telemetry.FieldRunID: "wrong", telemetry.FieldLoadDocument: telemetry.LoadSummary,
		telemetry.FieldLoadPlanned: 300, telemetry.FieldLoadSent: 299, telemetry.FieldLoadAnswered: 300, telemetry.FieldLoadTimeout: 0,
		telemetry.FieldLoadReset: 0, telemetry.FieldLoadRefused: 0, telemetry.FieldLoadDropped: 0,
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := l.as(t, "loadgen").CreateAll(t.Context(), telemetry.StreamLoad, []elastic.Document{{ID: "wrong/summary", JSON: text}})
	if err := errors.Join(append(refused, err)...); err != nil {
		t.Fatal(err)
	}
	r := l.verdict(t, l.command(t, "provisioner", l.verify(ledger)...).Run(), 1)
	if want := "sent: 299, in the ledger 300"; r.Told == nil || len(r.Told.Differs) != 1 || r.Told.Differs[0] != want {
		t.Errorf("told %+v, want it to differ: %s", r.Told, want)
	}
}

// untold runs a load of 300 requests that cannot be told of.
func (l *loop) untold(t *testing.T, ledger, key string) {
	t.Helper()
	cmd := l.command(t, "loadgen", append(l.loadgen(ledger, "100", "3s"), l.telling(key)...)...)
	said := l.listen(t, cmd)
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("it ends with %v, want exit status 2", err)
	}
	text := said()
	if first, rest, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "elasticsearch: create in "+telemetry.StreamLoad) || !strings.Contains(rest, "loadgen: the summary of run "+runOf(ledger)+" was not written") {
		t.Errorf("it says %q", text)
	}
	stats := l.command(t, "loadgen", "ledger", "stats", ledger)
	if out, err := stats.Output(); err != nil || !strings.Contains(string(out), "300 answered") {
		t.Errorf("its ledger: %v\n%s", err, out)
	}
}
