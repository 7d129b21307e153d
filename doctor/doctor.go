// Package doctor is what a look at a machine finds: for each check how bad it is,
// and what to type to put it right. The looking is done by others: package
// plumbline/stack/preflight for the stack that runs here, doctor/docker for the
// one in containers.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Level is how bad a finding is.
type Level string

const (
	OK   Level = "ok"
	Info Level = "info" // good to know
	Warn Level = "warn" // may get in the way
	Fail Level = "fail" // it will not run
)

// Finding is what one check found.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // what to type or change
}

// With fills a finding in; what is fine needs no fix.
func (f Finding) With(level Level, format string, args ...any) Finding {
	f.Level, f.Message = level, fmt.Sprintf(format, args...)
	if level == OK {
		f.Fix = ""
	}
	return f
}

// Failed returns the findings that keep something from running.
func Failed(all []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Level != Fail })
}

// Aside returns findings about another way to run than the one that is asked for:
// each says which, and none keeps this one from running.
func Aside(way string, all []Finding) []Finding {
	aside := slices.Clone(all)
	for i, f := range aside {
		aside[i].Check = way + ": " + f.Check
		if f.Level != OK {
			aside[i].Level = Info
		}
	}
	return aside
}

// Write prints the findings for people: no lines around them, since grep reads
// them, too.
func Write(w io.Writer, all []Finding) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	for _, f := range all {
		t.AppendRow(table.Row{f.Level, f.Check, f.Message})
		if f.Fix != "" {
			t.AppendRow(table.Row{"", "", "fix: " + f.Fix})
		}
	}
	t.Render()
}

// WriteJSON prints them for programs.
func WriteJSON(w io.Writer, all []Finding) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(all)
}
