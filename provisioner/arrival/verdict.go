package arrival

import (
	"fmt"
	"time"

	"plumbline/dashboards"
)

// Outcome is what became of a property, and of a verdict as a whole.
type Outcome string

const (
	Holds      Outcome = "holds"
	Fails      Outcome = "fails"
	Unmeasured Outcome = "unmeasured" // it could not be found out: never a pass
	NotJudged  Outcome = "not judged" // not asked of this run; counts neither way
)

// Property is one statement of the verdict.
type Property struct {
	Group   string  `json:"group"` // arrival, dashboard or metrics
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Text    string  `json:"text"` // what was found
}

// Report is the whole verdict on one run.
type Report struct {
	Outcome    Outcome       `json:"outcome"`
	Summary    string        `json:"summary"`
	Hint       string        `json:"hint,omitempty"`
	Run        string        `json:"run"`
	Target     string        `json:"target,omitempty"` // base URL that the load went to
	Ledger     string        `json:"ledger"`
	Index      string        `json:"index"` // "" if the ledger could not be read, which tells the usual one
	Judged     time.Time     `json:"judged"`
	Took       time.Duration `json:"took_ns"` // of the whole verdict, waiting included
	Properties []Property    `json:"properties"`
	Account    *Account      `json:"account,omitempty"`
	Followed   *Followed     `json:"followed,omitempty"`
	Panels     []PanelCheck  `json:"panels,omitempty"`
	Streams    []StreamCheck `json:"streams,omitempty"`
	Counters   *Counters     `json:"counters,omitempty"`
	Told       *Told         `json:"told,omitempty"`
	Glance     *Glance       `json:"fast_check,omitempty"` // of a fast check, which has nothing else
	Error      string        `json:"error,omitempty"`      // why nothing could be measured
}

// Evidence is what a report is made of. Panels and Streams are nil where they
// were not asked for.
type Evidence struct {
	Account            *Account
	Followed           *Followed
	LagMissing         string // why the lag documents cannot be read
	Panels             []PanelCheck
	Streams            []StreamCheck
	Counters           *Counters // nil where nobody looked
	Told               *Told     // nil where nobody looked
	StreamsWithin      time.Duration
	AllowIndeterminate uint64
	AllowUnsent        uint64
	AllowRejected      uint64 // malformed lines
}

// Judge turns evidence into properties and one outcome: one that fails makes
// the verdict fail, otherwise one that could not be measured makes it
// unmeasured.
func (r *Report) Judge(e Evidence) {
	acc := e.Account
	r.Account, r.Followed, r.Panels, r.Streams = acc, e.Followed, e.Panels, e.Streams
	r.Told, r.Counters = e.Told, e.Counters
	r.Run, r.Target, r.Index = acc.Run, acc.Header.Target, acc.index
	judged, summary := acc.properties(e.AllowIndeterminate), acc.summary
	if acc.Lines != nil {
		judged, summary = acc.lineProperties(e), acc.lineSummary
	}
	if acc.LateAfter > 0 {
		judged = append(judged, acc.onTime())
	}
	r.Properties = append(judged, acc.measured(), acc.loadSent(e.AllowUnsent))
	if e.Told != nil {
		r.Properties = append(r.Properties, e.Told.property(acc.Truncated))
	}
	if e.Followed != nil {
		r.Properties = append(r.Properties, e.Followed.property(e.LagMissing))
	}
	for _, p := range e.Panels {
		r.Properties = append(r.Properties, p.property())
	}
	for _, s := range e.Streams {
		r.Properties = append(r.Properties, s.property(acc.Header.Started, e.StreamsWithin))
	}
	if e.Counters != nil {
		r.Properties = append(r.Properties, e.Counters.property())
	}
	r.Outcome = Holds
	for _, p := range r.Properties {
		if p.Outcome == Fails || p.Outcome == Unmeasured && r.Outcome == Holds {
			r.Outcome = p.Outcome
		}
	}
	r.Summary = summary() + acc.remainder()
	switch {
	case acc.Documents == 0 && acc.Lines != nil && acc.Lines.hint() != "":
		r.Hint = acc.Lines.hint()
	case acc.Documents == 0 && acc.Answered > 0:
		r.Hint = fmt.Sprintf("no document of run %s in %s: is this the ledger of this stack, and does the shipper run?", acc.Run, r.Index)
	case acc.Attempts > 0 && acc.NeverSent == acc.Attempts:
		r.Hint = fmt.Sprintf("no attempt reached %s: was the application up?", r.Target)
	}
}

