package upstream

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"plumbline/demo-app/icat"
)

func (q *query) condition(c icat.Condition) (string, error) {
	at, entity, err := q.place(c.Path)
	if err != nil {
		return "", err
	}
	if known, ok := entity.Field(c.Field.Name); !ok || known != c.Field {
		return "", unknown(entity)
	}
	name := at + "." + c.Field.Name
	literals := make([]string, len(c.Values))
	for i, v := range c.Values {
		if literals[i], err = q.literal(v); err != nil {
			return "", err
		}
	}
	switch {
	case c.Op == icat.In && len(literals) > 0:
		return name + " IN (" + strings.Join(literals, ", ") + ")", nil
	case c.Op == icat.Between && len(literals) == 2:
		return name + " BETWEEN " + literals[0] + " AND " + literals[1], nil
	case len(literals) != 1:
		return "", icat.Errorf(icat.BadParameter, "where: %s has too few or too many values", c.Field.Name)
	}
	switch c.Op {
	case icat.IsNull:
		if c.Values[0] == false {
			return name + " IS NOT NULL", nil
		}
		return name + " IS NULL", nil
	case icat.Like, icat.ILike:
		text, ok := c.Values[0].(string)
		if !ok {
			return "", unknown(entity)
		}
		return like(name, text, c.Op == icat.ILike), nil
	}
	if sign, ok := operators[c.Op]; ok {
		return name + sign + literals[0], nil
	}
	return "", icat.Errorf(icat.BadParameter, "where: unknown operator")
}

// Neither changes after start.
var (
	operators   = map[icat.Op]string{icat.Eq: " = ", icat.Ne: " <> ", icat.Lt: " < ", icat.Lte: " <= ", icat.Gt: " > ", icat.Gte: " >= "}
	likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
)

// like writes "contains". MariaDB gives the backslash a meaning unless another
// escape character is named.
func like(name, text string, anyCase bool) string {
	pattern := quote("%" + likeEscaper.Replace(text) + "%")
	if anyCase {
		name, pattern = "UPPER("+name+")", "UPPER("+pattern+")"
	}
	if strings.ContainsAny(text, `!%_\`) {
		pattern += " ESCAPE '!'"
	}
	return name + " LIKE " + pattern
}

// mistaken is what icat.server takes for one of its own parameters even inside
// a string: a time stamp without its braces.
var mistaken = regexp.MustCompile(`:ts[0-9]{14}`)

// literal writes a value so that no value can be anything else than one literal.
func (q *query) literal(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) || !utf8.ValidString(v) || mistaken.MatchString(v) {
			return "", icat.Errorf(icat.BadParameter, "where: a text holds what icat.server cannot search for: a NUL, or :ts and 14 digits")
		}
		return quote(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", icat.Errorf(icat.BadParameter, "where: a number is none")
		}
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)), nil
	case icat.Time:
		t := v.Time()
		if t.Nanosecond() != 0 || t.Year() < 1 {
			return "", icat.Errorf(icat.BadParameter, "where: icat.server compares dates from year 1 on, to the second")
		}
		return "{ts " + t.In(q.location).Format(time.DateTime) + "}", nil
	default:
		return "", icat.Errorf(icat.BadParameter, "where: a value of no known kind")
	}
}

// quote writes a string literal; a quote in it is doubled.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
