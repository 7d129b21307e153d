package drills

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/trial"
)

// proof is one count that shows that harm was done. Zero proves nothing.
type proof struct {
	n    uint64
	what string
}

// finding is what a drill found.
type finding struct {
	proofs []proof
	said   string   // the verdict in a line, and what else is worth knowing
	broken []string // what the contract promises and is not so
}

// outcome of a drill, as the table shows it.
type outcome string

const (
	held        outcome = "held"
	broken      outcome = "BROKEN"
	notMeasured outcome = "NOT MEASURED"
	skipped     outcome = "skipped"
)

// outcome weighs a finding: without proof of harm a contract that looks held
// says nothing.
func (f finding) outcome() outcome {
	switch {
	case len(f.proofs) == 0 || slices.ContainsFunc(f.proofs, func(p proof) bool { return p.n == 0 }):
		return notMeasured
	case len(f.broken) > 0:
		return broken
	}
	return held
}

// text is the cell of the table.
func (f finding) text() string {
	var parts []string
	for _, p := range f.proofs {
		parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
	}
	text := strings.Join(parts, ", ") + "; " + f.said
	for _, b := range f.broken {
		text += "; BROKEN: " + b
	}
	return text
}

// once holds where everything that demo-app handled is delivered, and once. What
// a busy machine kept loadgen from sending is no matter of the pipeline's.
func once(a trial.Account) []string {
	broken := lostJust(a, nil)
	if want := a.Sent - a.Indeterminate.Count; want == 0 || a.Delivered != want || a.Documents != want {
		broken = append(broken, fmt.Sprintf("%d of %d attempts delivered in %d documents", a.Delivered, want, a.Documents))
	}
	return broken
}

