package board

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/promql"
)

// panelDeadline is how long a panel may wait for its turn and its answer.
const panelDeadline = 15 * time.Second

// runsReach is how far back the list of runs goes.
const runsReach = 7 * 24 * time.Hour

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// ready tells whether panels can be drawn: Elasticsearch takes our key and
// answers a search, be it that nothing is there yet.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	index, body, err := dashboards.RunsQuery(s.Now())
	if err == nil {
		_, err = s.search(r.Context(), index, body)
	}
	if err != nil && !s.Absent(err) {
		p := problemOf(err)
		fail(w, http.StatusServiceUnavailable, p.Message, p.Hint)
		return
	}
	s.health(w, r)
}

func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	fail(w, http.StatusNotFound, "no such address: "+r.Method+" "+r.URL.Path, "try GET /api/dashboards")
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	list := make([]summary, len(s.Dashboards))
	for i, d := range s.Dashboards {
		list[i] = summary{d.ID, d.Title, d.Purpose}
	}
	reply(w, http.StatusOK, list)
}

func (s *server) dashboard(w http.ResponseWriter, r *http.Request) {
	for _, d := range s.Dashboards {
		if d.ID == r.PathValue("id") {
			s.answer(w, r, d)
			return
		}
	}
	fail(w, http.StatusNotFound, "no dashboard "+r.PathValue("id"), "GET /api/dashboards lists them")
}

// answer runs the panels of a dashboard; a panel that fails says so in its
// own place and leaves the others alone.
func (s *server) answer(w http.ResponseWriter, r *http.Request, d dashboards.Dashboard) {
	scope, err := s.scope(r, d)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), "for example ?from=now-15m&to=now")
		return
	}
	view := dashboardView{
		summary: summary{d.ID, d.Title, d.Purpose},
		FromMS:  scope.From.UnixMilli(), ToMS: scope.To.UnixMilli(), Run: scope.RunID, Only: scope.Only,
		AnsweredMS: s.Now().UnixMilli(),
		Next:       []summary{},
		Panels:     make([]panelView, len(d.Panels)),
	}
	for _, id := range d.Next {
		for _, next := range s.Dashboards {
			if next.ID == id {
				view.Next = append(view.Next, summary{next.ID, next.Title, next.Purpose})
			}
		}
	}
	var all sync.WaitGroup
	for i, p := range d.Panels {
		all.Go(func() { view.Panels[i] = s.panel(r.Context(), p, scope) })
	}
	all.Wait()
	reply(w, http.StatusOK, view)
}

func (s *server) panel(ctx context.Context, p dashboards.Panel, scope dashboards.Scope) panelView {
	view := describe(p)
	if p.Kind == dashboards.Note {
		return view
	}
	scope = scope.For(p)
	index, body, err := p.Query(scope)
	if err != nil {
		view.Problem = problemOf(err)
		return view
	}
	view.Index, view.Query = index, string(body)
	questions, err := promql.Queries(p, promql.Of(scope))
	if err != nil {
		view.Problem = problemOf(err)
		return view
	}
	for _, q := range questions {
		view.PromQL = append(view.PromQL, promqlView{q.Label, q.Expr})
	}
	answer, err := s.search(ctx, index, body)
	if s.Absent(err) {
		view.Absent = true
		return view
	}
	if err != nil {
		view.Problem = problemOf(err)
		return view
	}
	result, err := p.Decode(answer)
	if err != nil {
		view.Problem = problemOf(err)
		return view
	}
	view.Result = show(result)
	return view
}

func (s *server) search(ctx context.Context, index string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, panelDeadline)
	defer cancel()
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	case <-ctx.Done():
		return nil, errors.New("search " + index + ": too many searches at once")
	}
	return s.Searcher.Search(ctx, index, body)
}

func (s *server) runs(w http.ResponseWriter, r *http.Request) {
	index, body, err := dashboards.RunsQuery(s.Now().Add(-runsReach))
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error(), "")
		return
	}
	view := runsView{Runs: []runView{}}
	answer, err := s.search(r.Context(), index, body)
	var runs []dashboards.Run
	if err == nil {
		runs, err = dashboards.DecodeRuns(answer)
	}
	if err != nil && !s.Absent(err) {
		view.Problem = problemOf(err)
	}
	for _, run := range runs {
		view.Runs = append(view.Runs, runView{run.ID, run.Requests, run.First.UnixMilli(), run.Last.UnixMilli()})
	}
	reply(w, http.StatusOK, view)
}

// problemOf is an error in words for the page, with its hint when it has one.
func problemOf(err error) *problem {
	p := &problem{Message: err.Error()}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		p.Hint = hinted.Hint()
	}
	return p
}

func fail(w http.ResponseWriter, status int, message, hint string) {
	reply(w, status, struct {
		Error problem `json:"error"`
	}{problem{message, hint}})
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
