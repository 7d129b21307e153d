package journey

import (
	"math/rand/v2"
	"sync"

	"plumbline/demo-app/facility"
)

// Request is a step that is due now, on behalf of a visit.
type Request struct {
	Step
	Bearer string // session id; "" for none
	visit  *visit
}

// visit is one user's walk: the stages still to come and how many steps of the
// present one have not ended.
type visit struct {
	session string
	pending int
	failed  bool
	rest    []stage
}

// Source hands out the next request of whichever visit is ready, and begins a
// new visit when none is: every arrival of an open-model schedule finds a
// request, however slowly earlier ones are answered. It is safe for concurrent use.
type Source struct {
	directory *directory
	seed      uint64
	journeys  []journey
	weights   int

	mu     sync.Mutex
	visits uint64
	ready  []Request
}

// NewSource makes visits to the facility. The same facility and seed make the
// same visits.
func NewSource(f *facility.Facility, seed uint64) *Source {
	s := &Source{directory: newDirectory(f), seed: seed, journeys: catalogue()}
	for _, j := range s.journeys {
		s.weights += j.weight
	}
	return s
}

// Next returns the request for an arrival. The caller owes one Done for it.
func (s *Source) Next() Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ready) == 0 {
		s.begin()
	}
	r := s.ready[0]
	s.ready = s.ready[1:]
	if r.Auth == Own {
		r.Bearer = r.visit.session
	}
	return r
}

// Done tells how a request ended: the status and, of a login, the body; 0 if no
// answer came or nothing was sent. A visit goes on when all that it asked for
// together went as expected; otherwise its user gives up.
func (s *Source) Done(r Request, status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := r.visit
	v.pending--
	if status != r.Expect {
		v.failed = true
	}
	if r.Login && !v.failed {
		v.session = sessionOf(body)
		v.failed = v.session == ""
	}
	if v.pending == 0 && !v.failed {
		s.advance(v)
	}
}

func (s *Source) begin() {
	s.visits++
	random := rand.New(rand.NewPCG(s.seed, s.visits))
	pick := random.IntN(s.weights)
	for _, j := range s.journeys {
		if pick -= j.weight; pick < 0 {
			p := &planner{directory: s.directory, random: random}
			s.advance(&visit{rest: named(j.name, j.plan(p))})
			return
		}
	}
}

func (s *Source) advance(v *visit) {
	if len(v.rest) == 0 {
		return
	}
	now := v.rest[0]
	v.rest = v.rest[1:]
	v.pending = len(now)
	for _, step := range now {
		r := Request{Step: step, visit: v}
		if step.Auth == Stale {
			r.Bearer = staleSession
		}
		s.ready = append(s.ready, r)
	}
}

func named(name string, stages []stage) []stage {
	for _, steps := range stages {
		for i := range steps {
			steps[i].Journey = name
		}
	}
	return stages
}