// Failed makes a report of a verdict that could not be reached.
func (r *Report) Failed(err error) {
	r.Outcome, r.Error, r.Summary = Unmeasured, err.Error(), err.Error()
	r.Properties = []Property{{"arrival", "measured", Unmeasured, err.Error()}}
}

// Broken lists what does not hold, in few words.
func (r *Report) Broken() []string {
	var list []string
	for _, p := range r.Properties {
		if p.Outcome == Fails || p.Outcome == Unmeasured {
			list = append(list, p.Name+": "+p.Text)
		}
	}
	return list
}

func (a *Account) properties(allow uint64) []Property {
	list := []Property{
		{"arrival", "none lost", Holds, fmt.Sprintf("%s of %s answered attempts found", count(a.Answered-a.Lost.Len()), count(a.Answered))},
		{"arrival", "none duplicated", Holds, "no attempt has two documents"},
		{"arrival", "none corrupted", Holds, "method, route, status and trace id agree, each has its duration"},
		{"arrival", "none unexpected", Holds, "every document has its attempt"},
		{"arrival", "none indeterminate", Holds, "every attempt's fate is known"},
	}
	say := func(i int, o Outcome, format string, args ...any) {
		list[i].Outcome, list[i].Text = o, fmt.Sprintf(format, args...)
	}
	if n := a.Lost.Len(); n > 0 {
		say(0, Fails, "%s of %s answered attempts not found: %s", count(n), count(a.Answered), a.Lost.Text(listed)+a.Hops.text())
	}
	if n := a.Duplicated.Attempts.Len(); n > 0 {
		say(1, Fails, "%s with %s too many: %s", things(n, "attempt"), things(a.Duplicated.Extra, "document"), a.Duplicated.text()+a.writtenTwice())
	}
	if n := a.Corrupted.Attempts.Len(); n > 0 {
		say(2, Fails, "%s: %s", things(n, "attempt"), a.Corrupted.text())
	}
	if a.Unexpected.Documents > 0 {
		say(3, Fails, "%s", a.Unexpected.text())
	}
	if n := a.Indeterminate.Len(); n > 0 {
		outcome := Unmeasured
		if n <= allow {
			outcome = Holds
		}
		text := a.Indeterminate.Text(listed)
		if a.Hops != nil && a.Hops.Handled.Len() > 0 {
			text += fmt.Sprintf("; %s of them have a line, so they were handled and lost behind the application", count(a.Hops.Handled.Len()))
		}
		say(4, outcome, "%s without an answer and not found (allowed: %s): %s", count(n), count(allow), text)
	}
	return list
}

// onTime says whether Elasticsearch took each document soon enough.
func (a *Account) onTime() Property {
	p := Property{"arrival", "none late", Holds, fmt.Sprintf("%s taken by Elasticsearch within %v", things(uint64(a.IngestLag.Count), "document"), a.LateAfter)}
	switch unstamped := a.Documents - uint64(a.IngestLag.Count); {
	case a.Late.Len() > 0:
		p.Outcome, p.Text = Fails, fmt.Sprintf("%s after more than %v: %s", things(a.Late.Len(), "attempt"), a.LateAfter, a.Late.Text(listed))
	case a.Documents == 0:
		p.Outcome, p.Text = Unmeasured, "no document was found"
	case unstamped > 0:
		p.Outcome, p.Text = Unmeasured, fmt.Sprintf("%s without event.ingested", things(unstamped, "document"))
	}
	return p
}

// writtenTwice says which of the duplicated attempts the application itself has
// two lines of.
func (a *Account) writtenTwice() string {
	if a.Hops == nil {
		return ""
	}
	twice := Seqs{}
	for seq := range a.Duplicated.Attempts.each {
		if a.Hops.Twice.Has(seq) {
			twice.Add(seq)
		}
	}
	return fmt.Sprintf("; %s of them at hop app, which has written several lines", count(twice.Len()))
}

