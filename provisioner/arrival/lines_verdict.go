package arrival

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// lineProperties are the statements about lines.
func (a *Account) lineProperties(e Evidence) []Property {
	l := a.Lines
	common := a.properties(e.AllowIndeterminate)
	lost, doubled, unexpected, indeterminate := common[0], common[1], common[3], common[4]
	doubled.Text = "no line is in two documents"
	if d := a.Duplicated; d.Extra > 0 {
		doubled.Text = fmt.Sprintf("%s with %s too many: %s", things(d.Attempts.Len(), "line"), things(d.Extra, "document"), d.text())
	}
	if unexpected.Outcome == Holds {
		unexpected.Text = "every line that was found is in the ledger"
	}
	malformed, written := l.counts()
	lost.Text = fmt.Sprintf("each of %s that were written was found", things(written, "well-formed line"))
	if lost.Outcome != Holds {
		lost.Text = fmt.Sprintf("%s of %s not found: %s", count(a.Lost.Len()), things(written, "well-formed line"), a.Lost.Text(listed))
	}
	list := []Property{
		lost, doubled,
		l.unchanged("altered", l.Classes.Altered, "every line says what it said", a),
		l.unchanged("cut", l.Classes.Cut, "every line has its end", a),
		l.unchanged("split", l.Classes.Split, "every line is in one document", a),
		l.unchanged("joined", l.Classes.Joined, "every document has one line", a),
		unexpected, indeterminate,
	}
	if malformed > 0 {
		list = append(list, l.malformedArrived(malformed, e.AllowRejected))
	}
	if l.Late > 0 {
		list = append(list, l.onTime(a))
	}
	return list
}

// counts are the lines of either sort that were sent.
func (l *Lines) counts() (malformed, wellFormed uint64) {
	for _, k := range l.Kinds {
		if k.Kind.Malformed() {
			malformed += k.Sent
		} else {
			wellFormed += k.Sent
		}
	}
	return malformed, wellFormed
}

// unchanged says that no well-formed line is in a class.
func (l *Lines) unchanged(class string, wrong Seqs, holds string, a *Account) Property {
	p := Property{"arrival", "none " + class, Holds, holds}
	if n := wrong.Len(); n > 0 {
		p.Outcome, p.Text = Fails, fmt.Sprintf("%s: %s", things(n, "line"), a.Corrupted.of(wrong).lineText(l.Message))
		return p
	}
	if n := l.Untold.Len(); n > 0 {
		p.Outcome = Unmeasured
		p.Text = fmt.Sprintf("%s found by their fields, with no text of the line in %s; have the shipper keep it and name the field with -message-field", things(n, "line"), l.Message)
	}
	return p
}

func (l *Lines) malformedArrived(sent, allow uint64) Property {
	p := Property{"arrival", "malformed arrived", Holds, fmt.Sprintf("%s of %s sent", count(sent-l.Rejected.Len()), count(sent))}
	if n := l.Rejected.Len(); n > 0 {
		p.Text = fmt.Sprintf("%s of %s not found (allowed: %s): %s", count(n), things(sent, "malformed line"), count(allow), l.Rejected.Text(listed))
		if n > allow {
			p.Outcome = Fails
		}
	}
	for _, of := range []struct {
		class string
		seqs  Seqs
	}{{"altered", l.Malformed.Altered}, {"cut", l.Malformed.Cut}, {"split", l.Malformed.Split}, {"joined", l.Malformed.Joined}} {
		if n := of.seqs.Len(); n > 0 {
			p.Text += fmt.Sprintf("; %s %s", count(n), of.class)
		}
	}
	return p
}

func (l *Lines) onTime(a *Account) Property {
	p := Property{"arrival", "none late", Holds, fmt.Sprintf("%s within %v of when they were due", things(uint64(max(a.ReadLag.Count, a.IngestLag.Count)), "document"), l.Late)}
	switch {
	case l.TooLate.Len() > 0:
		p.Outcome, p.Text = Fails, fmt.Sprintf("%s after more than %v: %s", things(l.TooLate.Len(), "line"), l.Late, l.TooLate.Text(listed))
	case a.ReadLag.Count+a.IngestLag.Count+int64(a.NoReadTime) == 0:
		p.Outcome, p.Text = Unmeasured, "no line was found"
	case a.NoReadTime > 0:
		p.Outcome, p.Text = Unmeasured, fmt.Sprintf("%s without a time but the line's own; name a field with -time-field", things(a.NoReadTime, "document"))
	}
	return p
}

// lineNotes says what else was read.
func (l *Lines) notes() string {
	text := ""
	if l.Pieces > 0 {
		text += fmt.Sprintf("; %s of split lines", things(l.Pieces, "piece"))
	}
	if l.OtherRuns > 0 {
		text += fmt.Sprintf("; %s of other runs", things(l.OtherRuns, "document"))
	}
	if l.Strange > 0 {
		text += fmt.Sprintf("; %s without an identity, a piece of no line", things(l.Strange, "document"))
	}
	return text
}

func (a *Account) lineSummary() string {
	l := a.Lines
	text := fmt.Sprintf("%s of %s delivered, %s lost, %s duplicated, %s altered, %s cut, %s split, %s joined, %s unexpected",
		count(a.Delivered), count(a.Sent), count(a.Lost.Len()), count(a.Duplicated.Attempts.Len()), count(l.Classes.Altered.Len()),
		count(l.Classes.Cut.Len()), count(l.Classes.Split.Len()), count(l.Classes.Joined.Len()), count(a.Unexpected.Documents))
	if n := l.Rejected.Len(); n > 0 {
		text += fmt.Sprintf(", %s malformed rejected", count(n))
	}
	if n := l.TooLate.Len(); n > 0 {
		text += fmt.Sprintf(", %s late", count(n))
	}
	return text
}

func (l *Lines) table() string {
	t := sheet("Lines", "Sent", "Whole", "Replaced", "Altered", "Cut", "Split", "Joined", "Doubled", "Missing", "")
	for _, k := range l.Kinds {
		note := ""
		if k.Kind.Malformed() {
			note = "malformed"
		}
		row := table.Row{string(k.Kind)}
		for _, n := range []uint64{k.Sent, k.Whole, k.Replaced, k.Altered, k.Cut, k.Split, k.Joined, k.Doubled, k.Missing} {
			row = append(row, count(n))
		}
		t.AppendRow(append(row, note))
	}
	return t.Render()
}
