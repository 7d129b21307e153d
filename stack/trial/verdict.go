// Package trial is what tests of a running stack have in common: the verdict as
// a caller of `provisioner verify` reads it, Elasticsearch as its administrator
// asks it, and waiting with a deadline. What is started and hurt is the tests'.
package trial

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"time"
)

// Verdict is what tests read of the report that `provisioner verify -json` wrote.
type Verdict struct {
	Outcome, Summary, Error string
	Account                 Account
	Followed                *struct{ Lag struct{ Count int64 } }
	Panels                  []struct{ ID, Outcome string }
	Streams                 []struct{ Documents int64 }
	Told                    *struct {
		Documents int64
		Summaries int
		Differs   []string
	}
}

// Hops is where missing attempts were lost.
type Hops struct {
	App, Behind, Handled, Unread, Refused, Collided Seqs
	Twice                                           Seqs                   `json:"written_twice"`
	Counted                                         *struct{ Acked int64 } `json:"shipper_counted"`
	Silent                                          string                 `json:"shipper_silent"`
}

// Account is what became of the attempts of a run.
type Account struct {
	Run                                            string
	Attempts, Sent, Answered, Documents, Delivered uint64
	Lost, Indeterminate                            Seqs
	Unconfirmed, Late                              Seqs
	Duplicated                                     Duplicated
	Corrupted                                      Corrupted
	Unexpected                                     struct{ Documents uint64 }
	Hops                                           *Hops
	ReadLag                                        Lag `json:"read_lag"`
	Lines                                          struct {
		WellFormed struct{ Altered, Cut, Split, Joined Seqs } `json:"well_formed"`
		Kinds      []LineKind
	}
}

// Duplicated is which attempts have several documents, and in how many indices.
type Duplicated struct {
	Attempts Seqs
	Extra    uint64 `json:"extra_documents"`
	Cases    []struct{ Seq, Indices uint64 }
}

// Corrupted is which attempts have documents that say something else, by field.
type Corrupted struct {
	Attempts Seqs
	Fields   map[string]Seqs
}

// LineKind is what became of a kind of line.
type LineKind struct {
	Kind                       string
	Sent, Whole, Split, Joined uint64
}

// Lag is how much later lines were read than they were stamped.
type Lag struct {
	Count, Negative int64         // Negative: stamped later than they were read
	Min             time.Duration `json:"min_ns"`
	Max             time.Duration `json:"max_ns"`
}

// Seqs are numbers of attempts, as inclusive ranges in order.
type Seqs struct {
	Count  uint64
	Ranges [][2]uint64
}

// All yields each number, the smallest first.
func (s Seqs) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, r := range s.Ranges {
			for n := r[0]; n <= r[1]; n++ {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// Judged reads the report at path of a verify that ended so, and returns its
// exit code too. An error is a verify that did not end by itself, or wrote none.
func Judged(ended error, path string) (v Verdict, code int, err error) {
	var exit *exec.ExitError
	switch {
	case errors.As(ended, &exit):
		code = exit.ExitCode()
	case ended != nil:
		return v, 0, fmt.Errorf("verify: %w", ended)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return v, code, fmt.Errorf("verify exits with %d: %w", code, err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, code, fmt.Errorf("verdict %s: %w", path, err)
	}
	return v, code, nil
}
