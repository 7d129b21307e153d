package board_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/board"
	"plumbline/demo-app/telemetry"
)

const seedRun = "20260101T120000Z-seeded"

// seedEnd is when the run behind the recorded answers ended.
var seedEnd = time.Date(2026, 1, 1, 12, 5, 0, 350e6, time.UTC)

var errAbsent = errors.New("search: 404 Not Found: index_not_found_exception")

// hinted is an error that knows what to do, as the client's errors do.
type hinted struct{ text, hint string }

func (e hinted) Error() string { return e.text }
func (e hinted) Hint() string  { return e.hint }

// recorded answers searches as a real node answered them, whatever the time
// range, moved to the range that is asked for.
type recorded struct {
	mu      sync.Mutex
	failing error             // when set, every search fails so
	absent  map[string]bool   // streams that do not exist
	empty   bool              // nothing in any range
	asked   int               // searches so far
	panels  map[string]string // searches by panel id: the last body
}

func (r *recorded) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = err
}

func (r *recorded) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	switch {
	case r.failing != nil:
		return nil, r.failing
	case r.absent[index]:
		return nil, errAbsent
	}
	id, scope, err := panelOf(body)
	if err != nil {
		return nil, err
	}
	if r.panels == nil {
		r.panels = make(map[string]string)
	}
	r.panels[id] = string(body)
	if r.empty {
		return emptyAnswer(id, scope), nil
	}
	answer, err := os.ReadFile(filepath.Join("..", "testdata", "answers", id+".json"))
	if err != nil {
		return nil, err
	}
	return moved(answer, scope), nil
}

// panelOf finds the panel that asks just this query, and its scope.
func panelOf(body []byte) (string, dashboards.Scope, error) {
	var query struct {
		Query struct {
			Bool struct {
				Filter []struct {
					Range map[string]json.RawMessage
					Term  map[string]string
				}
			}
		}
	}
	if strings.Contains(string(body), `"last": "desc"`) {
		return "runs", dashboards.Scope{}, nil
	}
	if err := json.Unmarshal(body, &query); err != nil {
		return "", dashboards.Scope{}, err
	}
	var scope dashboards.Scope
	for _, f := range query.Query.Bool.Filter {
		if raw, there := f.Range[telemetry.FieldTimestamp]; there {
			var limits struct{ GTE, LT time.Time }
			if err := json.Unmarshal(raw, &limits); err != nil {
				return "", scope, err
			}
			scope.From, scope.To = limits.GTE, limits.LT
		}
		for field, value := range f.Term {
			if field == telemetry.FieldRunID {
				scope.RunID = value
				continue
			}
			scope.Only = map[string]string{field: value}
		}
	}
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			_, want, err := p.Query(scope)
			if err == nil && string(want) == string(body) {
				return p.ID, scope, nil
			}
		}
	}
	return "", scope, fmt.Errorf("no panel asks this: %s", body)
}

// moved shifts a recorded answer's times so that its last bucket is the last
// whole one of the scope.
func moved(answer []byte, scope dashboards.Scope) []byte {
	if scope.To.IsZero() {
		return answer
	}
	const step = 5000
	last := seedEnd.UnixMilli() / step * step
	by := scope.To.UnixMilli()/step*step - step - last
	text := string(answer)
	for ms := last; ms > last-400_000; ms -= step {
		text = strings.ReplaceAll(text, `"key":`+strconv.FormatInt(ms, 10), `"key":+`+strconv.FormatInt(ms+by, 10))
	}
	text = strings.ReplaceAll(text, `"key":+`, `"key":`)
	text = strings.ReplaceAll(text, `"from_ms":`+strconv.FormatInt(seedEnd.Add(-5*time.Minute).UnixMilli(), 10), `"from_ms":`+strconv.FormatInt(scope.From.UnixMilli()-step, 10))
	text = strings.ReplaceAll(text, `"to_ms":`+strconv.FormatInt(seedEnd.UnixMilli(), 10), `"to_ms":`+strconv.FormatInt(scope.To.UnixMilli(), 10))
	return []byte(text)
}

// emptyAnswer is what a node says when the range holds nothing.
func emptyAnswer(id string, scope dashboards.Scope) []byte {
	var panel dashboards.Panel
	for _, d := range dashboards.All() {
		if p, found := d.Panel(id); found {
			panel = p
		}
	}
	meta := fmt.Sprintf(`"meta":{"from_ms":%d,"to_ms":%d,"step_ms":%d}`, scope.From.UnixMilli(), scope.To.UnixMilli(), scope.Step().Milliseconds())
	var aggs []string
	for i := range max(4, len(panel.Measures)) {
		aggs = append(aggs, fmt.Sprintf(`"measure_%d":{"value":null,"doc_count":0,"values":[{"key":50,"value":null},{"key":95,"value":null},{"key":99,"value":null}]}`, i))
	}
	buckets := "[]"
	if len(panel.By.Groups) > 0 {
		var named []string
		for _, g := range panel.By.Groups {
			named = append(named, fmt.Sprintf(`%q:{"doc_count":0}`, g.Key))
		}
		buckets = "{" + strings.Join(named, ",") + "}"
	}
	aggs = append(aggs, `"groups":{`+meta+`,"doc_count_error_upper_bound":0,"sum_other_doc_count":0,"buckets":`+buckets+`}`, `"time":{`+meta+`,"buckets":[]}`)
	return []byte(`{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":{"value":0,"relation":"eq"},"hits":[]},` +
		`"aggregations":{` + strings.Join(aggs, ",") + `}}`)
}

// serve runs a board over the searcher; its clock stands at the end of the
// recorded run.
func serve(t *testing.T, s board.Searcher) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(board.New(board.Options{
		Searcher:   s,
		Absent:     func(err error) bool { return errors.Is(err, errAbsent) },
		Dashboards: dashboards.All(),
		Now:        func() time.Time { return seedEnd },
	}))
	t.Cleanup(srv.Close)
	return srv
}

// get asks the board and reads its JSON.
func get(t *testing.T, srv *httptest.Server, path string, status int, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != status {
		t.Errorf("GET %s: %s, want %d", path, resp.Status, status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}