// measured says whether there was anything to judge, and on what ground.
func (a *Account) measured() Property {
	p := Property{"arrival", "measured", Holds, fmt.Sprintf("%s, %s read", things(a.Attempts, "attempt"), things(a.Documents, "document"))}
	switch {
	case a.Attempts == 0:
		p.Outcome, p.Text = Unmeasured, "the ledger holds no attempt"
	case a.Answered == 0:
		p.Outcome, p.Text = Unmeasured, fmt.Sprintf("none of %s was answered", things(a.Attempts, "attempt"))
	case a.Truncated:
		p.Text += fmt.Sprintf("; the ledger was cut off after attempt %d; %s beyond it", a.Last, things(a.Beyond.Documents, "document"))
	}
	if a.Lines != nil {
		p.Text += a.Lines.notes()
	}
	if n := a.Unconfirmed.Len(); n > 0 {
		p.Text += fmt.Sprintf("; %s delivered although the client saw no answer", count(n))
	}
	return p
}

// loadSent says whether the load was the one that was planned: of one that
// hardly left, all may have arrived, and yet nothing is shown. A ledger that was
// cut off has no trailer and so plans 0; whoever judges it asked for that.
func (a *Account) loadSent(allow uint64) Property {
	p := Property{"arrival", "load sent", Holds, fmt.Sprintf("%s of %s planned", count(a.Sent), count(a.Trailer.Planned))}
	if a.Truncated {
		p.Text = count(a.Sent) + " sent; the ledger was cut off before it says how many were planned"
	}
	if a.NeverSent > 0 {
		p.Text += fmt.Sprintf("; %s never sent (allowed: %s)", count(a.NeverSent), count(allow))
	}
	if a.Trailer.Stopped != "" {
		p.Text += "; the load ended early: " + a.Trailer.Stopped
	}
	if a.NeverSent > allow || a.Trailer.Stopped != "" || a.Attempts < a.Trailer.Planned {
		p.Outcome = Unmeasured
	}
	return p
}

func (f *Followed) property(missing string) Property {
	p := Property{"arrival", "lag seen live", Holds, fmt.Sprintf("%s, looked for every %v; %s written", things(uint64(f.Lag.Count), "document"), f.Resolution, things(uint64(f.Written), "lag document"))}
	if f.Earlier > 0 {
		p.Text += fmt.Sprintf("; %s searchable before the watch began", things(uint64(f.Earlier), "document"))
	}
	switch {
	case f.WriteError != "":
		p.Outcome, p.Text = Unmeasured, "lag documents could not be written: "+f.WriteError
	case missing != "":
		p.Outcome, p.Text = Unmeasured, missing
	case f.Lag.Count == 0:
		p.Outcome = Unmeasured
	}
	return p
}

func (c PanelCheck) property() Property {
	p := Property{"dashboard", "panel " + c.ID, Fails, fmt.Sprintf("%s: got %s, want %s", c.Outcome, c.Got, c.Want)}
	switch c.Outcome {
	case dashboards.Held:
		p.Outcome, p.Text = Holds, c.Compared
	case dashboards.NotJudged:
		p.Outcome, p.Text = NotJudged, c.Compared
	}
	return p
}

func (c StreamCheck) property(started time.Time, within time.Duration) Property {
	p := Property{"metrics", "metrics in " + c.Stream, Holds, things(uint64(c.Documents), "document") + " since the run began"}
	if c.Documents == 0 {
		p.Outcome = Fails
		p.Text = fmt.Sprintf("0 of at least 1 document since %s after %v", started.UTC().Format("15:04:05"), within)
		switch {
		case c.LastError != "":
			p.Text += fmt.Sprintf("; %s without a measurement, the last error: %s", things(uint64(c.Seen), "document"), c.LastError)
		case c.Seen > 0:
			p.Text += fmt.Sprintf("; %s without %s", things(uint64(c.Seen), "document"), c.Needs)
		}
	}
	return p
}
