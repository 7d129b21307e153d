package icatfake

import (
	"strings"

	"plumbline/demo-app/icat"
)

// order reads what to sort by.
func (p *parser) order() ([]icat.Order, error) {
	if err := p.expect("BY"); err != nil {
		return nil, err
	}
	var orders []icat.Order
	for {
		o, err := p.orderOne()
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
		if !p.accept(",") {
			return orders, nil
		}
	}
}

func (p *parser) orderOne() (icat.Order, error) {
	start := p.peek().text
	first, _, _ := strings.Cut(start, ".")
	a := p.aliases[strings.ToUpper(first)]
	left := a != nil && a.left
	if left {
		a.left = false // field refuses it, since it is not for comparing
	}
	c, err := p.field()
	if err != nil {
		return icat.Order{}, err
	}
	a.left = left
	for i, r := range c.Path {
		if r.Many() {
			return icat.Order{}, refuse("ORDER BY over the to-many relation %s", r.Name)
		}
		if !r.Required && (!left || i >= len(a.path)) {
			return icat.Order{}, refuse("ORDER BY %s leaves out what has no %s; join it from the left", start, r.Name)
		}
	}
	desc := p.accept("DESC")
	if !desc {
		p.accept("ASC")
	}
	return icat.Order{Path: c.Path, Field: c.Field, Desc: desc}, nil
}
