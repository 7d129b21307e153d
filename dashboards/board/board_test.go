package board_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/board"
	"plumbline/demo-app/telemetry"
)

// dashboardJSON is what a client of the API may rely on.
type dashboardJSON struct {
	ID, Title, Purpose, Run string
	FromMs, ToMs            int64
	Panels                  []struct {
		ID, Title, Purpose, Advice, Kind, Index, Query string
		Absent                                         bool
		PromQL                                         []struct{ Label, Expr string }
		Problem                                        *struct{ Message, Hint string }
		Result                                         *struct {
			Documents int64
			TimesMs   []int64
			Lines     [][]string
			Rows      []struct {
				Key    string
				Values []*float64
				Points [][]*float64
			}
		}
	}
}

func TestDashboardAnswersEveryPanel(t *testing.T) {
	srv := serve(t, &recorded{})
	var list []struct{ ID, Title, Purpose string }
	get(t, srv, "/api/dashboards", http.StatusOK, &list)
	red := dashboards.RED()
	var want []struct{ ID, Title, Purpose string }
	for _, d := range dashboards.All() {
		want = append(want, struct{ ID, Title, Purpose string }{d.ID, d.Title, d.Purpose})
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}

	var got dashboardJSON
	get(t, srv, "/api/dashboards/red?from=now-5m&to=now&run="+seedRun, http.StatusOK, &got)
	if got.Run != seedRun || got.FromMs%5000 != 0 || got.ToMs-got.FromMs != 300_000 {
		t.Errorf("range %d to %d of run %q: want five minutes of whole buckets", got.FromMs, got.ToMs, got.Run)
	}
	if len(got.Panels) != len(red.Panels) {
		t.Fatalf("%d panels, want %d", len(got.Panels), len(red.Panels))
	}
	for i, p := range got.Panels {
		if p.ID != red.Panels[i].ID || p.Title == "" || p.Purpose == "" || p.Advice == "" {
			t.Errorf("panel %d is %s and says %q, %q, %q", i, p.ID, p.Title, p.Purpose, p.Advice)
		}
		if p.Problem != nil {
			t.Errorf("%s: %s", p.ID, p.Problem.Message)
			continue
		}
		if p.Result == nil || p.Result.Documents == 0 || len(p.Result.Rows)+len(p.Result.Lines) == 0 {
			t.Errorf("%s has no result", p.ID)
		}
		if !strings.Contains(p.Query, `"term": {`) || p.Index != red.Panels[i].Source.Stream {
			t.Errorf("%s does not show the query that was sent to %s: %.80s", p.ID, p.Index, p.Query)
		}
	}
	if q := got.Panels[0].PromQL; len(q) != 1 || !strings.Contains(q[0].Expr, telemetry.MetricDuration) {
		t.Errorf("requests asks Prometheus %v", q)
	}
	if v := got.Panels[0].Result.Rows[0].Values[0]; v == nil || *v != 20_000 {
		t.Errorf("requests: %v, want 20000", v)
	}
}

func TestRangeIsReadStrictly(t *testing.T) {
	srv := serve(t, &recorded{})
	tests := []struct{ name, query, want string }{
		{"a word", "from=yesterday", `from: "yesterday" is not a time`},
		{"a time after now", "to=now%2B5m", `to: "now+5m" is not a time before now`},
		{"ends swapped", "from=now-5m&to=now-15m", "is not before to"},
		{"nothing between", "from=1767268800000&to=1767268800000", "is not before to"},
		{"too short", "from=1767268800000&to=1767268800400", "a second is the shortest"},
		{"too long", "from=1970-01-01T00:00:00Z", "a year is the longest"},
		{"a run id with a quote", "run=x%22", "is not a run id"},
		{"a run id too long", "run=" + strings.Repeat("a", 65), "is not a run id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got struct {
				Error struct{ Message, Hint string }
			}
			get(t, srv, "/api/dashboards/red?"+tt.query, http.StatusBadRequest, &got)
			if !strings.Contains(got.Error.Message, tt.want) || got.Error.Hint == "" {
				t.Errorf("got %+v, want %q and a hint", got.Error, tt.want)
			}
		})
	}
	var ok dashboardJSON
	get(t, srv, "/api/dashboards/red?from=2026-01-01T12:00:00.350Z&to=1767269100350", http.StatusOK, &ok)
	if ok.FromMs != 1767268800350 || ok.ToMs != 1767269100350 {
		t.Errorf("a range that does not end now was moved: %d to %d", ok.FromMs, ok.ToMs)
	}
}

func TestUnknownAddresses(t *testing.T) {
	srv := serve(t, &recorded{})
	for path, want := range map[string]string{
		"/api/dashboards/blue": "no dashboard blue",
		"/api/other":           "no such address: GET /api/other",
	} {
		var got struct {
			Error struct{ Message, Hint string }
		}
		get(t, srv, path, http.StatusNotFound, &got)
		if got.Error.Message != want || got.Error.Hint == "" {
			t.Errorf("GET %s: %+v, want %q and a hint", path, got.Error, want)
		}
	}
}

