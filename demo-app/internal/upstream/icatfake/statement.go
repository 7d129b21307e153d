package icatfake

import (
	"slices"
	"strconv"
	"strings"

	"plumbline/demo-app/icat"
)

// statement is a query that was understood.
type statement struct {
	entity  *icat.Entity
	count   bool
	filter  icat.Filter
	columns []icat.Field // of SELECT v.a, v.b in their order; nil if v itself was selected
}

// statement reads what comes after SELECT once FROM has told what the aliases are.
func (p *parser) statement(s *statement) error {
	if err := p.expect("SELECT"); err != nil {
		return err
	}
	from := slices.IndexFunc(p.tokens, func(t token) bool { return t.is("FROM") })
	if from < 0 {
		return refuse("Expected FROM")
	}
	selected := p.tokens[:from]
	p.tokens = p.tokens[from+1:]
	if err := p.from(); err != nil {
		return err
	}
	s.entity, s.filter.Limit = p.entity, -1
	rest := p.tokens
	p.tokens = slices.Clone(selected)
	distinct, err := p.selected(s)
	if err != nil {
		return err
	}
	p.tokens = rest
	if p.accept("WHERE") {
		if s.filter.Where, err = p.where(); err != nil {
			return err
		}
	}
	if p.accept("ORDER") {
		if s.filter.Order, err = p.order(); err != nil {
			return err
		}
	}
	if p.many && !distinct {
		return refuse("without DISTINCT, a real icat.server would answer an entity once for each of the to-many entities that are joined")
	}
	return p.tail(s)
}

// selected reads v, v.a, v.b or COUNT(v), and whether it is DISTINCT.
func (p *parser) selected(s *statement) (distinct bool, err error) {
	s.count = p.accept("COUNT")
	if s.count {
		if err := p.expect("("); err != nil {
			return false, err
		}
	}
	distinct = p.accept("DISTINCT")
	for {
		t := p.next()
		if t.kind != name {
			return false, refuse("SELECT of %q", t.text)
		}
		first, field, dotted := strings.Cut(t.text, ".")
		p.root = strings.ToUpper(first)
		a, ok := p.aliases[p.root]
		if !ok || len(a.path) > 0 {
			return false, refuse("SELECT of %q, which is not what FROM names first", first)
		}
		if dotted {
			f, ok := p.entity.Field(field)
			if !ok {
				return false, refuse("%s has no field %s", p.entity.Name, field)
			}
			s.columns = append(s.columns, f)
		}
		if !p.accept(",") {
			break
		}
		if !dotted {
			return false, refuse("SELECT of several entities")
		}
	}
	if s.count {
		if err := p.expect(")"); err != nil {
			return false, err
		}
		if len(s.columns) > 0 {
			return false, refuse("COUNT of a field")
		}
	}
	if len(p.tokens) > 0 {
		return false, refuse("SELECT with %q at its end", p.tokens[0].text)
	}
	if len(s.columns) > 0 && !distinct {
		return false, refuse("SELECT of fields without DISTINCT")
	}
	s.filter.Distinct = s.columns
	return distinct, nil
}

// tail reads LIMIT and INCLUDE, in either order.
func (p *parser) tail(s *statement) error {
	limited, included := false, false
	for {
		switch {
		case !limited && p.accept("LIMIT"):
			limited = true
			if err := p.limit(&s.filter); err != nil {
				return err
			}
		case !included && p.accept("INCLUDE"):
			included = true
			var err error
			if s.filter.Include, err = p.include(); err != nil {
				return err
			}
		default:
			if s.count && (limited || included) || len(s.columns) > 0 && included {
				return refuse("LIMIT or INCLUDE with what is no list of entities")
			}
			return nil
		}
	}
}

func (p *parser) limit(f *icat.Filter) error {
	skip, err := p.number()
	if err != nil {
		return err
	}
	f.Skip = skip
	if err := p.expect(","); err != nil {
		return err
	}
	if p.accept("*") {
		return nil
	}
	if f.Limit, err = p.number(); err != nil {
		return err
	}
	if f.Limit == 0 {
		return refuse("LIMIT of 0, which a real icat.server may take for none")
	}
	return nil
}

func (p *parser) number() (int, error) {
	t := p.next()
	n, err := strconv.ParseInt(t.text, 10, 32)
	if t.kind != whole || err != nil || n < 0 {
		return 0, refuse("LIMIT of %q", t.text)
	}
	return int(n), nil
}
