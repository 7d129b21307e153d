package arrival

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed assets/verdict.html
var verdictPage string

// shown is how many single cases the page and Markdown list; the JSON has more.
const shown = 100

// WriteHTML writes the report as one page that needs nothing else, for a screen of
// any width or for paper: a lane for each hop, and what was found.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("verdict").Funcs(template.FuncMap{
		"count": count, "class": outcomeClass, "short": short, "upper": func(o Outcome) string { return strings.ToUpper(string(o)) },
		"number": func(n int64) string { return count(uint64(max(n, 0))) },
	}).Parse(verdictPage)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		*Report
		Lanes   []lane
		Lags    []lagRow
		Boards  []boardSum
		Cases   []foundCase
		More    int
		Judges  []Property // all but the panels
		Shipper string
		Clocks  string
	}{r, r.lanes(), r.lagRows(), r.boards(), r.cases()[:min(len(r.cases()), shown)], max(len(r.cases())-shown, 0), r.withoutPanels(), r.shipper(), r.clocks()})
}

// shipper is what the shipper said of itself; "" if it was not asked.
func (r *Report) shipper() string {
	if r.Account == nil || r.Account.Hops == nil {
		return ""
	}
	if c := r.Account.Hops.Counted; c != nil {
		return c.text()
	}
	return r.Account.Hops.Silent
}

func outcomeClass(o Outcome) string {
	switch o {
	case Holds:
		return "good"
	case Fails:
		return "bad"
	case Unmeasured:
		return "warn"
	}
	return "quiet"
}

func (r *Report) withoutPanels() (list []Property) {
	for _, p := range r.Properties {
		if p.Group != "dashboard" {
			list = append(list, p)
		}
	}
	return list
}

// foundCase is one finding of some attempts.
type foundCase struct{ Attempts, What, Evidence string }

// cases are all findings that have a number.
func (r *Report) cases() (list []foundCase) {
	a := r.Account
	if a == nil {
		return nil
	}
	if a.Hops != nil {
		for _, c := range a.Hops.Cases {
			list = append(list, foundCase{c.Range.String(), "lost at hop " + string(c.Hop), c.Evidence})
		}
	} else {
		for at := range a.Lost.Ranges {
			list = append(list, foundCase{at.String(), "lost", ""})
		}
	}
	for _, c := range a.Duplicated.Cases {
		evidence := fmt.Sprintf("%d documents in %s with %s", c.Copies, indices(c.Indices), things(c.EventIDs, "event.id"))
		if a.Hops != nil && a.Hops.Twice.Has(c.Seq) {
			evidence += "; the application has several lines of it"
		}
		list = append(list, foundCase{fmt.Sprint(c.Seq), "duplicated", evidence})
	}
	for _, c := range a.Corrupted.Cases {
		found := c.Found
		if found == "" {
			found = "nothing"
		}
		list = append(list, foundCase{fmt.Sprint(c.Seq), "altered: " + c.Field, fmt.Sprintf("expected %s, found %s", c.Expected, found)})
	}
	for _, c := range a.Unexpected.Cases {
		list = append(list, foundCase{c.Seq, "unexpected", c.Reason})
	}
	return list
}

func indices(n uint64) string {
	if n == 1 {
		return "1 index"
	}
	return count(n) + " indices"
}
