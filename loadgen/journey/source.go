package journey

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// Options says whose visits a Source makes. The first four must be set.
type Options struct {
	Facility *facility.Facility
	Seed     uint64
	Run      string    // part of the names of what is ingested; no two runs against one server share it
	Now      time.Time // decides what is still embargoed

	Journeys []Journey            // nil for the built-in ones
	Think    Think                // of people, between stages
	Clock    func() time.Duration // time since any fixed moment; nil for the real one
}

// What people do with sessions.
const (
	returning  = 0.3                      // share of visits that go on in a session that an earlier one left open
	abandoned  = 0.1                      // share of visits that break off in the middle
	stillValid = icat.SessionLifetime / 2 // so that a visit that goes on in one also ends in it
)

// Request is a step that is due now, on behalf of a visit.
type Request struct {
	Step
	Bearer string // session id; "" for none
	visit  *visit
}

// visit is one user's walk: the stages and which of them comes next, how many
// steps of the present one have not ended, and what was learnt so far.
type visit struct {
	journey  *Journey
	random   *rand.Rand
	stages   []stage
	next     int
	pending  int
	failed   bool
	user     string // whose session it is
	session  string
	created  int64 // id of the dataset; 0 until there is one
	captured map[string]value
}

// Source hands out the next request of whichever visit is ready, and begins a
// new visit when none is: every arrival of an open-model schedule finds a
// request, however slowly earlier ones are answered and however long users
// think. It is safe for concurrent use.
type Source struct {
	directory *directory
	seed      uint64
	think     Think
	clock     func() time.Duration

	mu       sync.Mutex
	journeys []Journey
	weights  int
	visits   uint64
	ready    []Request
	thinking thinkers
	open     map[string]session // by user: a session that nobody uses now
}

// session is one that a visit left open.
type session struct {
	id string
	at time.Duration // when it was used last
}

// NewSource makes visits to the facility. The same options make the same visits.
func NewSource(o Options) *Source {
	if o.Journeys == nil {
		o.Journeys = BuiltIn()
	}
	if o.Clock == nil {
		start := time.Now()
		o.Clock = func() time.Duration { return time.Since(start) }
	}
	s := &Source{directory: newDirectory(o), seed: o.Seed, think: o.Think, clock: o.Clock, journeys: o.Journeys, open: map[string]session{}}
	for _, j := range s.journeys {
		s.weights += j.Weight
	}
	return s
}

// Share is a journey's part of the mix.
type Share struct {
	Name   string
	Weight int
}

// Mix returns the journeys and their weights.
func (s *Source) Mix() []Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	mix := make([]Share, len(s.journeys))
	for i, j := range s.journeys {
		mix[i] = Share{j.Name, j.Weight}
	}
	return mix
}

// SetMix changes weights for the visits that begin from now on. Those that it
// does not name keep theirs; 0 leaves a journey out, but not all of them.
func (s *Source) SetMix(mix ...Share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, sum := append([]Journey(nil), s.journeys...), 0
	for _, m := range mix {
		if _, err := Choose(s.journeys, m.Name); err != nil {
			return err
		}
		if m.Weight < 0 || m.Weight > MaxWeight {
			return fmt.Errorf("journey %q: weight %d must be 0 to %d", m.Name, m.Weight, MaxWeight)
		}
		for i := range changed {
			if changed[i].Name == m.Name {
				changed[i].Weight = m.Weight
			}
		}
	}
	for _, j := range changed {
		sum += j.Weight
	}
	if sum == 0 {
		return fmt.Errorf("all journeys would have weight 0: one must be above")
	}
	s.journeys, s.weights = changed, sum
	return nil
}

// Next returns the request for an arrival. The caller owes one Done for it.
func (s *Source) Next() Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.thinking) > 0 {
		for now := s.clock(); len(s.thinking) > 0 && s.thinking[0].until <= now; {
			s.enter(heap.Pop(&s.thinking).(thinker).visit)
		}
	}
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

