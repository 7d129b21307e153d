package kibana

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"plumbline/dashboards"
)

// kuery is a query in Kibana's language.
func kuery(query string) object { return object{"language": "kuery", "query": query} }

// where writes conditions that all have to hold.
func where(conditions []dashboards.Condition) string {
	terms := make([]string, len(conditions))
	for i, c := range conditions {
		terms[i] = condition(c)
	}
	return strings.Join(terms, " and ")
}

func condition(c dashboards.Condition) string {
	switch {
	case len(c.None) > 0:
		return "not " + c.Field + " : " + values(c.None)
	case len(c.Is) > 0:
		return c.Field + " : " + values(c.Is)
	case c.Exists:
		return c.Field + " : *"
	case c.Below > 0:
		return fmt.Sprintf("%s >= %d and %s < %d", c.Field, c.Min, c.Field, c.Below)
	}
	return fmt.Sprintf("%s >= %d", c.Field, c.Min)
}

func values(all []string) string {
	quoted := make([]string, len(all))
	for i, v := range all {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "(" + strings.Join(quoted, " or ") + ")"
}

// format is how Lens writes numbers of a unit.
func format(u dashboards.Unit) object {
	switch u {
	case dashboards.UnitCount:
		return object{"id": "number", "params": object{"decimals": 0}}
	case dashboards.UnitRatio:
		return object{"id": "percent", "params": object{"decimals": 2}}
	case dashboards.UnitNanoseconds:
		return object{"id": "duration", "params": object{"fromUnit": "nanoseconds", "toUnit": "asMilliseconds", "decimals": 1}}
	case dashboards.UnitSeconds:
		return object{"id": "duration", "params": object{"fromUnit": "seconds", "toUnit": "asSeconds", "decimals": 1}}
	case dashboards.UnitBytes:
		return object{"id": "bytes", "params": object{"decimals": 1}}
	}
	return object{"id": "number", "params": object{"decimals": 2}}
}

// fieldFormat is how a data view writes a field.
func fieldFormat(u dashboards.Unit) object {
	if u == dashboards.UnitNanoseconds {
		return object{"id": "duration", "params": object{
			"inputFormat": "nanoseconds", "outputFormat": "asMilliseconds", "outputPrecision": 1, "includeSpaceWithSuffix": true, "showSuffix": true, "useShortSuffix": true,
		}}
	}
	return object{"id": "string"}
}

// limits says from where on a panel is bad.
func limits(p dashboards.Panel) string {
	l := p.Limits
	if l.None != "" || l.Warn == 0 && l.Bad == 0 || len(p.Measures) == 0 {
		return ""
	}
	u, from := p.Measures[0].Unit, "from %s on"
	if l.Falling {
		from = "below %s"
	}
	if l.Warn == l.Bad {
		return "Bad " + fmt.Sprintf(from, amount(l.Bad, u)) + "."
	}
	return "Look at it " + fmt.Sprintf(from, amount(l.Warn, u)) + ", bad " + fmt.Sprintf(from, amount(l.Bad, u)) + "."
}

func amount(v float64, u dashboards.Unit) string {
	switch u {
	case dashboards.UnitNanoseconds:
		return time.Duration(v).String()
	case dashboards.UnitSeconds:
		return time.Duration(v * float64(time.Second)).String()
	case dashboards.UnitRatio:
		return plain(v*100) + " %"
	}
	return plain(v)
}

// plain writes a number without the noise of binary fractions.
func plain(v float64) string {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}
