package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
)

// exchange is what a real node answered for one panel, to Lens' question and to the
// board's: package lens recorded it.
type exchange struct {
	Request, Lens, Model json.RawMessage
}

func recorded(t *testing.T, panel string) exchange {
	t.Helper()
	var e exchange
	text, err := os.ReadFile(filepath.Join("..", "..", "dashboards", "kibana", "lens", "testdata", "exchanges", panel+".json"))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// node answers both questions of one panel.
type node struct{ exchange }

func (n node) Search(_ context.Context, _ string, body []byte) ([]byte, error) {
	var asked, lens bytes.Buffer
	if err := errors.Join(json.Compact(&asked, body), json.Compact(&lens, n.Request)); err != nil {
		return nil, err
	}
	if asked.String() == lens.String() {
		return n.Lens, nil
	}
	return n.Model, nil
}

func (node) OpenPIT(context.Context, string, time.Duration) (string, error) { return "", errNotAsked }
func (node) ClosePIT(context.Context, string) error                         { return errNotAsked }
func (node) SearchPIT(context.Context, []byte, []byte) ([]byte, error)      { return nil, errNotAsked }
func (node) Count(context.Context, string, []byte) (int64, error)           { return 0, errNotAsked }

var errNotAsked = errors.New("no panel asks this")

// scope is what the recorded question was about.
func (e exchange) scope(t *testing.T) dashboards.Scope {
	t.Helper()
	var asked struct {
		Query struct {
			Bool struct {
				Filter []struct {
					Range map[string]struct{ GTE, LT time.Time }
				}
			}
		}
	}
	if err := json.Unmarshal(e.Request, &asked); err != nil {
		t.Fatal(err)
	}
	limits := asked.Query.Bool.Filter[0].Range[telemetry.FieldTimestamp]
	return dashboards.Scope{From: limits.GTE, To: limits.LT}
}

func outcomes(checks []Check) map[string]dashboards.Outcome {
	of := map[string]dashboards.Outcome{}
	for _, c := range checks {
		of[c.Form] = c.Outcome
	}
	return of
}

// What Lens gets is held against what the board gets, and one document more in
// either is found.
func TestFormsAreHeldAgainstTheBoard(t *testing.T) {
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves, panel string
		alter         func(*exchange)
		want          dashboards.Outcome
	}{
		{"the same number", "requests", func(*exchange) {}, dashboards.Held},
		{"the same groups over time", "request-rate", func(*exchange) {}, dashboards.Held},
		{"a document more in Kibana", "requests", func(e *exchange) { e.Lens = replaced(t, e.Lens, `"total":{"value":3`, `"total":{"value":4`) }, dashboards.Differs},
		{"a group of another name", "requests-by-status", func(e *exchange) { e.Lens = replaced(t, e.Lens, `"key":404`, `"key":405`) }, dashboards.Differs},
	} {
		t.Run(row.proves, func(t *testing.T) {
			e := recorded(t, row.panel)
			row.alter(&e)
			p, _ := dashboards.RED().Panel(row.panel)
			checks, err := one(t.Context(), Sources{Search: node{e}}, r, p, e.scope(t), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcomes(checks)[Kibana]; got != row.want {
				t.Errorf("%s, want %s: %+v", got, row.want, checks)
			}
			report := Report{Checks: checks}
			if broken := len(report.Broken()) > 0; broken != (row.want == dashboards.Differs) {
				t.Errorf("broken: %v", report.Broken())
			}
		})
	}
}

func replaced(t *testing.T, text []byte, old, by string) []byte {
	t.Helper()
	altered := bytes.Replace(text, []byte(old), []byte(by), 1)
	if bytes.Equal(altered, text) {
		t.Fatalf("nothing reads %s in %.200s", old, text)
	}
	return altered
}

// half is a node that has the board's stream and no other: what was rendered names
// a wrong one.
type half struct{ node }

func (h half) Search(ctx context.Context, index string, body []byte) ([]byte, error) {
	answer, err := h.node.Search(ctx, index, body)
	if bytes.Equal(answer, h.Lens) {
		return nil, &elastic.Error{Status: http.StatusNotFound}
	}
	return answer, err
}

func TestAWrongStreamIsNoAgreement(t *testing.T) {
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	e := recorded(t, "requests")
	p, _ := dashboards.RED().Panel("requests")
	checks, err := one(t.Context(), Sources{Search: half{node{e}}}, r, p, e.scope(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes(checks)[Kibana]; got != dashboards.Differs {
		t.Errorf("Kibana asks for a stream that is not there: %s", got)
	}
	lines, _ := dashboards.Logs().Panel("log-lines")
	r.grafana[lines.ID].Targets[0].Datasource.UID = "plumbline-elsewhere"
	c, err := grafanaSearch(t.Context(), Sources{Search: node{e}}, r, lines, e.scope(t), dashboards.Result{Documents: 1}, nil)
	if err != nil || c.Outcome != dashboards.Differs {
		t.Errorf("Grafana asks another data source: %+v, %v", c, err)
	}
}

// away is a node without any index, or one that does not answer.
type away struct {
	node
	err error
}

func (a away) Search(context.Context, string, []byte) ([]byte, error) { return nil, a.err }

func TestNothingIsNoAgreement(t *testing.T) {
	silent := func(string) {}
	scope := dashboards.Scope{From: time.Now().Add(-time.Hour), To: time.Now()}
	checks, err := All(t.Context(), Sources{Search: away{err: &elastic.Error{Status: http.StatusNotFound}}}, scope, nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for _, c := range checks {
		if c.Form == Board && c.Outcome == dashboards.Empty {
			empty++
		}
	}
	if empty < 20 {
		t.Errorf("%d panels of %d checks are empty: a stack without a document", empty, len(checks))
	}
	var table strings.Builder
	if err := (Report{Checks: checks}).WriteTable(&table); err != nil || !strings.Contains(table.String(), "want something to show") {
		t.Errorf("%v:\n%.600s", err, table.String())
	}
	gone := errors.New("connection refused")
	if _, err := All(t.Context(), Sources{Search: away{err: gone}}, scope, nil, silent); !errors.Is(err, gone) || !strings.Contains(err.Error(), "panel requests") {
		t.Errorf("got %v, want that it could not be measured", err)
	}
}

var _ arrival.Searcher = node{}
