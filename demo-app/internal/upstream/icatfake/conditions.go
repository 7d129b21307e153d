package icatfake

import (
	"slices"
	"strconv"
	"strings"

	"plumbline/demo-app/icat"
)

// where reads conditions that must all hold.
func (p *parser) where() ([]icat.Condition, error) {
	var all []icat.Condition
	for {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if !p.accept("AND") {
			return all, nil
		}
	}
}

func (p *parser) condition() (icat.Condition, error) {
	upper := p.accept("UPPER")
	if upper {
		if err := p.expect("("); err != nil {
			return icat.Condition{}, err
		}
	}
	c, err := p.field()
	if err != nil {
		return c, err
	}
	if upper {
		if err := p.expect(")"); err != nil {
			return c, err
		}
		if !p.peek().is("LIKE") {
			return c, refuse("UPPER with anything else than LIKE")
		}
	}
	t := p.next()
	switch {
	case t.is("IS"):
		isNull := !p.accept("NOT")
		c.Op, c.Values = icat.IsNull, []any{isNull}
		return c, p.expect("NULL")
	case t.is("LIKE"):
		return p.like(c, upper)
	case t.is("IN"):
		c.Op = icat.In
		return p.list(c)
	case t.is("BETWEEN"):
		c.Op = icat.Between
		return p.between(c)
	case t.kind == sign && operator(t.text) != "":
		c.Op = operator(t.text)
		v, err := p.literal(c.Field)
		c.Values = []any{v}
		return c, err
	default:
		return c, refuse("%q is no comparison", t.text)
	}
}

func operator(sign string) icat.Op {
	switch sign {
	case "=":
		return icat.Eq
	case "<>", "!=":
		return icat.Ne
	case "<":
		return icat.Lt
	case "<=":
		return icat.Lte
	case ">":
		return icat.Gt
	case ">=":
		return icat.Gte
	default:
		return ""
	}
}

// field reads alias.toOne.field.
func (p *parser) field() (icat.Condition, error) {
	t := p.next()
	names := strings.Split(t.text, ".")
	a, ok := p.aliases[strings.ToUpper(names[0])]
	if t.kind != name || !ok || len(names) < 2 {
		return icat.Condition{}, refuse("%q is no field of an alias", t.text)
	}
	if a.left {
		return icat.Condition{}, refuse("%s is joined from the left and compared", names[0])
	}
	a.used = true
	c := icat.Condition{Path: slices.Clone(a.path)}
	at := a.at
	for _, n := range names[1 : len(names)-1] {
		r, ok := at.Relation(n)
		if !ok || r.Many() {
			return c, refuse("%s has no to-one relation %s", at.Name, n)
		}
		c.Path, at = append(c.Path, r), r.Entity()
	}
	if c.Field, ok = at.Field(names[len(names)-1]); !ok {
		return c, refuse("%s has no field %s", at.Name, names[len(names)-1])
	}
	return c, nil
}

func (p *parser) list(c icat.Condition) (icat.Condition, error) {
	if err := p.expect("("); err != nil {
		return c, err
	}
	for {
		v, err := p.literal(c.Field)
		if err != nil {
			return c, err
		}
		c.Values = append(c.Values, v)
		if !p.accept(",") {
			return c, p.expect(")")
		}
	}
}

func (p *parser) between(c icat.Condition) (icat.Condition, error) {
	low, err := p.literal(c.Field)
	if err != nil {
		return c, err
	}
	if err := p.expect("AND"); err != nil {
		return c, err
	}
	high, err := p.literal(c.Field)
	c.Values = []any{low, high}
	return c, err
}

// literal reads a value of the field's kind.
func (p *parser) literal(f icat.Field) (any, error) {
	t := p.next()
	switch {
	case f.Kind == icat.String && t.kind == text:
		return t.text, nil
	case f.Kind == icat.String && t.kind == parameter && t.text == ":user":
		return p.user, nil
	case f.Kind == icat.Integer && t.kind == whole:
		if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			return n, nil
		}
	case f.Kind == icat.Number && (t.kind == whole || t.kind == decimal):
		if n, err := strconv.ParseFloat(t.text, 64); err == nil {
			return n, nil
		}
	case f.Kind == icat.Boolean && (t.is("TRUE") || t.is("FALSE")):
		return t.text == "TRUE", nil
	case f.Kind == icat.Date && t.kind == stamp:
		if at, err := icat.ParseTime(t.text); err == nil {
			return at, nil
		}
	}
	return nil, refuse("%s is compared with %q; it takes %s", f.Name, t.text, f.Kind)
}

// like reads a pattern; the only ones known say "contains".
func (p *parser) like(c icat.Condition, upper bool) (icat.Condition, error) {
	c.Op = icat.Like
	if upper {
		c.Op = icat.ILike
		for _, s := range []string{"UPPER", "("} {
			if err := p.expect(s); err != nil {
				return c, err
			}
		}
	}
	t := p.next()
	if t.kind != text || c.Field.Kind != icat.String {
		return c, refuse("LIKE of %s with %q", c.Field.Name, t.text)
	}
	if upper {
		if err := p.expect(")"); err != nil {
			return c, err
		}
	}
	escape := ""
	if p.accept("ESCAPE") {
		e := p.next()
		if e.kind != text || len(e.text) != 1 {
			return c, refuse("ESCAPE of %q", e.text)
		}
		escape = e.text
	}
	inner, ok := contained(t.text, escape)
	if !ok {
		return c, refuse("LIKE with a pattern that says anything else than %%...%%")
	}
	c.Values = []any{inner}
	return c, nil
}

// contained returns what a pattern of the form %...% contains. Without an
// escape character, a backslash would be one to MariaDB.
func contained(pattern, escape string) (string, bool) {
	inner, ok := strings.CutPrefix(pattern, "%")
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		switch at := inner[i : i+1]; {
		case at == escape:
			i++
			if i == len(inner) || !strings.Contains("%_"+escape, inner[i:i+1]) {
				return "", false
			}
			b.WriteByte(inner[i])
		case at == "%":
			return b.String(), i == len(inner)-1
		case at == "_", at == `\` && escape == "":
			return "", false
		default:
			b.WriteByte(inner[i])
		}
	}
	return "", false
}
