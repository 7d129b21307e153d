package dashboards

import (
	"fmt"
	"slices"
)

// Condition says which documents are meant. It is a value and not a query
// string, so that each front end can write it in its own language and Truth
// can evaluate it on the ledger.
type Condition struct {
	Field  string
	None   []string // the field is none of these; or, without:
	Is     []string // it is one of these; or, without:
	Exists bool     // it has a value; or, without:
	Min    int64    // the number is at least Min ...
	Below  int64    // ... and, when Below > 0, less than Below
}

// NoneOf holds for documents whose field is none of the values.
func NoneOf(field string, values ...string) Condition {
	return Condition{Field: field, None: values}
}

// OneOf holds for documents whose field is one of the values.
func OneOf(field string, values ...string) Condition {
	return Condition{Field: field, Is: values}
}

// Has holds for documents whose field has a value.
func Has(field string) Condition { return Condition{Field: field, Exists: true} }

// AtLeast holds for documents whose numeric field is min or more.
func AtLeast(field string, min int64) Condition { return Condition{Field: field, Min: min} }

// Between holds for documents whose numeric field is in [min, below).
func Between(field string, min, below int64) Condition {
	return Condition{Field: field, Min: min, Below: below}
}

// query is the condition in Elasticsearch's query DSL.
func (c Condition) query() object {
	switch {
	case len(c.None) > 0:
		return object{"bool": object{"must_not": []object{{"terms": object{c.Field: c.None}}}}}
	case len(c.Is) > 0:
		return object{"terms": object{c.Field: c.Is}}
	case c.Exists:
		return object{"exists": object{"field": c.Field}}
	}
	limits := object{"gte": c.Min}
	if c.Below > 0 {
		limits["lt"] = c.Below
	}
	return object{"range": object{c.Field: limits}}
}

// holds evaluates the condition on one kind of request of the ledger. It
// fails for a field that the ledger does not know.
func (c Condition) holds(r request) (bool, error) {
	v, err := r.field(c.Field)
	if err != nil {
		return false, err
	}
	switch {
	case len(c.None) > 0:
		return !slices.Contains(c.None, v.text), nil
	case len(c.Is) > 0:
		return slices.Contains(c.Is, v.text), nil
	case c.Exists:
		return true, nil
	case !v.numeric:
		return false, fmt.Errorf("field %s is not a number", c.Field)
	}
	// The value is known to lie in [low, high]: the whole has to be on one side.
	inside := v.low >= c.Min && (c.Below == 0 || v.high < c.Below)
	outside := v.high < c.Min || c.Below > 0 && v.low >= c.Below
	if !inside && !outside {
		return false, fmt.Errorf("the truth does not tell %s from %d to %d apart", c.Field, v.low, v.high)
	}
	return inside, nil
}
