package arrival

import (
	"cmp"
	"slices"
	"time"

	"plumbline/dashboards"
	"plumbline/loadgen/ledger"
)

// maxCases is how many single cases of a kind an account describes one by
// one. Counts and ranges are complete whatever their number.
const maxCases = 10_000

// Account is what an audit found.
//
// Sent attempts are those that the application can have seen. Each is exactly
// one of: delivered, lost, indeterminate, or wrong; a wrong one is duplicated
// or corrupted or both. So Sent = Delivered + Lost + Indeterminate + Wrong, to
// which lines add those that were malformed and did not arrive (Lines.Rejected).
type Account struct {
	Run       string `json:"run"`
	Attempts  uint64 `json:"attempts"` // in the ledger
	Sent      uint64 `json:"sent"`
	Answered  uint64 `json:"answered"`
	NeverSent uint64 `json:"never_sent"` // refused or dropped before anything left
	Last      uint64 `json:"last"`       // highest number in the ledger
	Truncated bool   `json:"truncated"`  // the ledger ends without its trailer
	Documents uint64 `json:"documents"`  // of this run in Elasticsearch

	Delivered     uint64     `json:"delivered"`      // found exactly once, nothing differs
	Unconfirmed   Seqs       `json:"unconfirmed"`    // of the delivered: the client saw no answer
	Lost          Seqs       `json:"lost"`           // answered, not found
	Indeterminate Seqs       `json:"indeterminate"`  // no answer seen, not found: perhaps the application never saw it
	Hops          *Hops      `json:"hops,omitempty"` // how far the missing ones came; nil unless it was traced
	Wrong         uint64     `json:"wrong"`          // duplicated or corrupted
	Duplicated    Duplicates `json:"duplicated"`
	Corrupted     Corrupted  `json:"corrupted"`
	Unexpected    Strays     `json:"unexpected"` // documents of this run that no attempt accounts for
	Beyond        Strays     `json:"beyond"`     // the same, where the ledger was cut off and cannot know

	Late      Seqs          `json:"late"` // taken by Elasticsearch later than LateAfter; of lines, Lines says it
	LateAfter time.Duration `json:"late_after_ns,omitempty"`

	Lines *Lines `json:"lines,omitempty"` // of a ledger of lines

	ReadLag    Lag       `json:"read_lag"`     // @timestamp to event.created: until the shipper read the line
	IndexLag   Lag       `json:"index_lag"`    // event.created to event.ingested: in the shipper, and on its way
	IngestLag  Lag       `json:"ingest_lag"`   // @timestamp to event.ingested: until Elasticsearch took the line
	NoReadTime uint64    `json:"no_read_time"` // documents without event.created
	First      time.Time `json:"first"`        // smallest @timestamp of a document
	Latest     time.Time `json:"latest"`       // largest

	NoIndex bool              `json:"no_index,omitempty"` // nothing has the name where documents were looked for
	Header  ledger.Header     `json:"-"`
	Trailer ledger.Trailer    `json:"-"`
	Truth   *dashboards.Truth `json:"-"`

	subject   subject
	journeys  journeys
	index     string
	way       *way
	neverSent Seqs
	asked     map[Kind]uint64
}

// Duplicates are attempts found more than once.
type Duplicates struct {
	Attempts  Seqs        `json:"attempts"`
	Extra     uint64      `json:"extra_documents"` // beyond the first of each
	SameEvent Seqs        `json:"same_event_id"`   // copies share an event.id: one line became several documents
	Distinct  Seqs        `json:"own_event_ids"`   // each copy has its own: written more than once, or under a changed id
	Cases     []Duplicate `json:"cases"`           // the first 10,000
}

// Duplicate is one attempt found more than once.
type Duplicate struct {
	Seq      uint64 `json:"seq"`
	Copies   uint64 `json:"copies"`
	EventIDs uint64 `json:"event_ids"` // distinct
	Indices  uint64 `json:"indices"`   // distinct backing indices
}

// Corrupted are attempts with a document that disagrees with the ledger, or
// that does not say how long the answer took.
type Corrupted struct {
	Attempts Seqs            `json:"attempts"`
	Fields   map[string]Seqs `json:"fields"` // the attempts by field
	Cases    []Mismatch      `json:"cases"`  // the first 10,000
}

