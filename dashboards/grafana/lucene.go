package grafana

import (
	"fmt"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// lucene is which documents a panel asks for, in the language of Elasticsearch's
// query strings: its source's conditions, more of them, and what the dashboard's
// variables narrow it to.
func lucene(s dashboards.Source, more ...dashboards.Condition) string {
	var parts []string
	for _, c := range append(s.Where[:len(s.Where):len(s.Where)], more...) {
		parts = append(parts, condition(c))
	}
	for _, field := range s.Narrow {
		if name := map[string]string{telemetry.FieldRoute: varRoute, telemetry.FieldRunID: varRun}[field]; name != "" {
			parts = append(parts, narrowed(field, name))
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
func narrowed(field, variable string) string {
	return fmt.Sprintf("(%s:/${%s:regex}/)", field, variable)
}

// anything is the value of such a variable that lets every document through, also
// those without the field.
func anything(field string) string { return ".*/ OR *:* OR " + field + ":/.*" }
