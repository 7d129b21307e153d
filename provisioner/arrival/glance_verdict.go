package arrival

import (
	"fmt"
	"strings"
)

// Alike is the outcome of a fast check that saw no difference. It is not Holds: a
// fast check cannot say that.
const Alike Outcome = "no difference seen"

// looked says what a glance looks at, and blind what it cannot see.
const (
	looked = "count, sum and sum of squares of the numbers in each stretch of 1,000; count of each method, route and status"
	blind  = "not seen: losses and duplicates of one stretch and group with the same count, sum and sum of squares " +
		"(1, 5 and 6 lost, 2, 3 and 7 doubled), trace ids, durations, fields of two documents that changed places"
)

// JudgeGlance turns a fast check into properties and one outcome. It never says that
// a run holds.
func (r *Report) JudgeGlance(g *Glance) {
	acc := g.ledger
	r.Run, r.Target, r.Index, r.Glance = g.Run, acc.Header.Target, acc.index, g
	counted := Property{"fast check", "counts alike", Alike, "looked at: " + looked + "; " + blind}
	if g.Squares < acc.Last {
		counted.Text += fmt.Sprintf("; beyond attempt %s no squares: doubles do not hold them exactly", count(g.Squares))
	}
	if g.Groups == nil {
		counted.Text += "; methods, routes and statuses were not compared, since of an attempt without an answer they are not known"
	}
	if text := g.differences(); text != "" {
		counted.Outcome, counted.Text = Fails, text
		if g.onlyOpen() {
			counted.Outcome = Unmeasured
		}
	}
	measured := Property{"fast check", "measured", Alike, fmt.Sprintf("%s, %s counted", things(g.Attempts, "attempt"), things(g.Documents, "document"))}
	switch {
	case g.Attempts == 0:
		measured.Outcome, measured.Text = Unmeasured, "the ledger holds no attempt"
	case g.Answered == 0:
		measured.Outcome, measured.Text = Unmeasured, fmt.Sprintf("none of %s was answered", things(g.Attempts, "attempt"))
	}
	r.Properties = []Property{counted, measured}
	r.Outcome = Alike
	for _, p := range r.Properties {
		if p.Outcome == Fails || p.Outcome == Unmeasured && r.Outcome == Alike {
			r.Outcome = p.Outcome
		}
	}
	r.Summary = fmt.Sprintf("%s sent, %s; counts only, the verdict is -depth full's", count(g.Sent), things(g.Documents, "document"))
	if r.Outcome != Alike {
		r.Hint = "-depth full names each attempt"
	}
}

// onlyOpen reports that nothing but what has no answer is missing.
func (g *Glance) onlyOpen() bool {
	for _, s := range g.Differ {
		if !s.Known {
			return false
		}
	}
	return len(g.Groups) == 0 && g.Outside == 0
}

// differences says what is not as the ledger says; "" for nothing.
func (g *Glance) differences() string {
	var said []string
	for _, s := range g.Differ[:min(len(g.Differ), listed)] {
		said = append(said, s.text())
	}
	if more := len(g.Differ) - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %s more stretches", count(uint64(more))))
	}
	for _, group := range g.Groups[:min(len(g.Groups), listed)] {
		said = append(said, group.text())
	}
	if more := len(g.Groups) - listed; more > 0 {
		said = append(said, fmt.Sprintf("and %s more groups", count(uint64(more))))
	}
	if g.Outside > 0 {
		said = append(said, things(g.Outside, "document")+" numbered as no attempt")
	}
	return strings.Join(said, "; ")
}

func (s Stretch) text() string {
	text := fmt.Sprintf("%s-%s: %s for %s", count(s.First), count(s.Last), things(s.Found, "document"), count(s.Sent))
	switch {
	case s.Known:
		return text + ", all answered ones are there"
	case s.Found == s.Sent:
		return text + ", but not one for each"
	case s.Found > s.Sent:
		return text + fmt.Sprintf(", at least %s too many", count(s.Found-s.Sent))
	}
	return text + fmt.Sprintf(", at least %s missing", count(s.Sent-s.Found))
}

func (g Group) text() string {
	return fmt.Sprintf("%s %s %s: %s of %s", g.Method, g.Route, g.Status, count(g.Found), count(g.Sent))
}
