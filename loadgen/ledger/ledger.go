// Package ledger is the record of what a load run sent: one file per run,
// written while the run goes and read by whoever judges what arrived. The writer
// holds a lock on it (flock), by which a reader knows a run that goes on from one
// that was killed.
//
// An attempt is in the ledger before its request leaves, so a request that
// nobody remembers cannot exist: whatever arrives without a record here did not
// come from the run. Everything flushed (once a second) survives the death of
// the writer, and a ledger without its last line says by this that the run did
// not end in order.
//
// The package knows the file and nothing else: sending is package attack's,
// figures are package report's, judging is the provisioner's.
//
// # File format
//
// JSON Lines in one zstd frame. The first line is the header:
//
//	{"ledger":"plumbline","format":1,"run":"…","seed":1,"target":"http://…","rate":200,
//	 "duration":20000000000,"pace":"poisson","scale":"small","started":"2026-01-02T15:04:05.123456789Z","version":"…"}
//
// to which a ledger of loadgen lines adds "lines":{…}, package lines' record of
// what they are made of.
//
// Then, in the order in which things happened, one line when an attempt is about
// to leave, one when it ended, and a single line for an arrival that was never
// sent because too many requests were in flight:
//
//	{"s":7,"at":30000000,"w":81250,"j":"my data","m":"GET","r":"/investigations","x":200}
//	{"d":7,"t":1904210,"st":200}
//	{"d":8,"t":10000312980,"o":"timeout"}
//	{"n":9,"at":40000000,"j":"look-up","m":"GET","r":"/icat/{username}","x":404}
//
// s, d and n hold the attempt's number (from 1). Times are nanoseconds: at since
// the header's start, w from the scheduled time to the sending, t from the
// sending to the end. j, m and r are journey, method and route template, x is
// the status that the journey expects, st the status that came. Without o the
// attempt was answered. The last line is the trailer:
//
//	{"end":"2026-01-02T15:04:25Z","planned":4000,"sent":4000,"answered":4000,"timeout":0,
//	 "reset":0,"refused":0,"dropped":0,"stopped":"why the run ended early, if it did"}
//
// To read one by hand: zstd -dc FILE | head. Keys that are not known are
// skipped; a change of meaning raises the format's number.
package ledger

import (
	"encoding/json"
	"fmt"
	"time"
)

// Format is the version of the file format that this package writes and reads.
const Format = 1

// Header says which run a ledger belongs to.
type Header struct {
	RunID    string        `json:"run"`
	Seed     uint64        `json:"seed"`
	Target   string        `json:"target"`         // base URL
	Rate     float64       `json:"rate"`           // wanted requests per second, on average
	Duration time.Duration `json:"duration"`       // wanted length, nanoseconds
	Pace     string        `json:"pace,omitempty"` // shape of the schedule, as -pace takes it; "" for an even one
	Scale    string        `json:"scale"`          // size of the facility that the journeys assume
	Started  time.Time     `json:"started"`        // zero of every Scheduled and Sent
	Version  string        `json:"version"`        // of the load generator

	// Lines says what the lines of loadgen lines are made of, so that each can be
	// made again and compared with what arrived; absent in a ledger of requests.
	Lines json.RawMessage `json:"lines,omitempty"`
}

// Outcome is how an attempt ended.
type Outcome string

const (
	Answered   Outcome = "answered" // a whole answer came, whatever its status
	Timeout    Outcome = "timeout"  // on a connection, but no whole answer within the limit
	Reset      Outcome = "reset"    // the connection broke off, or what came was not an answer
	Refused    Outcome = "refused"  // never connected, so nothing was sent
	Dropped    Outcome = "dropped"  // never sent: too many requests were in flight
	Unfinished Outcome = "open"     // no end recorded: the writer died first
)

// Attempt is one scheduled request and what became of it.
type Attempt struct {
	Seq       uint64        // from 1, no gaps
	Scheduled time.Duration // when it was due, since Header.Started
	Sent      time.Duration // when it left, since Header.Started; 0 if dropped
	Latency   time.Duration // from Scheduled to the end; 0 if dropped or unfinished
	Service   time.Duration // from Sent to the end; 0 if dropped or unfinished
	Journey   string
	Method    string
	Route     string // route template, as in http.route
	Expect    int    // the status that the journey expects; 0 for any
	Status    int    // 0 unless Answered
	Outcome   Outcome
}

// NeverSent reports that the application cannot have seen the attempt.
func (a Attempt) NeverSent() bool { return a.Outcome == Refused || a.Outcome == Dropped }

// Unexpected reports an answer with another status than the journey expects.
func (a Attempt) Unexpected() bool {
	return a.Outcome == Answered && a.Expect != 0 && a.Status != a.Expect
}

// Trailer sums a run up. Planned = Sent + Dropped unless the run was stopped early.
type Trailer struct {
	Planned  uint64    `json:"planned"`           // arrivals of the whole schedule
	Sent     uint64    `json:"sent"`              // attempts that were tried: all but the dropped
	Answered uint64    `json:"answered"`          //
	Timeout  uint64    `json:"timeout"`           //
	Reset    uint64    `json:"reset"`             //
	Refused  uint64    `json:"refused"`           //
	Dropped  uint64    `json:"dropped"`           //
	Ended    time.Time `json:"end"`               // when the last attempt had ended
	Stopped  string    `json:"stopped,omitempty"` // why the schedule was not finished; "" if it was
}

func (t *Trailer) count(o Outcome) {
	switch o {
	case Answered:
		t.Answered++
	case Timeout:
		t.Timeout++
	case Reset:
		t.Reset++
	case Refused:
		t.Refused++
	case Dropped:
		t.Dropped++
	}
}

// TruncatedError says that a ledger ends without its trailer: the run was
// killed or still goes on, which Writer tells. All that was flushed has been read.
type TruncatedError struct {
	Path    string
	LastSeq uint64 // the highest attempt that was read; 0 for none
	Writer  Writing
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("ledger %s ends after attempt %d without a trailer", e.Path, e.LastSeq)
}

// NotLedgerError says that a file is something else.
type NotLedgerError struct{ Path string }

func (e *NotLedgerError) Error() string { return fmt.Sprintf("%s is not a ledger", e.Path) }

// FormatError says that a ledger was written in another version of the format.
type FormatError struct {
	Path   string
	Format int
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("ledger %s has format %d, this program reads %d", e.Path, e.Format, Format)
}

// DamagedError says that a ledger contradicts itself or cannot be decoded.
type DamagedError struct {
	Path    string
	LastSeq uint64 // the highest attempt that was read before the damage
	Cause   string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("ledger %s is damaged after attempt %d: %s", e.Path, e.LastSeq, e.Cause)
}