// Done tells how a request ended: the status and, if the step says to Keep
// something, the body; 0 if no answer came or nothing was sent. A visit goes on
// when all that it asked for together went as expected; otherwise its user
// gives up.
func (s *Source) Done(r Request, status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := r.visit
	v.pending--
	if status == 0 || r.Expect != 0 && status != r.Expect || !v.keep(r.Step, body) {
		v.failed = true
	}
	if v.pending > 0 || v.failed {
		return
	}
	if v.next == len(v.stages) {
		s.leave(v)
		return
	}
	pause := s.think
	if !v.journey.person {
		pause = Think{}
	}
	if own := v.journey.thinks; own != nil && own[v.next] != nil {
		pause = *own[v.next]
	}
	if d := pause.Draw(v.random); d > 0 {
		heap.Push(&s.thinking, thinker{until: s.clock() + d, visit: v})
		return
	}
	s.enter(v)
}

// keep takes from an answer what later steps need and reports whether it was there.
func (v *visit) keep(s Step, body []byte) bool {
	switch s.Keep {
	case Session:
		v.user, v.session = s.user, sessionOf(body)
		if v.session == "" {
			return false
		}
	case Created:
		v.created = createdBy(body)
		return v.created > 0
	}
	return v.take(s.capture, body)
}

func (s *Source) begin() {
	s.visits++
	v := &visit{random: rand.New(rand.NewPCG(s.seed, s.visits))}
	pick := v.random.IntN(s.weights)
	for i := range s.journeys {
		if pick -= s.journeys[i].Weight; pick < 0 {
			v.journey = &s.journeys[i]
			break
		}
	}
	p := &planner{directory: s.directory, random: v.random, visit: s.visits}
	v.stages = named(v.journey.Name, v.journey.plan(p))
	if v.journey.person {
		if p.chance(abandoned) {
			v.stages = v.stages[:1+p.random.IntN(len(v.stages))]
		}
		if p.chance(returning) {
			s.reuse(v)
		}
	}
	if v.next < len(v.stages) {
		s.enter(v)
	}
}

// enter makes the steps of a visit's next stage ready.
func (s *Source) enter(v *visit) {
	now := v.stages[v.next]
	v.next++
	v.pending = len(now)
	for _, step := range now {
		r := Request{Step: step.filled(v), visit: v}
		if step.Auth == Stale {
			r.Bearer = staleSession
		}
		s.ready = append(s.ready, r)
	}
}

// reuse lets a visit that would begin with a login go on in the session that its
// user left open, if there is one.
func (s *Source) reuse(v *visit) {
	first := v.stages[0]
	if len(first) != 1 || first[0].Keep != Session || len(first[0].capture) > 0 {
		return
	}
	user := first[0].user
	if left, ok := s.open[user]; ok {
		delete(s.open, user)
		if s.clock()-left.at < stillValid {
			v.user, v.session, v.next = user, left.id, 1
		}
	}
}

// leave keeps the session of a visit that ended without a logout.
func (s *Source) leave(v *visit) {
	if !v.journey.person || v.user == "" {
		return
	}
	for _, steps := range v.stages {
		for _, step := range steps {
			if step.Method == http.MethodDelete && step.Route == "/sessions" {
				return
			}
		}
	}
	s.open[v.user] = session{v.session, s.clock()}
}

func named(name string, stages []stage) []stage {
	for _, steps := range stages {
		for i := range steps {
			steps[i].Journey = name
		}
	}
	return stages
}

// thinker is a visit whose user looks at a page.
type thinker struct {
	until time.Duration
	visit *visit
}

// thinkers is a heap: who is ready first comes first.
type thinkers []thinker

func (t thinkers) Len() int           { return len(t) }
func (t thinkers) Less(i, j int) bool { return t[i].until < t[j].until }
func (t thinkers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *thinkers) Push(x any)        { *t = append(*t, x.(thinker)) }
func (t *thinkers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	(*t)[last] = thinker{}
	*t = (*t)[:last]
	return x
}
