package store

import (
	"slices"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// caller is who asks, as the rules see them.
type caller struct {
	name string
	all  bool  // no rule applies
	now  int64 // milliseconds; what is released before is public
}

func (s *Store) caller(who icat.Session) caller {
	return caller{name: who.Username, all: isService(who.Username), now: s.now().UnixMilli()}
}

// isService reports whether the user may read and write everything.
func isService(username string) bool {
	return slices.Contains([]string{facility.RootName, facility.IngestName}, username)
}

// ruled reports whether some of the entity may be hidden from the caller.
func (q *query) ruled(e *icat.Entity) bool { return !e.Public && !q.caller.all }

// hides reports whether a step from an entity that the caller may read can
// lead to one they may not. It cannot where one of the two decides about the
// other.
func (q *query) hides(from *icat.Entity, r icat.Relation) bool {
	to := r.Entity()
	decided := from.Owner == r.Name || r.Many() && to.Owner == r.Inverse
	return q.ruled(to) && !decided
}

// rule writes the condition under which the caller may read the entity: it
// follows its owners up to the investigation.
func (q *query) rule(e *icat.Entity, alias string) {
	if e.Owner == "" {
		q.released(alias)
		return
	}
	owner, _ := e.Relation(e.Owner)
	at := owner.Entity()
	to := q.alias()
	key := q.tables[e].key[e.Owner]
	q.text("EXISTS (SELECT 1 FROM ", q.tables[at].name, " ", to)
	joined := to
	for at.Owner != "" {
		up, _ := at.Relation(at.Owner)
		next := q.alias()
		q.text(" JOIN ", q.tables[up.Entity()].name, " ", next, " ON ", next, ".id = ", joined, ".", q.tables[at].key[at.Owner])
		at, joined = up.Entity(), next
	}
	q.text(" WHERE ", to, ".id = ", alias, ".", key, " AND ")
	q.released(joined)
	q.text(")")
}

// released writes the condition on an investigation: it is public, or the
// caller takes part in it, or looks after an instrument it used.
func (q *query) released(alias string) {
	if q.caller.name == icat.Anonymous || q.caller.name == "" {
		q.text(alias, ".release_date < ")
		q.value(q.caller.now)
		return
	}
	q.text("(", alias, ".release_date < ")
	q.value(q.caller.now)
	member := q.alias()
	q.text(" OR EXISTS (SELECT 1 FROM investigation_user ", member, " WHERE ", member, ".investigation_id = ", alias, ".id AND ", member, ".user_id = ")
	q.userID(q.caller.name)
	used, cares := q.alias(), q.alias()
	q.text(") OR EXISTS (SELECT 1 FROM investigation_instrument ", used, " JOIN instrument_scientist ", cares, " ON ",
		cares, ".instrument_id = ", used, ".instrument_id WHERE ", used, ".investigation_id = ", alias, ".id AND ", cares, ".user_id = ")
	q.userID(q.caller.name)
	q.text("))")
}

// userID writes the id of the user called name; null if there is none.
func (q *query) userID(name string) {
	q.text("(SELECT id FROM user_ WHERE name = ")
	q.value(name)
	q.text(")")
}
