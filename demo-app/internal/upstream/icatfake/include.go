package icatfake

import (
	"strings"

	"plumbline/demo-app/icat"
)

// node is a relation of an INCLUDE clause in the making.
type node struct {
	relation icat.Relation
	at       *icat.Entity
	children []*node
}

// include reads v.a x, x.b, or 1 for all to-one relations.
func (p *parser) include() ([]icat.Include, error) {
	top := &node{at: p.entity}
	if p.peek().kind == whole && p.peek().text == "1" {
		p.next()
		for _, r := range p.entity.Relations {
			if !r.Many() {
				top.children = append(top.children, &node{relation: r, at: r.Entity()})
			}
		}
		return top.includes(), nil
	}
	aliases := map[string]*node{p.root: top}
	for {
		t := p.next()
		names := strings.Split(t.text, ".")
		at, ok := aliases[strings.ToUpper(names[0])]
		switch {
		case t.kind != name || len(names) < 2:
			return nil, icat.Errorf(icat.BadParameter, "Path %s must contain a '.'", t.text)
		case !ok:
			return nil, icat.Errorf(icat.BadParameter, "variable %s mentioned in INCLUDE clause is not defined", strings.ToUpper(names[0]))
		}
		for _, n := range names[1:] {
			var err error
			if at, err = at.step(n); err != nil {
				return nil, err
			}
		}
		p.accept("AS")
		if p.peek().kind == name {
			up := strings.ToUpper(p.next().text)
			if aliases[up] != nil || strings.Contains(up, ".") {
				return nil, icat.Errorf(icat.BadParameter, "variable %s mentioned in INCLUDE clause is already defined", up)
			}
			aliases[up] = at
		}
		if !p.accept(",") {
			return top.includes(), nil
		}
	}
}

func (n *node) step(name string) (*node, error) {
	r, ok := n.at.Relation(name)
	if !ok {
		return nil, icat.Errorf(icat.BadParameter, "Problem with INCLUDE clause: %s is not a field of %s", name, n.at.Name)
	}
	for _, c := range n.children {
		if c.relation.Name == name {
			return nil, icat.Errorf(icat.BadParameter, "INCLUDE clause contains redundant path to %s", name)
		}
	}
	child := &node{relation: r, at: r.Entity()}
	n.children = append(n.children, child)
	return child, nil
}

func (n *node) includes() []icat.Include {
	var all []icat.Include
	for _, c := range n.children {
		all = append(all, icat.Include{Relation: c.relation, Include: c.includes()})
	}
	return all
}
