package upstream

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// query is JPQL in the making. Names come from the schema only; what a client
// sent goes in through literal alone.
type query struct {
	entity   *icat.Entity
	location *time.Location
	from     strings.Builder // the joins
	where    []string
	order    []string
	joined   map[string]string // path to alias
	many     bool              // a to-many relation is joined: an entity may come several times
}

// root is the alias of what is selected.
const root = "v"

// newQuery returns the query for what f selects, its conditions and joins.
func newQuery(e *icat.Entity, f icat.Filter, location *time.Location) (*query, error) {
	q := &query{entity: e, location: location, joined: map[string]string{}}
	for _, c := range f.Where {
		text, err := q.condition(c)
		if err != nil {
			return nil, err
		}
		q.where = append(q.where, text)
	}
	return q, nil
}

// list returns the text that selects entities, in their order, with what comes
// along. Limit < 0 means no limit.
func (q *query) list(f icat.Filter) (string, error) {
	if err := q.orderBy(f.Order); err != nil {
		return "", err
	}
	if !slices.ContainsFunc(f.Order, func(o icat.Order) bool { return len(o.Path) == 0 && o.Field.Name == "id" }) {
		q.order = append(q.order, root+".id")
	}
	include, err := includes(q.entity, f.Include)
	if err != nil {
		return "", err
	}
	what := root
	if q.many {
		what = "DISTINCT " + root
	}
	return q.text(what) + limit(f.Skip, f.Limit) + include, nil
}

// distinct returns the text that selects each combination of fields once.
func (q *query) distinct(f icat.Filter) (string, error) {
	names := make([]string, len(f.Distinct))
	for i, field := range f.Distinct {
		if _, ok := q.entity.Field(field.Name); !ok {
			return "", unknown(q.entity)
		}
		names[i] = root + "." + field.Name
	}
	for _, o := range f.Order {
		if len(o.Path) > 0 || !slices.Contains(f.Distinct, o.Field) {
			return "", icat.Errorf(icat.BadParameter, "order: only what is in distinct can be sorted by")
		}
	}
	if err := q.orderBy(f.Order); err != nil {
		return "", err
	}
	for _, name := range names { // so that pages do not overlap
		if !slices.ContainsFunc(q.order, func(o string) bool { return o == name || o == name+" DESC" }) {
			q.order = append(q.order, name)
		}
	}
	return q.text("DISTINCT "+strings.Join(names, ", ")) + limit(f.Skip, f.Limit), nil
}

// count returns the text that counts entities.
func (q *query) count() string {
	if q.many {
		return q.text("COUNT(DISTINCT " + root + ")")
	}
	return q.text("COUNT(" + root + ")")
}

func (q *query) text(what string) string {
	text := "SELECT " + what + " FROM " + q.entity.Name + " " + root + q.from.String()
	if len(q.where) > 0 {
		text += " WHERE " + strings.Join(q.where, " AND ")
	}
	if len(q.order) > 0 {
		text += " ORDER BY " + strings.Join(q.order, ", ")
	}
	return text
}

// limit writes ICAT's clause of two numbers. A limit of 0 would mean none to
// the server's persistence layer; List asks for one then, and drops it.
func limit(skip, limit int) string {
	switch {
	case limit < 0 && skip == 0:
		return ""
	case limit < 0:
		return " LIMIT " + strconv.Itoa(skip) + ",*"
	default:
		return " LIMIT " + strconv.Itoa(skip) + "," + strconv.Itoa(max(limit, 1))
	}
}

// join joins the path at under an alias, each path once: conditions that share
// a relation speak of the same related entity.
func (q *query) join(kind, at string) string {
	key := kind + at
	alias, ok := q.joined[key]
	if !ok {
		alias = "j" + strconv.Itoa(len(q.joined)+1)
		q.joined[key] = alias
		q.from.WriteString(kind + at + " " + alias)
	}
	return alias
}

// place returns how the query speaks of what the path leads to.
func (q *query) place(path []icat.Relation) (string, *icat.Entity, error) {
	at, entity := root, q.entity
	for _, r := range path {
		if known, ok := entity.Relation(r.Name); !ok || known != r {
			return "", nil, unknown(entity)
		}
		entity = r.Entity()
		at += "." + r.Name
		if r.Many() {
			at, q.many = q.join(" JOIN ", at), true
		}
	}
	return at, entity, nil
}

// unknown is the answer to a name that is not in the schema. ParseFilter lets
// none through; that must not be all that stands between a client and the query.
func unknown(e *icat.Entity) error {
	return icat.Errorf(icat.BadParameter, "%s has no such field or relation", e.Name)
}

func (q *query) orderBy(orders []icat.Order) error {
	for _, o := range orders {
		at, entity, err := q.sortPlace(o.Path)
		if err != nil {
			return err
		}
		if known, ok := entity.Field(o.Field.Name); !ok || known != o.Field {
			return unknown(entity)
		}
		text := at + "." + o.Field.Name
		if o.Desc {
			text += " DESC"
		}
		q.order = append(q.order, text)
	}
	return nil
}

// sortPlace walks a path that is sorted by. A relation that may be null is
// joined from the left, since plain navigation would drop what has none.
func (q *query) sortPlace(path []icat.Relation) (string, *icat.Entity, error) {
	at, entity := root, q.entity
	for _, r := range path {
		if known, ok := entity.Relation(r.Name); !ok || known != r || r.Many() {
			return "", nil, unknown(entity)
		}
		entity = r.Entity()
		at += "." + r.Name
		if !r.Required {
			at = q.join(" LEFT JOIN ", at)
		}
	}
	return at, entity, nil
}

// includes writes an INCLUDE clause: each relation once, with an alias.
func includes(e *icat.Entity, tree []icat.Include) (string, error) {
	var steps []string
	var walk func(at string, e *icat.Entity, tree []icat.Include) error
	walk = func(at string, e *icat.Entity, tree []icat.Include) error {
		seen := map[string]bool{}
		for _, i := range tree {
			if known, ok := e.Relation(i.Relation.Name); !ok || known != i.Relation || seen[known.Name] {
				return unknown(e)
			}
			seen[i.Relation.Name] = true
			alias := "i" + strconv.Itoa(len(steps)+1)
			steps = append(steps, at+"."+i.Relation.Name+" "+alias)
			if err := walk(alias, i.Relation.Entity(), i.Include); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root, e, tree); err != nil || len(steps) == 0 {
		return "", err
	}
	return " INCLUDE " + strings.Join(steps, ", "), nil
}
