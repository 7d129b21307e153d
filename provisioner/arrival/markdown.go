package arrival

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report for a pull request or the summary of a CI job,
// in the Markdown of GitHub and GitLab.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s The telemetry of run `%s` %s\n\n%s\n\n", mark(r.Outcome), orUnknown(r.Run), inWords(r.Outcome), cell(r.Summary))
	if r.Hint != "" {
		fmt.Fprintf(&b, "> %s\n\n", cell(r.Hint))
	}
	b.WriteString("| | property | found |\n|:-:|---|---|\n")
	for _, p := range r.withoutPanels() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", mark(p.Outcome), cell(p.Name), cell(p.Text))
	}
	for _, s := range r.boards() {
		o := Holds
		if len(s.Wrong) > 0 {
			o = Fails
		}
		fmt.Fprintf(&b, "| %s | dashboard %s | %d of %d panels held, %d not judged |\n", mark(o), cell(s.ID), s.Held, s.Panels, s.Unjudged)
		for _, p := range s.Wrong {
			fmt.Fprintf(&b, "| %s | panel %s | %s |\n", mark(Fails), cell(p.ID), cell(p.said()))
		}
	}
	if lanes := r.lanes(); len(lanes) > 0 {
		b.WriteString("\n| came so far | attempts | ended here | known by |\n|---|--:|--:|---|\n")
		for _, l := range lanes {
			if l.Source == "" {
				fmt.Fprintf(&b, "| %s | ? | ? | nobody looked |\n", l.Name)
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", l.Name, count(l.Came), count(l.Ended), l.Source)
		}
	}
	b.WriteString("\n| lag from | until | count | p50 | p95 | p99 | max |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, l := range r.lagRows() {
		if l.Count == 0 {
			fmt.Fprintf(&b, "| %s | %s | 0 | | | | |\n", l.From, l.Name)
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", l.From, l.Name, count(uint64(l.Count)), short(l.P50), short(l.P95), short(l.P99), short(l.Max))
	}
	if clocks := r.clocks(); clocks != "" {
		fmt.Fprintf(&b, "\nClocks: %s\n", clocks)
	}
	if cases := r.cases(); len(cases) > 0 {
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n| attempts | what | evidence |\n|---|---|---|\n", things(uint64(len(cases)), "finding"))
		for _, c := range cases[:min(len(cases), shown)] {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(c.Attempts), cell(c.What), cell(c.Evidence))
		}
		if more := len(cases) - shown; more > 0 {
			fmt.Fprintf(&b, "| … | %d more in the JSON report | |\n", more)
		}
		b.WriteString("\n</details>\n")
	}
	fmt.Fprintf(&b, "\n<sub>ledger %s, index %s, judged in %v</sub>\n", code(r.Ledger), code(orUnknown(r.Index)), short(r.Took))
	_, err := io.WriteString(w, b.String())
	return err
}

func mark(o Outcome) string {
	switch o {
	case Holds:
		return "✅"
	case Fails:
		return "❌"
	case Unmeasured:
		return "⚠️"
	}
	return "➖"
}

func inWords(o Outcome) string {
	switch o {
	case Holds:
		return "holds"
	case Fails:
		return "does not hold"
	}
	return "could not be measured"
}

func orUnknown(text string) string {
	if text == "" {
		return "?"
	}
	return text
}

// cell is a text that neither ends its cell nor is taken for markup.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`).Replace(text)
}

// code is a text as code.
func code(text string) string { return "`" + strings.ReplaceAll(text, "`", "'") + "`" }
