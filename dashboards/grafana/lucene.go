package grafana

import (
	"fmt"
	"slices"
	"strings"

	"plumbline/dashboards"
)

// lucene is which documents a panel asks for, in the language of Elasticsearch's
// query strings: its source's conditions, more of them, and what those of the
// dashboard's variables that it knows narrow it to.
func (e encoder) lucene(s dashboards.Source, more ...dashboards.Condition) string {
	var parts []string
	for _, c := range append(s.Where[:len(s.Where):len(s.Where)], more...) {
		parts = append(parts, condition(c))
	}
	for _, n := range narrowings() {
		if e.narrows(n.field) && slices.Contains(s.Narrow, n.field) {
			parts = append(parts, narrowed(n))
		}
	}
	if len(parts) == 0 {
		return "*"
	}
	return words(parts...)
}

func condition(c dashboards.Condition) string {
	switch {
	case len(c.None) > 0:
		return "NOT " + c.Field + ":(" + phrases(c.None) + ")"
	case len(c.Is) > 0:
		return c.Field + ":(" + phrases(c.Is) + ")"
	case c.Exists:
		return "_exists_:" + c.Field
	case c.Below > 0:
		return fmt.Sprintf("%s:[%d TO %d}", c.Field, c.Min, c.Below)
	}
	return fmt.Sprintf("%s:>=%d", c.Field, c.Min)
}

func phrases(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return strings.Join(quoted, " OR ")
}

// narrowed are the documents with one of a variable's values in a field. Grafana
// puts a regular expression there.
func narrowed(n narrowing) string {
	return fmt.Sprintf("(%s:/${%s:regex}/)", n.field, n.name)
}

// anything is the value of such a variable that lets every document through, also
// those without the field.
func anything(field string) string { return ".*/ OR *:* OR " + field + ":/.*" }
