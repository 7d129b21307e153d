package journey

import (
	"net/http"
	"net/url"

	"plumbline/demo-app/icat"
)

// staleSession has the form of a session id and never is one.
const staleSession = "00000000-0000-4000-8000-000000000000"

// misuse: what a client can do wrong, each with the answer it deserves.
func (p *planner) misuse() []stage {
	u := p.member()
	ten := get("/investigations", "/investigations?limit=10")
	kinds := []Step{
		expect(http.StatusForbidden, login(u.name, "wrong", "")),
		expect(http.StatusForbidden, as(Stale, ten)),
		expect(http.StatusUnauthorized, as(Nobody, ten)),
		expect(http.StatusBadRequest, get("/investigations", "/investigations?where="+url.QueryEscape(`{"title":{"eq":`))),
		expect(http.StatusNotFound, byID("datafiles", 1_000_000_000+p.random.Int64N(1000), "")),
	}
	if closed := p.directory.closed(u); len(closed) > 0 {
		kinds = append(kinds, expect(http.StatusForbidden, p.inside(pick(p, closed))))
	}
	if p.directory.files(p.directory.readable(u)) > icat.MaxEntities {
		kinds = append(kinds, expect(http.StatusPreconditionFailed, get("/datafiles", "/datafiles"))) // all of them at once
	}
	wrong := pick(p, kinds)
	if wrong.Auth != Own {
		return []stage{{wrong}}
	}
	return []stage{enter(u), {wrong}, {logout()}}
}

// expect is a step that the API should refuse.
func expect(status int, s Step) Step {
	s.Expect, s.Keep = status, Nothing
	return s
}

func as(who Auth, s Step) Step {
	s.Auth = who
	return s
}

// inside asks for an investigation or something in it.
func (p *planner) inside(investigation int64) Step {
	dataset, datafile := p.file(investigation)
	switch kind := p.random.IntN(3); {
	case kind == 0 || dataset == 0:
		return byID("investigations", investigation, "")
	case kind == 1:
		return byID("datasets", dataset, "")
	default:
		return byID("datafiles", datafile, "")
	}
}