// A dashboard takes the fields that it can be narrowed by, and no others.
func TestNarrowing(t *testing.T) {
	source := &recorded{}
	srv := serve(t, source)
	var got struct {
		dashboardJSON
		Only map[string]string
		Next []struct{ ID string }
	}
	get(t, srv, "/api/dashboards/route?from=now-5m&to=now&http.route=/datasets&user.name=mallory", http.StatusOK, &got)
	if diff := cmp.Diff(map[string]string{telemetry.FieldRoute: "/datasets"}, got.Only); diff != "" {
		t.Errorf("narrowed to (-want +got):\n%s", diff)
	}
	if len(got.Next) != 2 || got.Next[0].ID != "logs" {
		t.Errorf("leads on to %v", got.Next)
	}
	for _, p := range got.Panels {
		if !strings.Contains(p.Query, `"http.route": "/datasets"`) || strings.Contains(p.Query, "mallory") {
			t.Errorf("%s asks %s", p.ID, p.Query)
		}
	}
	var refused struct{ Error struct{ Message string } }
	get(t, srv, "/api/dashboards/route?http.route="+strings.Repeat("x", 2000), http.StatusBadRequest, &refused)
	if !strings.Contains(refused.Error.Message, "http.route") {
		t.Errorf("refused with %q", refused.Error.Message)
	}
}

// A panel without an answer says why, the others go on; and when the cause is
// gone, so is the message.
func TestProblemsStayInTheirPanel(t *testing.T) {
	source := &recorded{absent: map[string]bool{telemetry.StreamLag: true}}
	srv := serve(t, source)
	all := len(dashboards.RED().Panels)
	ask := func() (problems, absent, drawn int, hint string) {
		var got dashboardJSON
		get(t, srv, "/api/dashboards/red?from=now-5m", http.StatusOK, &got)
		for _, p := range got.Panels {
			switch {
			case p.Problem != nil:
				problems++
				hint = p.Problem.Message + "; " + p.Problem.Hint
			case p.Absent:
				absent++
			case p.Result != nil:
				drawn++
			}
		}
		return problems, absent, drawn, hint
	}
	if problems, absent, drawn, hint := ask(); problems != 0 || absent != 2 || drawn != all-2 {
		t.Errorf("without a lag stream: %d problems, %d absent, %d drawn: %s", problems, absent, drawn, hint)
	}
	source.fail(hinted{"search: 127.0.0.1:9200: connection refused", "is Elasticsearch running?"})
	problems, _, drawn, hint := ask()
	if problems != all || drawn != 0 || hint != "search: 127.0.0.1:9200: connection refused; is Elasticsearch running?" {
		t.Errorf("with Elasticsearch down: %d problems, %d drawn: %s", problems, drawn, hint)
	}
	source.fail(nil)
	if problems, _, drawn, _ := ask(); problems != 0 || drawn != all-2 {
		t.Errorf("with Elasticsearch back: %d problems, %d drawn", problems, drawn)
	}
}

func TestRuns(t *testing.T) {
	source := &recorded{}
	srv := serve(t, source)
	type runs struct {
		Runs []struct {
			ID              string
			Requests        int64
			FirstMs, LastMs int64
		}
		Problem *struct{ Message, Hint string }
	}
	var got runs
	get(t, srv, "/api/runs", http.StatusOK, &got)
	found := false
	for _, r := range got.Runs {
		found = found || r.ID == seedRun && r.Requests == 20_600 && r.FirstMs == seedEnd.Add(-5*time.Minute).UnixMilli()
	}
	if !found || got.Problem != nil {
		t.Errorf("the seeded run is not listed: %+v", got)
	}
	source.fail(hinted{"search: no answer", "look at its log"})
	got = runs{}
	get(t, srv, "/api/runs", http.StatusOK, &got)
	if got.Problem == nil || got.Problem.Hint != "look at its log" || got.Runs == nil {
		t.Errorf("with Elasticsearch down: %+v, want no runs and the problem", got)
	}
}

func TestGuard(t *testing.T) {
	srv := serve(t, &recorded{})
	ask := func(host, path string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	for host, want := range map[string]int{
		"localhost:5602": http.StatusOK, "127.0.0.1": http.StatusOK, "[::1]:5602": http.StatusOK,
		"board.example": http.StatusMisdirectedRequest, "127.0.0.1.example:5602": http.StatusMisdirectedRequest,
	} {
		if got := ask(host, "/healthz").StatusCode; got != want {
			t.Errorf("asked as %s: %d, want %d", host, got, want)
		}
	}
	for _, path := range []string{"/", "/assets/board.js", "/api/dashboards", "/api/nothing"} {
		h := ask("localhost", path).Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: policy %q lets in more than this origin", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestReadyIsWhoCanDraw(t *testing.T) {
	source := &recorded{}
	b := httptest.NewServer(board.New(board.Options{Searcher: source, Absent: func(err error) bool { return errors.Is(err, errAbsent) }}))
	t.Cleanup(b.Close)
	for _, row := range []struct {
		proves string
		fails  error
		want   int
	}{
		{"one whose searches are answered", nil, http.StatusOK},
		{"one before the first document", errAbsent, http.StatusOK},
		{"not one whose key is refused", errors.New("search logs-icat.access-default: 401 Unauthorized"), http.StatusServiceUnavailable},
	} {
		t.Run(row.proves, func(t *testing.T) {
			source.fail(row.fails)
			answer, err := http.Get(b.URL + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != row.want || row.want != http.StatusOK && !strings.Contains(string(body), row.fails.Error()) {
				t.Errorf("%s: %s, %v; want %d and the reason", answer.Status, body, err, row.want)
			}
		})
	}
}
