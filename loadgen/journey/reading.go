package journey

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

const (
	zipfS     = 1.2
	unknown   = 0.04 // share of look-ups for a name, and of searches for a word, that nobody has
	anonymous = 0.3  // share of browsing without an account
)

// What the tables and the landing page of the user interface show besides the
// investigation itself.
const (
	tableInclude   = `[{"investigationInstruments":"instrument"},{"investigationFacilityCycles":"facilityCycle"}]`
	browseInclude  = `["type",{"investigationInstruments":"instrument"},{"investigationUsers":"user"}]`
	landingInclude = `["type",{"investigationUsers":"user"},{"samples":"type"},"keywords"]`
)

// myData: log in, see my investigations, open one, its datasets, their files.
func (p *planner) myData() []stage {
	u := p.member()
	v := p.own(u)
	stages := []stage{
		enter(u),
		{get("/sessions", "/sessions")},
		table("investigations", filter{where: all(is("investigationUsers.user.name", u.name)), include: tableInclude, order: "startDate desc"}),
		{byID("investigations", v.ID, landingInclude)},
		table("datasets", filter{where: all(is("investigation.id", v.ID)), include: `"type"`}),
	}
	if dataset, _ := p.file(v.ID); dataset != 0 {
		files := filter{where: all(is("dataset.id", dataset))}
		stages = append(stages, table("datafiles", files))
		for n := range p.random.IntN(4) {
			files.skip = (n + 1) * page
			stages = append(stages, stage{list("datafiles", files)})
		}
	}
	return p.leave(stages, 0.6)
}

// browse: from the instruments to a cycle, to who was there, to what they left.
// Some filter the instrument's investigations by a word.
func (p *planner) browse() []stage {
	u := p.member()
	begin := enter(u)
	if p.chance(anonymous) {
		u = person{id: facility.Anonymous}
		begin = stage{login(icat.Anonymous, "", icat.Anonymous)}
	}
	stages := []stage{begin, table("instruments", filter{})}
	readable := p.directory.readable(u)
	if len(readable) == 0 {
		return p.leave(stages, 0.3)
	}
	v := p.directory.investigation(pick(p, readable))
	instrument := p.directory.on[v.ID]
	links := is("investigationFacilityCycles.investigation.investigationInstruments.instrument.id", instrument)
	on := is("investigationInstruments.instrument.id", instrument)
	during := is("investigationFacilityCycles.facilityCycle.id", p.directory.during[v.ID])
	stages = append(stages,
		table("facilitycycles", filter{where: all(links)}),
		table("investigations", filter{where: all(on, during), include: browseInclude}))
	if p.chance(0.3) {
		stages = append(stages, table("investigations", filter{where: all(on, contains("title", p.word(v.Title)))}))
	}
	stages = append(stages,
		stage{byID("investigations", v.ID, landingInclude), byID("users", p.member().id, "")},
		table("samples", filter{where: all(is("investigation.id", v.ID)), include: `"type"`}))
	if dataset, datafile := p.file(v.ID); dataset != 0 {
		stages = append(stages, stage{byID("datasets", dataset, "")}, stage{byID("datafiles", datafile, `["datafileFormat",{"parameters":"type"}]`)})
	}
	return p.leave(stages, 0.3)
}

// search: a word in three places at once, the hit and its datasets, then a
// colleague by name. Two in three look among their own only.
func (p *planner) search() []stage {
	u := p.member()
	restrict := p.chance(2.0 / 3)
	hit := p.own(u)
	if !restrict {
		hit = p.directory.investigation(pick(p, p.directory.readable(u)))
	}
	word := p.word(hit.Title)
	found := !p.chance(unknown)
	if !found {
		word = "unobtainium"
	}
	stages := []stage{
		enter(u),
		{documents("Investigation", word, restrict), documents("Dataset", word, restrict), documents("Datafile", word, restrict)},
	}
	if found {
		stages = append(stages,
			stage{byID("investigations", hit.ID, landingInclude)},
			table("datasets", filter{where: all(is("investigation.id", hit.ID))}))
	}
	return p.leave(append(stages, table("users", filter{where: all(contains("fullName", u.name[:3]))})), 0.3)
}

// lookUp: 1 to 10 people by name, few of them often, some unknown.
func (p *planner) lookUp() []stage {
	popular := rand.NewZipf(p.random, zipfS, 1, uint64(len(p.directory.names)-1))
	var stages []stage
	for range 1 + p.random.IntN(10) {
		step := get("/icat/{username}", "/icat/"+url.PathEscape(p.directory.names[popular.Uint64()]))
		if p.chance(unknown) {
			step = expect(http.StatusNotFound, get("/icat/{username}", fmt.Sprintf("/icat/nobody-%d", p.random.IntN(1000))))
		}
		stages = append(stages, stage{as(Nobody, step)})
	}
	return stages
}

// word draws one of the longer words of a title, in lower case.
func (p *planner) word(title string) string {
	var words []string
	for _, w := range strings.Fields(strings.ToLower(title)) {
		if len(w) > 4 {
			words = append(words, w)
		}
	}
	return pick(p, words)
}
