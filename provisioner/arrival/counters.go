package arrival

import (
	"fmt"
	"strings"
	"time"
)

// Kind is what the application's own counters tell requests apart by.
type Kind struct {
	Route  string // template, as in http.route
	Status int
}

// Asked is what a run asked of the application.
type Asked struct {
	Run      string
	From, To time.Time // from its start to the end of its last request
	// Kinds are the requests that were answered, going by the ledger; of those
	// without an answer, by the documents. Open are those of which neither knows.
	Kinds map[Kind]uint64
	Open  uint64
}

// Asked returns what the run asked of the application.
func (a *Account) Asked() Asked {
	to := a.Trailer.Ended
	if a.Latest.After(to) {
		to = a.Latest
	}
	return Asked{a.Run, a.Header.Started, to, a.asked, a.Indeterminate.Len()}
}

// Counters is what the application counted around a run, as its metrics hold it,
// against what it was asked.
type Counters struct {
	Stream   string    `json:"stream"`
	From     time.Time `json:"from"` // the last reading before the run
	To       time.Time `json:"to"`   // the first after it
	Readings int       `json:"readings"`
	Gaps     int       `json:"gaps"`     // readings that are missing between: counters go on without them
	Restarts int       `json:"restarts"` // of the application: its counters began again at 0
	Kinds    int       `json:"kinds"`    // routes and statuses that were compared
	Counted  uint64    `json:"counted"`
	Asked    uint64    `json:"asked"`  // of the run
	Others   uint64    `json:"others"` // requests of nobody's run, or of another's, in that time
	Unseen   uint64    `json:"unseen"` // requests that may have been counted when nobody read any more
	Differs  []string  `json:"differs,omitempty"`
	Missing  string    `json:"missing,omitempty"` // why nothing can be said
	Several  bool      `json:"several"`           // more than one process answers there: whose reading is whose is not known
}

func (c *Counters) property() Property {
	p := Property{"metrics", "counters of the service", Holds, fmt.Sprintf("%s in %s and statuses as in the ledger, between the readings at %s and %s",
		things(c.Asked, "request"), things(uint64(c.Kinds), "route"), c.From.UTC().Format("15:04:05"), c.To.UTC().Format("15:04:05"))}
	switch {
	case c.Several:
		p.Outcome, p.Text = NotJudged, "several processes answer in turn there: collect each by an address of its own"
		return p
	case c.Missing != "":
		p.Outcome, p.Text = Unmeasured, c.Missing
		return p
	case len(c.Differs) > 0:
		p.Outcome = Fails
		p.Text = strings.Join(c.Differs[:min(len(c.Differs), listed)], "; ")
		if more := len(c.Differs) - listed; more > 0 {
			p.Text += fmt.Sprintf("; and %d more", more)
		}
	}
	for _, note := range []struct {
		n    uint64
		said string
	}{
		{c.Others, "request(s) of others among them"}, {uint64(c.Restarts), "restart(s), after which they began at 0"},
		{c.Unseen, "request(s) ended when nobody read the counters any more"}, {uint64(c.Gaps), "reading(s) missing, which changes nothing"},
	} {
		if note.n > 0 {
			p.Text += fmt.Sprintf("; %s %s", count(note.n), note.said)
		}
	}
	return p
}
