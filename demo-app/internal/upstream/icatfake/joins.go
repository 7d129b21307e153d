package icatfake

import (
	"slices"
	"strings"

	"plumbline/demo-app/icat"
)

// from reads the entity and the joins.
func (p *parser) from() error {
	var err error
	if p.entity, err = p.entityName(); err != nil {
		return err
	}
	if err := p.define(&alias{at: p.entity}); err != nil {
		return err
	}
	for {
		left := p.accept("LEFT")
		if left {
			p.accept("OUTER")
		} else {
			p.accept("INNER")
		}
		if !p.accept("JOIN") {
			return nil
		}
		t := p.next()
		path, at, err := p.walk(t)
		if err != nil {
			return err
		}
		last := path[len(path)-1]
		switch {
		case left == last.Many():
			return refuse("a to-many relation is joined plainly, a to-one from the left")
		case last.Many():
			p.many = true
		}
		for other, a := range p.aliases {
			if slices.Equal(a.path, path) {
				return refuse("%s is joined again: the conditions of %s would not be about the same entity", t.text, other)
			}
		}
		if err := p.define(&alias{path: path, at: at, left: left}); err != nil {
			return err
		}
	}
}

func (p *parser) define(a *alias) error {
	p.accept("AS")
	t := p.next()
	up := strings.ToUpper(t.text)
	if t.kind != name || strings.Contains(t.text, ".") || p.aliases[up] != nil {
		return refuse("%q is no new alias", t.text)
	}
	p.aliases[up] = a
	return nil
}

// walk follows the relations of a join: an alias, to-one relations, and one of
// any kind at the end.
func (p *parser) walk(t token) ([]icat.Relation, *icat.Entity, error) {
	names := strings.Split(t.text, ".")
	a, ok := p.aliases[strings.ToUpper(names[0])]
	if t.kind != name || !ok || len(names) < 2 {
		return nil, nil, refuse("JOIN of %q, which is no path from an alias", t.text)
	}
	a.used = true
	path, at := slices.Clone(a.path), a.at
	for i, n := range names[1:] {
		r, ok := at.Relation(n)
		if !ok {
			return nil, nil, icat.Errorf(icat.BadParameter, "%s has no relationship field %s", at.Name, n)
		}
		if r.Many() && i < len(names)-2 {
			return nil, nil, refuse("path goes on after the to-many relation %s", n)
		}
		path, at = append(path, r), r.Entity()
	}
	return path, at, nil
}
