package journey

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"

	"plumbline/demo-app/facility"
)

// journey is a kind of visit. The weights relate to each other; they follow
// what users of the real catalogue's interface do, read from its source, since
// no figures of real traffic are public.
type journey struct {
	name   string
	weight int
	plan   func(*planner) []stage
}

func catalogue() []journey {
	return []journey{
		{"my data", 45, (*planner).myData},
		{"browse", 20, (*planner).browse},
		{"search", 15, (*planner).search},
		{"look-up", 14, (*planner).lookUp},
		{"misuse", 2, (*planner).misuse},
	}
}

// staleSession has the form of a session id and never is one.
const staleSession = "00000000-0000-4000-8000-000000000000"

const (
	page    = 50 // rows of a table view
	zipfS   = 1.2
	unknown = 0.04 // share of look-ups for a name that nobody has
)

// planner draws the content of one visit.
type planner struct {
	directory *directory
	random    *rand.Rand
}

// myData: log in, see my investigations, open one, its datasets, their files.
func (p *planner) myData() []stage {
	u := p.member()
	investigation, datasets := p.visit(u)
	mine := where("investigationUsers.user.name", "eq", u.name)
	stages := []stage{
		{login(u.name, facility.Password, http.StatusCreated)},
		{get("/sessions", "/sessions")},
		table("investigations", mine, 0),
		{byID("investigations", investigation)},
		table("datasets", where("investigation.id", "eq", investigation), 0),
	}
	if len(datasets) > 0 {
		files := where("dataset.id", "eq", datasets[p.random.IntN(len(datasets))])
		stages = append(stages, table("datafiles", files, 0))
		for n := range p.random.IntN(4) {
			stages = append(stages, stage{list("datafiles", files, (n+1)*page)})
		}
	}
	return p.leave(stages, 0.6)
}

// browse: page through everything, look at things by id.
func (p *planner) browse() []stage {
	u, other := p.member(), p.member()
	investigation, datasets := p.visit(other)
	stages := []stage{
		{login(u.name, facility.Password, http.StatusCreated)},
		table("investigations", "", 0),
		{list("investigations", "", page)},
		{byID("investigations", investigation), byID("users", other.id)},
		table("datasets", where("investigation.id", "eq", investigation), 0),
	}
	if len(datasets) > 0 {
		stages = append(stages, stage{byID("datasets", datasets[0])})
	}
	stages = append(stages, stage{byID("datafiles", 1+p.random.Int64N(p.directory.datafiles))})
	return p.leave(stages, 0.3)
}

// search: a word in three places at once, then a colleague by name.
func (p *planner) search() []stage {
	u := p.member()
	words := searchWords()
	word := words[p.random.IntN(len(words))]
	return p.leave([]stage{
		{login(u.name, facility.Password, http.StatusCreated)},
		{
			list("investigations", where("title", "ilike", word), 0),
			list("datasets", where("name", "ilike", word), 0),
			list("datafiles", where("name", "ilike", word), 0),
		},
		{byID("investigations", u.investigations[0])},
		table("users", where("fullName", "ilike", u.name[:3]), 0),
	}, 0.3)
}

// lookUp: 1 to 10 people by name, few of them often, some unknown.
func (p *planner) lookUp() []stage {
	popular := rand.NewZipf(p.random, zipfS, 1, uint64(len(p.directory.names)-1))
	var stages []stage
	for range 1 + p.random.IntN(10) {
		step := get("/icat/{username}", "/icat/"+url.PathEscape(p.directory.names[popular.Uint64()]))
		if p.random.Float64() < unknown {
			step = get("/icat/{username}", fmt.Sprintf("/icat/nobody-%d", p.random.IntN(1000)))
			step.Expect = http.StatusNotFound
		}
		step.Auth = Nobody
		stages = append(stages, stage{step})
	}
	return stages
}

// misuse: what a client can do wrong, each with the answer it deserves.
func (p *planner) misuse() []stage {
	u := p.member()
	wrong := get("/investigations", "/investigations?limit=10")
	switch p.random.IntN(5) {
	case 0:
		return []stage{{login(u.name, "wrong", http.StatusForbidden)}}
	case 1:
		wrong.Auth, wrong.Expect = Stale, http.StatusForbidden
		return []stage{{wrong}}
	case 2:
		wrong.Auth, wrong.Expect = Nobody, http.StatusUnauthorized
		return []stage{{wrong}}
	case 3:
		wrong = get("/investigations", "/investigations?where="+url.QueryEscape(`{"title":{"eq":`))
		wrong.Expect = http.StatusBadRequest
	case 4:
		wrong = byID("datafiles", 1_000_000_000+p.random.Int64N(1000))
		wrong.Expect = http.StatusNotFound
	}
	return p.leave([]stage{{login(u.name, facility.Password, http.StatusCreated)}, {wrong}}, 1)
}

// leave ends a visit by a logout in a share of cases; the other sessions are left to expire.
func (p *planner) leave(stages []stage, share float64) []stage {
	if p.random.Float64() < share {
		stages = append(stages, stage{logout()})
	}
	return stages
}

func (p *planner) member() member {
	return p.directory.members[p.random.IntN(len(p.directory.members))]
}

// visit draws one of the member's investigations and its datasets.
func (p *planner) visit(m member) (id int64, datasets []int64) {
	id = m.investigations[p.random.IntN(len(m.investigations))]
	return id, p.directory.datasets[id]
}

// table is a table view: the first page and the count, asked for together.
func table(collection, where string, skip int) stage {
	count := "/" + collection + "/count"
	path := count
	if where != "" {
		path += "?" + url.Values{"where": {where}}.Encode()
	}
	return stage{list(collection, where, skip), get(count, path)}
}

func list(collection, where string, skip int) Step {
	query := url.Values{"limit": {strconv.Itoa(page)}, "order": {"id asc"}}
	if where != "" {
		query.Set("where", where)
	}
	if skip > 0 {
		query.Set("skip", strconv.Itoa(skip))
	}
	return get("/"+collection, "/"+collection+"?"+query.Encode())
}

func byID(collection string, id int64) Step {
	return get("/"+collection+"/{id}", fmt.Sprintf("/%s/%d", collection, id))
}

func where(path, op string, value any) string {
	text, _ := json.Marshal(map[string]map[string]any{path: {op: value}}) // strings and integers always marshal
	return string(text)
}
