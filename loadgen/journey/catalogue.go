package journey

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// Journey is a kind of visit.
type Journey struct {
	Name   string
	Weight int    // its share of the visits, against the others' weights; above 0
	About  string // what it does, in a line

	person bool // thinks, comes back and walks off; a program does not
	plan   func(*planner) []stage
	thinks []*Think // before each stage, if the journey has its own; nil for the run's
}

// BuiltIn returns the journeys of the catalogue. Their weights follow what users
// of the real catalogue's interface do, read from its source, since no figures
// of real traffic are public.
func BuiltIn() []Journey {
	return []Journey{
		{Name: "my data", Weight: 45, person: true, plan: (*planner).myData, About: "log in, my investigations, one of them, its datasets, their files"},
		{Name: "browse", Weight: 20, person: true, plan: (*planner).browse, About: "instruments, their cycles and investigations, one with its people and samples"},
		{Name: "search", Weight: 15, person: true, plan: (*planner).search, About: "a word in three places at once, the hit, a colleague by name"},
		{Name: "look-up", Weight: 14, plan: (*planner).lookUp, About: "1 to 10 people by name without a session, few of them often, some unknown"},
		{Name: "ingest", Weight: 4, plan: (*planner).ingest, About: "create a dataset, its files, and say that it is complete"},
		{Name: "misuse", Weight: 2, plan: (*planner).misuse, About: "what a client can do wrong, with the refusal it deserves"},
	}
}

// Choose returns the journeys of these names, all if there are no names.
func Choose(from []Journey, names ...string) ([]Journey, error) {
	if len(names) == 0 {
		return from, nil
	}
	var chosen []Journey
	for _, name := range names {
		i := slices.IndexFunc(from, func(j Journey) bool { return j.Name == name })
		switch {
		case i < 0:
			known := make([]string, len(from))
			for k, j := range from {
				known[k] = j.Name
			}
			return nil, fmt.Errorf("unknown journey %q, known are %s", name, strings.Join(known, ", "))
		case slices.ContainsFunc(chosen, func(j Journey) bool { return j.Name == name }):
			return nil, fmt.Errorf("journey %q is named twice", name)
		}
		chosen = append(chosen, from[i])
	}
	return chosen, nil
}

// planner draws the content of one visit.
type planner struct {
	directory *directory
	random    *rand.Rand
	visit     uint64 // its number
}

// chance is true in a share of cases.
func (p *planner) chance(share float64) bool { return p.random.Float64() < share }

func pick[T any](p *planner, of []T) T { return of[p.random.IntN(len(of))] }

func (p *planner) member() person { return pick(p, p.directory.members) }

// own draws one of the investigations that u takes part in.
func (p *planner) own(u person) icat.Investigation {
	return p.directory.investigation(pick(p, p.directory.facility.InvestigationsOf(u.id)))
}

// file draws a dataset of the investigation, 0 if it has none, and a file of it.
func (p *planner) file(investigation int64) (dataset, datafile int64) {
	datasets := p.directory.facility.DatasetsOf(investigation)
	if len(datasets) == 0 {
		return 0, 0
	}
	dataset = pick(p, datasets)
	first, n := p.directory.facility.DatafilesOf(dataset)
	return dataset, first + p.random.Int64N(int64(n))
}

// leave ends a visit by a logout in a share of cases; the other sessions are left to expire.
func (p *planner) leave(stages []stage, share float64) []stage {
	if p.chance(share) {
		stages = append(stages, stage{logout()})
	}
	return stages
}

// enter begins a visit under u's password.
func enter(u person) stage { return stage{login(u.name, facility.Password, "")} }

// Preview is the first visit that a Source of these options would make on j
// alone: its stages, each a set of steps that go out together. What only an
// answer can tell stands as {{name}}.
func Preview(o Options, j Journey) [][]Step {
	p := &planner{directory: newDirectory(o), random: rand.New(rand.NewPCG(o.Seed, 1)), visit: 1}
	stages := j.plan(p)
	out := make([][]Step, len(stages))
	for i, steps := range stages {
		for _, s := range steps {
			out[i] = append(out[i], s.filled(&visit{}))
		}
	}
	return out
}
