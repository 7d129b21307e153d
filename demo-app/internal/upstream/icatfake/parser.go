package icatfake

import (
	"strings"

	"plumbline/demo-app/icat"
)

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
