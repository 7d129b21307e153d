package arrival

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
)

// listed is how many ranges or values a line of text shows.
const listed = 8

func count(n uint64) string { return humanize.Comma(int64(n)) }

// things is a number with its noun.
func things(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

func (a *Account) summary() string {
	return fmt.Sprintf("%s of %s delivered, %s lost, %s duplicated, %s corrupted, %s unexpected", count(a.Delivered), count(a.Sent),
		count(a.Lost.Len()), count(a.Duplicated.Attempts.Len()), count(a.Corrupted.Attempts.Len()), count(a.Unexpected.Documents))
}

// remainder is what a summary says of attempts whose fate is open.
func (a *Account) remainder() string {
	text := ""
	if n := a.Indeterminate.Len(); n > 0 {
		text += fmt.Sprintf(", %s indeterminate", count(n))
	}
	if a.Beyond.Documents > 0 {
		text += fmt.Sprintf(", %s beyond the ledger", count(a.Beyond.Documents))
	}
	return text
}

func (d *Duplicates) text() string {
	text := d.Attempts.Text(listed)
	if n := d.SameEvent.Len(); n > 0 {
		text += fmt.Sprintf("; %s with one event.id in several documents", count(n))
	}
	if n := d.Distinct.Len(); n > 0 {
		text += fmt.Sprintf("; %s with an event.id of its own in each", count(n))
	}
	return text
}

func (c *Corrupted) text() string {
	var text string
	for i, m := range c.Cases[:min(len(c.Cases), listed)] {
		if i > 0 {
			text += "; "
		}
		found := m.Found
		if found == "" {
			found = "nothing"
		}
		text += fmt.Sprintf("%d %s expected %s, found %s", m.Seq, m.Field, m.Expected, found)
	}
	if len(c.Cases) > listed {
		text += "; and more: " + c.Attempts.Text(listed)
	}
	return text
}

// of are the cases of some attempts.
func (c *Corrupted) of(seqs Seqs) *Corrupted {
	part := &Corrupted{Attempts: seqs}
	for _, m := range c.Cases {
		if seqs.Has(m.Seq) {
			part.Cases = append(part.Cases, m)
		}
	}
	return part
}

func (s *Strays) text() string {
	text := things(s.Documents, "document")
	if s.Seqs.Len() > 0 {
		text += " numbered " + s.Seqs.Text(listed)
	}
	if s.NoSeq > 0 {
		text += fmt.Sprintf(", %s without a number", count(s.NoSeq))
	}
	var reasons []string
	for _, c := range s.Cases {
		if !slices.Contains(reasons, c.Reason) {
			reasons = append(reasons, c.Reason)
		}
	}
	return text + " (" + strings.Join(reasons, "; ") + ")"
}
