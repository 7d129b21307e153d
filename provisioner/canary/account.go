package canary

import (
	"crypto/rand"
	"slices"
	"time"
)

// outcome is what became of a probe.
type outcome string

const (
	asked       outcome = "asked"       // it is on its way
	pending     outcome = "pending"     // answered or written: there has to be a line
	found       outcome = "found"       // a search has seen the line
	lost        outcome = "lost"        // no search has, for long enough
	unanswered  outcome = "unanswered"  // there may be a line or none
	interrupted outcome = "interrupted" // so, since the canary was stopped meanwhile
)

func (f outcome) known() bool {
	return slices.Contains([]outcome{asked, pending, found, lost, unanswered, interrupted}, f)
}

// probe is one request or line.
type probe struct {
	Seq     int64         `json:"seq"` // run.seq
	At      time.Time     `json:"at"`  // when it was sent, then when it was answered
	Outcome outcome       `json:"outcome"`
	Status  int           `json:"status,omitempty"` // HTTP status of the answer
	Unseen  time.Time     `json:"unseen,omitzero"`  // when the last search was asked that did not find it
	Found   time.Time     `json:"found,omitzero"`   // when the first one answered that did
	Lag     time.Duration `json:"lag_ns,omitempty"` // from At to Found; 0 if nobody looked shortly before

	Recovered  bool `json:"recovered,omitempty"` // found after it was called lost
	Late       bool `json:"late,omitempty"`
	Duplicated bool `json:"duplicated,omitempty"`
	Corrupted  bool `json:"corrupted,omitempty"`
	Settled    bool `json:"settled,omitempty"` // no longer looked at
}

// totals count probes since the state began. They never go down: a probe that was
// lost and is found after all stays in Lost and is in Recovered, Late and Found too.
type totals struct {
	Requests     int64 `json:"requests"` // probes of either kind
	Unanswered   int64 `json:"unanswered"`
	Interrupted  int64 `json:"interrupted"`
	Found        int64 `json:"found"`
	Lost         int64 `json:"lost"`
	Recovered    int64 `json:"recovered"`
	Late         int64 `json:"late"`
	Duplicated   int64 `json:"duplicated"`
	Corrupted    int64 `json:"corrupted"`
	SearchErrors int64 `json:"search_errors"` // searches that failed or did not cover all
}

// account is all that has to be remembered: whatever the canary says follows from it.
type account struct {
	Watching   string    `json:"watching"` // what is probed, and where its lines are looked for
	Run        string    `json:"run"`      // run.id of every probe
	Next       int64     `json:"next"`     // number of the next probe
	Totals     totals    `json:"totals"`
	LastFound  time.Time `json:"last_found,omitzero"`
	LastSearch time.Time `json:"last_search,omitzero"` // when the last complete one was asked
	Probes     []*probe  `json:"probes"`               // by number: of the window, and older ones that are still looked for
}

func newAccount(watching string) *account {
	return &account{Watching: watching, Run: "canary-" + rand.Text()[:12], Next: 1}
}

// begin takes up a probe that is about to be sent.
func (a *account) begin(now time.Time) *probe {
	p := &probe{Seq: a.Next, At: now, Outcome: asked}
	a.Next++
	a.Totals.Requests++
	a.Probes = append(a.Probes, p)
	return p
}

// sent notes whether a probe was answered.
func (a *account) sent(p *probe, err error) {
	p.Outcome = pending
	if err != nil {
		p.Outcome = unanswered
		a.Totals.Unanswered++
	}
}

// resume takes the account up again after its canary was stopped, or killed. Of
// probes that a clock which was set back has in the future nothing more is said.
func (a *account) resume(now time.Time) {
	for _, p := range a.Probes {
		ahead := p.At.After(now) || p.Found.After(now)
		if p.Outcome == asked || p.Outcome == pending && ahead {
			p.Outcome = interrupted
			a.Totals.Interrupted++
		}
		if ahead {
			p.Settled = true
			p.At = now
		}
		if p.Unseen.After(now) {
			p.Unseen = now
		}
	}
}

// tracked are the probes to search for: those that wait, or all of them that are
// not settled.
func (a *account) tracked(all bool) (of []*probe) {
	for _, p := range a.Probes {
		if p.Outcome == pending || all && !p.Settled && (p.Outcome == found || p.Outcome == lost) {
			of = append(of, p)
		}
	}
	return of
}

// sighting is what a search saw of one probe.
type sighting struct {
	documents int
	altered   bool // one of them is not as it should be
}

// looked is one complete search.
type looked struct {
	asked, answered time.Time
	since           time.Time // from when on all were complete
	of              []*probe
	seen            map[int64]sighting
	sweep           bool
}

// looked takes what a search saw, and returns the lags of what it found first.
func (a *account) looked(l looked, o Options) (lags []time.Duration) {
	a.LastSearch = l.asked
	for _, p := range l.of {
		s := l.seen[p.Seq]
		if s.documents == 0 {
			a.missed(p, l, o)
			continue
		}
		if p.Outcome != found {
			if a.find(p, l, o); p.Lag > 0 {
				lags = append(lags, p.Lag)
			}
		}
		if s.documents > 1 && !p.Duplicated {
			p.Duplicated = true
			a.Totals.Duplicated++
		}
		if s.altered && !p.Corrupted {
			p.Corrupted = true
			a.Totals.Corrupted++
		}
		p.Settled = l.sweep && l.asked.Sub(p.Found) >= o.Settle
	}
	return lags
}

// missed takes a search that did not see a probe. It is lost after it was looked
// for long enough: an Elasticsearch or a canary that was away may have kept the
// line away as well, which gets the same time from then on.
func (a *account) missed(p *probe, l looked, o Options) {
	if p.Outcome != pending {
		return
	}
	p.Unseen = l.asked
	if min(l.asked.Sub(p.At), l.asked.Sub(l.since)) > o.Within {
		p.Outcome = lost
		a.Totals.Lost++
	}
}

// find takes the first search that saw a probe.
func (a *account) find(p *probe, l looked, o Options) {
	p.Recovered = p.Outcome == lost
	p.Late = p.Recovered || p.Unseen.Sub(p.At) > o.Late
	p.Outcome, p.Found = found, l.answered
	a.LastFound = l.answered
	a.Totals.Found++
	if p.Recovered {
		a.Totals.Recovered++
	}
	if p.Late {
		a.Totals.Late++
	}
	before := p.At
	if p.Unseen.After(before) {
		before = p.Unseen
	}
	if l.answered.Sub(before) <= 2*o.Poll+patience && !p.Recovered {
		p.Lag = max(l.answered.Sub(p.At), 1)
	}
}

// prune forgets what is out of the window and no longer looked for.
func (a *account) prune(now time.Time, window time.Duration) {
	a.Probes = slices.DeleteFunc(a.Probes, func(p *probe) bool {
		waits := p.Outcome == asked || p.Outcome == pending || p.Outcome == found && !p.Settled
		return !waits && now.Sub(p.At) > window
	})
}
