package ledger

// OutlineWidth is how many neighbouring attempts a writer's outline counts together.
const OutlineWidth = 1_000

// Outline is what a run comes to, by stretches of neighbouring attempts and by groups:
// enough to compare counts with, without reading every attempt.
type Outline struct {
	Width     uint64    `json:"width"` // attempts in a stretch, but for the last
	Last      uint64    `json:"last"`  // highest number
	Attempts  uint64    `json:"attempts"`
	Stretches []Stretch `json:"stretches"` // the first begins with attempt 1
	Groups    []Group   `json:"groups"`    // of what was answered
	Trailer   Trailer   `json:"trailer"`

	places map[groupKey]int
}

// Stretch is some neighbouring attempts.
type Stretch struct {
	Sent     Sums `json:"sent"`
	Answered Sums `json:"answered"` // of the sent
}

// Group is the answered attempts of one method, route and status.
type Group struct {
	Method string `json:"method"`
	Route  string `json:"route"`
	Status int    `json:"status"`
	Count  uint64 `json:"count"`
}

type groupKey struct {
	method, route string
	status        int
}

// Sums is what is kept of a set of attempts' numbers. The sums are exact below 2⁵³.
type Sums struct {
	N       uint64  `json:"n"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
}

// Add counts one more number.
func (s *Sums) Add(seq uint64) {
	s.N++
	s.Sum += float64(seq)
	s.Squares += float64(seq) * float64(seq)
}

func (s *Sums) remove(seq uint64) {
	s.N--
	s.Sum -= float64(seq)
	s.Squares -= float64(seq) * float64(seq)
}

// NewOutline returns that of no attempt.
func NewOutline(width uint64) *Outline {
	return &Outline{Width: width, places: map[groupKey]int{}}
}

// Add counts the next attempt, as a Reader hands it out.
func (o *Outline) Add(a Attempt) {
	if a.Outcome != Dropped {
		o.send(a.Seq)
	}
	o.end(&a)
}

// send counts an attempt that leaves.
func (o *Outline) send(seq uint64) {
	o.Attempts++
	o.stretch(seq).Sent.Add(seq)
}

// end counts what became of an attempt, or one that never left.
func (o *Outline) end(a *Attempt) {
	switch a.Outcome {
	case Dropped:
		o.Attempts++
		o.stretch(a.Seq)
	case Refused:
		o.stretch(a.Seq).Sent.remove(a.Seq)
	case Answered:
		o.stretch(a.Seq).Answered.Add(a.Seq)
		o.group(a).Count++
	}
}

// stretch is the one of a number, which is in the run.
func (o *Outline) stretch(seq uint64) *Stretch {
	o.Last = max(o.Last, seq)
	at := (seq - 1) / o.Width
	for uint64(len(o.Stretches)) <= at {
		o.Stretches = append(o.Stretches, Stretch{})
	}
	return &o.Stretches[at]
}

func (o *Outline) group(a *Attempt) *Group {
	key := groupKey{a.Method, a.Route, a.Status}
	at, ok := o.places[key]
	if !ok {
		at = len(o.Groups)
		o.places[key] = at
		o.Groups = append(o.Groups, Group{Method: a.Method, Route: a.Route, Status: a.Status})
	}
	return &o.Groups[at]
}
