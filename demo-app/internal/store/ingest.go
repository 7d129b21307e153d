package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	"plumbline/demo-app/icat"
)

// Permit returns INSUFFICIENT_PRIVILEGES unless the caller may write: service
// accounts do.
func (s *Store) Permit(who icat.Session, access string, e *icat.Entity) error {
	if !isService(who.Username) {
		return icat.Errorf(icat.InsufficientPrivileges, "%s access to this %s is not allowed.", access, e.Name)
	}
	return nil
}

// Create stores new entities, all or none, and returns them as stored. Only
// service accounts may: others get INSUFFICIENT_PRIVILEGES. What an object
// belongs to must be there (NO_SUCH_OBJECT_FOUND), the object itself must not
// (OBJECT_ALREADY_EXISTS).
func (s *Store) Create(ctx context.Context, who icat.Session, objects []icat.Object) ([]icat.Object, error) {
	if len(objects) == 0 {
		return []icat.Object{}, nil
	}
	if err := s.Permit(who, "CREATE", objects[0].Entity); err != nil {
		return nil, err
	}
	w, err := s.begin(ctx, who)
	if err != nil {
		return nil, err
	}
	defer w.tx.Rollback() // nothing to undo after a commit
	if err := w.claim(ctx, objects); err != nil {
		return nil, err
	}
	ids := make([]int64, len(objects))
	for i, o := range objects {
		if ids[i], err = w.insert(ctx, o); err != nil {
			return nil, err
		}
	}
	return w.finish(ctx, objects[0].Entity, ids)
}

// Update changes the entity with id: fields and to-one relations that change
// has; nil leaves a field as it is. Who may, and what can go wrong, is as for
// Create.
func (s *Store) Update(ctx context.Context, who icat.Session, change icat.Object, id int64) (icat.Object, error) {
	e := change.Entity
	if err := s.Permit(who, "UPDATE", e); err != nil {
		return icat.Object{}, err
	}
	w, err := s.begin(ctx, who)
	if err != nil {
		return icat.Object{}, err
	}
	defer w.tx.Rollback() // nothing to undo after a commit
	if err := w.touchStored(ctx, e, id); err != nil {
		return icat.Object{}, err
	}
	if err := w.claim(ctx, []icat.Object{change}); err != nil {
		return icat.Object{}, err
	}
	if err := w.update(ctx, change, id); err != nil {
		return icat.Object{}, err
	}
	stored, err := w.finish(ctx, e, []int64{id})
	if err != nil {
		return icat.Object{}, err
	}
	return stored[0], nil
}

// write is a change of the catalogue under way.
type write struct {
	*Store
	tx       *sql.Tx
	who      string
	now      icat.Time
	datasets map[int64]bool // whose files change
	visits   map[int64]bool // investigations whose datasets change
}

func (s *Store) begin(ctx context.Context, who icat.Session) (*write, error) {
	options := &sql.TxOptions{}
	if s.dialect == MariaDB {
		options.Isolation = sql.LevelReadCommitted // what a lock was waited for is seen then
	}
	tx, err := s.db.BeginTx(ctx, options)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	return &write{Store: s, tx: tx, who: who.Username, now: icat.At(s.now()), datasets: map[int64]bool{}, visits: map[int64]bool{}}, nil
}

// ids runs a query for whole numbers within the transaction.
func (w *write) ids(ctx context.Context, q *query) ([]int64, error) {
	rows, err := w.tx.QueryContext(ctx, q.sql.String(), q.args...)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, wrap(ctx, err)
		}
		ids = append(ids, id)
	}
	return ids, wrap(ctx, rows.Err())
}

// insert stores one object and returns its id.
func (w *write) insert(ctx context.Context, o icat.Object) (int64, error) {
	columns, values := w.assignments(o)
	columns = append(columns, "create_id", "create_time", "mod_id", "mod_time")
	values = append(values, w.who, parameter(w.now), w.who, parameter(w.now))
	statement := "INSERT INTO " + w.tables[o.Entity].name + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	result, err := w.tx.ExecContext(ctx, statement, values...)
	if err != nil {
		return 0, refused(ctx, o, err)
	}
	id, err := result.LastInsertId()
	if err == nil && o.Entity.Name == "Dataset" {
		w.datasets[id] = true // its sums are ours, whatever the client says
	}
	return id, wrap(ctx, err)
}

// update changes the entity that is stored under id.
func (w *write) update(ctx context.Context, change icat.Object, id int64) error {
	columns, values := w.assignments(change)
	columns = append(columns, "mod_id", "mod_time")
	values = append(values, w.who, parameter(w.now), id)
	_, err := w.tx.ExecContext(ctx, "UPDATE "+w.tables[change.Entity].name+" SET "+strings.Join(columns, " = ?, ")+" = ? WHERE id = ?", values...)
	if err != nil {
		return refused(ctx, change, err)
	}
	return nil
}

// assignments returns what an object sets.
func (w *write) assignments(o icat.Object) (columns []string, values []any) {
	t := w.tables[o.Entity]
	for i, v := range o.Values {
		if v != nil {
			columns = append(columns, t.columns[i])
			values = append(values, parameter(v))
		}
	}
	for _, r := range o.Related {
		columns = append(columns, t.key[r.Relation.Name])
		values = append(values, r.Objects[0].ID())
	}
	return columns, values
}

// finish makes the sums true, reads the entities back and commits.
func (w *write) finish(ctx context.Context, e *icat.Entity, ids []int64) ([]icat.Object, error) {
	if err := w.sum(ctx); err != nil {
		return nil, err
	}
	stored := make([]icat.Object, 0, len(ids))
	for part := range slices.Chunk(ids, batch) {
		q := w.newQuery(caller{all: true})
		at := q.alias()
		q.text("SELECT ")
		q.columns(e, at, e.Fields, nil)
		q.text(" FROM ", w.tables[e].name, " ", at, " WHERE ", at, ".id IN ")
		list := make([]any, len(part))
		for i, id := range part {
			list[i] = id
		}
		q.values(list)
		q.text(" ORDER BY ", at, ".id")
		found, err := read(ctx, w.tx, q, e, e.Fields, 0)
		if err != nil {
			return nil, err
		}
		stored = append(stored, objects(found)...)
	}
	if err := w.tx.Commit(); err != nil {
		return nil, wrap(ctx, err)
	}
	return stored, nil
}

// refused tells an object that is there already from other errors.
func refused(ctx context.Context, o icat.Object, err error) error {
	const sqliteUnique, sqliteKey, mariaDuplicate = 2067, 1555, 1062
	duplicate := false
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		duplicate = e.Code() == sqliteUnique || e.Code() == sqliteKey
	}
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		duplicate = e.Number == mariaDuplicate
	}
	if !duplicate {
		return wrap(ctx, err)
	}
	var same []string
	for _, name := range o.Entity.Unique {
		if to := o.To(name); len(to) > 0 {
			same = append(same, fmt.Sprintf("%s = '%s[id:%d]'", name, to[0].Entity.Name, to[0].ID()))
		} else if v := o.Value(name); v != nil {
			same = append(same, fmt.Sprintf("%s = '%v'", name, v))
		}
	}
	return icat.Wrap(icat.ObjectAlreadyExists, o.Entity.Name+" exists with "+strings.Join(same, ", "), err)
}