// onlyOnce holds where nothing is doubled, altered or made up.
func onlyOnce(a trial.Account) (broken []string) {
	for _, c := range []struct {
		n    uint64
		what string
	}{{a.Duplicated.Attempts.Count, "duplicated"}, {a.Corrupted.Attempts.Count, "corrupted"}, {a.Unexpected.Documents, "unexpected"}} {
		if c.n > 0 {
			broken = append(broken, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return broken
}

// lostJust holds where exactly these attempts are lost, and nothing else is
// wrong.
func lostJust(a trial.Account, want map[uint64]bool) []string {
	broken := slices.Concat(onlyOnce(a), lostOnly(a, want), unhandled(a))
	if a.Lost.Count != uint64(len(want)) {
		broken = append(broken, fmt.Sprintf("%d lost, want %d", a.Lost.Count, len(want)))
	}
	return broken
}

// lostBeside holds where all that was sent and is not among these is lost, and
// nothing else is wrong.
func lostBeside(a trial.Account, kept map[uint64]bool) []string {
	broken := append(onlyOnce(a), unhandled(a)...)
	for seq := range a.Lost.All() {
		if kept[seq] {
			broken = append(broken, fmt.Sprintf("%d is lost and had to arrive", seq))
			break
		}
	}
	if want := a.Sent - a.Indeterminate.Count - uint64(len(kept)); a.Lost.Count != want {
		broken = append(broken, fmt.Sprintf("%d lost, want %d", a.Lost.Count, want))
	}
	return broken
}

// unhandled holds where no attempt without an answer and without a document has
// a line in demo-app's log: then demo-app never came to it.
func unhandled(a trial.Account) []string {
	n := a.Indeterminate.Count
	if n == 0 || a.Hops != nil && a.Hops.Handled.Count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d indeterminate, though demo-app may have a line of them", n)}
}

// lostOnly holds where no other attempts than these are lost.
func lostOnly(a trial.Account, may map[uint64]bool) []string {
	var others []uint64
	for seq := range a.Lost.All() {
		if !may[seq] {
			others = append(others, seq)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d lost that had to arrive, the first is %d", len(others), others[0])}
}

// lostInApp holds where all that is lost was lost in the application, whose log
// has no line of it, and nothing that it did log is missing.
func lostInApp(a trial.Account) []string {
	missing := a.Lost.Count + a.Indeterminate.Count
	if missing == 0 {
		return nil
	}
	if a.Hops == nil {
		return []string{fmt.Sprintf("%d missing, and no hop is named", missing)}
	}
	if a.Hops.App.Count != a.Lost.Count || a.Hops.Behind.Count+a.Hops.Handled.Count > 0 {
		return []string{fmt.Sprintf("%d lost: %d in the application, %d behind it; of %d indeterminate %d behind it",
			a.Lost.Count, a.Hops.App.Count, a.Hops.Behind.Count, a.Indeterminate.Count, a.Hops.Handled.Count)}
	}
	return nil
}

// Each checker of a contract is shown what it has to refuse.
func TestContractsCanBreak(t *testing.T) {
	seqs := func(n ...uint64) (s trial.Seqs) {
		for _, seq := range n {
			s.Count++
			s.Ranges = append(s.Ranges, [2]uint64{seq, seq})
		}
		return s
	}
	whole := trial.Account{Attempts: 9, Sent: 9, Answered: 9, Delivered: 9, Documents: 9}
	with := func(change func(*trial.Account)) trial.Account {
		a := whole
		change(&a)
		return a
	}
	set := map[uint64]bool{4: true, 5: true}
	short := with(func(a *trial.Account) { a.Delivered, a.Documents, a.Lost = 7, 7, seqs(4, 5) })
	at := func(h trial.Hops) trial.Account {
		return with(func(a *trial.Account) { a.Lost, a.Hops = seqs(4, 5), &h })
	}
	for _, row := range []struct {
		what   string
		broken []string
		want   bool
	}{
		{"a whole run is delivered once", once(whole), false},
		{"a lost attempt is not", once(short), true},
		{"nor is a run of nothing", once(trial.Account{}), true},
		{"one that was never handled does not count", once(with(func(a *trial.Account) {
			a.Delivered, a.Documents, a.Indeterminate, a.Hops = 8, 8, seqs(9), &trial.Hops{}
		})), false},
		{"one that was handled does", once(with(func(a *trial.Account) {
			a.Delivered, a.Documents, a.Indeterminate, a.Hops = 8, 8, seqs(9), &trial.Hops{Handled: seqs(9)}
		})), true},
		{"a second document is a duplicate", once(with(func(a *trial.Account) { a.Duplicated.Attempts = seqs(3) })), true},
		{"another status is a corruption", onlyOnce(with(func(a *trial.Account) { a.Corrupted.Attempts = seqs(3) })), true},
		{"a stray document is unexpected", onlyOnce(with(func(a *trial.Account) { a.Unexpected.Documents = 1 })), true},
		{"just those that were to be lost", lostJust(short, set), false},
		{"one less", lostJust(whole, set), true},
		{"one more", lostJust(short, map[uint64]bool{4: true}), true},
		{"others", lostJust(short, map[uint64]bool{4: true, 6: true}), true},
		{"one whose fate is open, with nobody having looked at the log", lostJust(with(func(a *trial.Account) { a.Indeterminate = seqs(2) }), nil), true},
		{"all but those that were kept", lostBeside(short, map[uint64]bool{1: true, 2: true, 3: true, 6: true, 7: true, 8: true, 9: true}), false},
		{"more than those that were not", lostBeside(short, map[uint64]bool{1: true, 2: true, 3: true, 4: true, 6: true, 7: true, 8: true, 9: true}), true},
		{"as many, but others", lostBeside(short, map[uint64]bool{2: true, 3: true, 4: true, 6: true, 7: true, 8: true, 9: true}), true},
		{"fewer than may be lost", lostOnly(whole, set), false},
		{"one that may not", lostOnly(short, map[uint64]bool{5: true}), true},
		{"nothing lost anywhere", lostInApp(whole), false},
		{"all in the application", lostInApp(at(trial.Hops{App: seqs(4, 5)})), false},
		{"one behind it", lostInApp(at(trial.Hops{App: seqs(4), Behind: seqs(5)})), true},
		{"one handled and not stored", lostInApp(at(trial.Hops{App: seqs(4, 5), Handled: seqs(6)})), true},
		{"nobody looked where", lostInApp(short), true},
	} {
		if got := len(row.broken) > 0; got != row.want {
			t.Errorf("%s: broken %q, want any: %t", row.what, row.broken, row.want)
		}
	}
}

func TestHarmHasToBeProved(t *testing.T) {
	done := []proof{{3, "kills"}}
	for _, row := range []struct {
		what string
		got  finding
		want outcome
	}{
		{"harm done and nothing broken", finding{proofs: done}, held},
		{"harm done and something broken", finding{proofs: done, broken: []string{"1 lost"}}, broken},
		{"no proof at all", finding{}, notMeasured},
		{"one of two proofs is missing", finding{proofs: append(done, proof{0, "connections cut"})}, notMeasured},
		{"no proof, though something is broken", finding{proofs: []proof{{0, "kills"}}, broken: []string{"1 lost"}}, notMeasured},
	} {
		if got := row.got.outcome(); got != row.want {
			t.Errorf("%s: %s, want %s", row.what, got, row.want)
		}
	}
}