// Mismatch is one field of one document that is not what the ledger says.
// Found is "" if the document has no such field.
type Mismatch struct {
	Seq      uint64 `json:"seq"`
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// Strays are documents that no attempt accounts for.
type Strays struct {
	Documents uint64  `json:"documents"`
	Seqs      Seqs    `json:"seqs"`   // the numbers they carry
	NoSeq     uint64  `json:"no_seq"` // documents without a number
	Cases     []Stray `json:"cases"`  // the first 10,000
}

// Stray is one such document.
type Stray struct {
	Seq    string `json:"seq"` // as found; "" for none
	Reason string `json:"reason"`
}

func (s *Strays) add(seq uint64, found, reason string) {
	s.Documents++
	if seq > 0 {
		s.Seqs.Add(seq)
	} else {
		s.NoSeq++
	}
	s.Cases = lowest(append(s.Cases, Stray{found, reason}), 2*maxCases, Stray.compare)
}

func (s Stray) compare(other Stray) int {
	return cmp.Or(cmp.Compare(len(s.Seq), len(other.Seq)), cmp.Compare(s.Seq, other.Seq), cmp.Compare(s.Reason, other.Reason))
}

func (m Mismatch) compare(other Mismatch) int {
	return cmp.Or(cmp.Compare(m.Seq, other.Seq), cmp.Compare(m.Field, other.Field), cmp.Compare(m.Found, other.Found))
}

// lowest sorts a list that has grown to limit and keeps the first maxCases of it:
// which ones are kept must not depend on the order in which documents came.
func lowest[T any](list []T, limit int, compare func(a, b T) int) []T {
	if len(list) < limit {
		return list
	}
	slices.SortFunc(list, compare)
	return list[:min(len(list), maxCases)]
}

func (c *Corrupted) add(m Mismatch) {
	c.Attempts.Add(m.Seq)
	if c.Fields == nil {
		c.Fields = make(map[string]Seqs)
	}
	field := c.Fields[m.Field]
	field.Add(m.Seq)
	c.Fields[m.Field] = field
	c.Cases = lowest(append(c.Cases, m), 2*maxCases, Mismatch.compare)
}

// finish puts the cases in order: documents do not come in theirs.
func (a *Account) finish() {
	a.ReadLag, a.IndexLag, a.IngestLag = a.way.read.lag(), a.way.index.lag(), a.way.ingest.lag()
	a.Corrupted.Cases = lowest(a.Corrupted.Cases, 0, Mismatch.compare)
	for _, s := range []*Strays{&a.Unexpected, &a.Beyond} {
		s.Cases = lowest(s.Cases, 0, Stray.compare)
	}
}

// complete reports that nothing is still to come: every sent attempt was found.
// One without an answer may never come, but the application may as well have
// answered after the client gave up, and its line be on the way.
func (a *Account) complete() bool { return a.found() == a.Sent }

// found is how many of the sent attempts have a document.
func (a *Account) found() uint64 {
	return a.Sent - a.Lost.Len() - a.Indeterminate.Len() - a.rejected().Len()
}

func (a *Account) rejected() Seqs {
	if a.Lines == nil {
		return Seqs{}
	}
	return a.Lines.Rejected
}

// searched is how many documents the comparison has read.
func (a *Account) searched() uint64 {
	if a.Lines == nil {
		return a.Documents
	}
	return a.Lines.Read
}

// extend takes a document's @timestamp into the range of all.
func (a *Account) extend(at time.Time) {
	if a.First.IsZero() || at.Before(a.First) {
		a.First = at
	}
	if at.After(a.Latest) {
		a.Latest = at
	}
}

// stamp takes note of a document's times.
func (a *Account) stamp(d *document) {
	a.Documents++
	at, ok := d.time(colTimestamp)
	if !ok {
		a.NoReadTime++
		return
	}
	a.extend(at)
	read, ok := d.time(colCreated)
	if !ok {
		a.NoReadTime++
		read = time.Time{}
	}
	ingested, ok := d.time(colIngested)
	if !ok {
		ingested = time.Time{}
	}
	a.way.add(at, read, ingested)
	if a.LateAfter > 0 && ingested.Sub(at) > a.LateAfter {
		a.Late.Add(d.seq())
	}
}
