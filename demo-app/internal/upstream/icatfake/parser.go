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

// parser reads one query. It answers with an error whatever an icat.Filter
// cannot say: then a real icat.server may know better.
type parser struct {
	tokens  []token
	user    string // who :user is
	root    string // the alias of what is selected, in upper case
	entity  *icat.Entity
	aliases map[string]*alias
	many    bool // a to-many relation was joined
}

// alias is a name for what a path leads to.
type alias struct {
	path []icat.Relation
	at   *icat.Entity
	left bool // may be sorted by, but not compared
	used bool
}

// parse reads a SELECT for the caller called user.
func parse(query, user string) (statement, error) {
	tokens, err := lex(query)
	if err != nil {
		return statement{}, err
	}
	p := &parser{tokens: tokens, user: user, aliases: map[string]*alias{}}
	var s statement
	if err := p.statement(&s); err != nil {
		return s, err
	}
	if len(p.tokens) > 0 {
		return s, refuse("Trailing tokens at end of query: %q", p.tokens[0].text)
	}
	for name, a := range p.aliases {
		if name != p.root && !a.used {
			return s, refuse("alias %s is joined and never compared or sorted by", name)
		}
	}
	return s, nil
}

// parseGet reads the query of a get by id: Entity [AS] [alias [INCLUDE ...]].
func parseGet(query string) (*icat.Entity, []icat.Include, error) {
	tokens, err := lex(query)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{tokens: tokens, aliases: map[string]*alias{}}
	if p.entity, err = p.entityName(); err != nil {
		return nil, nil, err
	}
	p.accept("AS")
	var include []icat.Include
	if p.peek().kind == name {
		p.root = strings.ToUpper(p.next().text)
		if p.accept("INCLUDE") {
			if include, err = p.include(); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(p.tokens) > 0 {
		return nil, nil, icat.Errorf(icat.BadParameter, "Trailing tokens at end of query %s...", p.tokens[0].text)
	}
	return p.entity, include, nil
}

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) accept(s string) bool {
	if !p.peek().is(s) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return refuse("Expected %s where there is %q", s, p.peek().text)
	}
	return nil
}

func (p *parser) entityName() (*icat.Entity, error) {
	t := p.next()
	e, ok := icat.Lookup(t.text)
	if t.kind != name || !ok {
		return nil, refuse("Unknown entity name %q", t.text)
	}
	return e, nil
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
