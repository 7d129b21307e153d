package store

import (
	"context"
	"maps"
	"math"
	"slices"

	"plumbline/demo-app/icat"
)

// The catalogue keeps how many files a dataset and an investigation hold, and
// how large they are together. A write counts again what it touched, whatever
// a client sent for these fields.

// claim checks that what the objects point at is there, and locks what is to
// be counted again: investigations before datasets and each kind by id, so
// that two writers cannot wait for each other.
func (w *write) claim(ctx context.Context, objects []icat.Object) error {
	wanted := map[*icat.Entity]map[int64]bool{}
	for _, o := range objects {
		w.touch(o)
		for _, r := range o.Related {
			to := r.Relation.Entity()
			if wanted[to] == nil {
				wanted[to] = map[int64]bool{}
			}
			for _, parent := range r.Objects {
				wanted[to][parent.ID()] = true
			}
		}
	}
	for _, e := range icat.Entities() {
		if err := w.find(ctx, e, wanted[e], false); err != nil {
			return err
		}
	}
	if err := w.touchVisits(ctx); err != nil {
		return err
	}
	if err := w.find(ctx, lookup("Investigation"), w.visits, true); err != nil {
		return err
	}
	return w.find(ctx, lookup("Dataset"), w.datasets, true)
}

// touch notes what an object belongs to.
func (w *write) touch(o icat.Object) {
	switch o.Entity.Name {
	case "Datafile":
		for _, dataset := range o.To("dataset") {
			w.datasets[dataset.ID()] = true
		}
	case "Dataset":
		for _, investigation := range o.To("investigation") {
			w.visits[investigation.ID()] = true
		}
	}
}

// touchStored notes what the entity that is stored under id belongs to.
func (w *write) touchStored(ctx context.Context, e *icat.Entity, id int64) error {
	q := w.newQuery(caller{all: true})
	switch e.Name {
	case "Datafile":
		q.text("SELECT dataset_id FROM datafile WHERE id = ")
		q.value(id)
		owner, err := w.ids(ctx, q)
		for _, dataset := range owner {
			w.datasets[dataset] = true
		}
		if err != nil {
			return err
		}
	case "Dataset":
		w.datasets[id] = true
	}
	return w.find(ctx, e, map[int64]bool{id: true}, false)
}

// touchVisits notes the investigations of the datasets that were noted.
func (w *write) touchVisits(ctx context.Context) error {
	for part := range slices.Chunk(sorted(w.datasets), batch) {
		q := w.newQuery(caller{all: true})
		q.text("SELECT DISTINCT investigation_id FROM dataset WHERE id IN ")
		q.values(part)
		visits, err := w.ids(ctx, q)
		if err != nil {
			return err
		}
		for _, id := range visits {
			w.visits[id] = true
		}
	}
	return nil
}

// find reports the first id that is not there, and may lock the others.
func (w *write) find(ctx context.Context, e *icat.Entity, wanted map[int64]bool, lock bool) error {
	for part := range slices.Chunk(sorted(wanted), batch) {
		q := w.newQuery(caller{all: true})
		q.text("SELECT id FROM ", w.tables[e].name, " WHERE id IN ")
		q.values(part)
		q.text(" ORDER BY id")
		if lock && w.dialect == MariaDB {
			q.text(" FOR UPDATE") // in SQLite there is one writer anyway
		}
		found, err := w.ids(ctx, q)
		if err != nil {
			return err
		}
		for _, id := range part {
			if !slices.Contains(found, id.(int64)) {
				return noSuch(e, id.(int64))
			}
		}
	}
	return nil
}

// sum counts again what was noted.
func (w *write) sum(ctx context.Context) error {
	if err := w.touchVisits(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		ids                    map[int64]bool
		of, count, from, where string
	}{
		{w.datasets, "Dataset", "COUNT(*)", "datafile", "dataset_id"},
		{w.visits, "Investigation", "COALESCE(SUM(file_count), 0)", "dataset", "investigation_id"},
	} {
		for _, id := range sorted(part.ids) {
			// The size in two parts: sizes that clients made up may not fit together.
			var count, mega, rest int64
			err := w.tx.QueryRowContext(ctx, "SELECT "+part.count+", COALESCE(SUM(file_size >> 20), 0), COALESCE(SUM(file_size & 1048575), 0) FROM "+
				part.from+" WHERE "+part.where+" = ?", id).Scan(&count, &mega, &rest)
			if err != nil {
				return wrap(ctx, err)
			}
			if mega += rest >> 20; mega > math.MaxInt64>>20 {
				return icat.Errorf(icat.Validation, "%s: fileSize cannot exceed %d", part.of, int64(math.MaxInt64))
			}
			_, err = w.tx.ExecContext(ctx, "UPDATE "+w.tables[lookup(part.of)].name+" SET file_count = ?, file_size = ? WHERE id = ?",
				count, mega<<20|rest&(1<<20-1), id)
			if err != nil {
				return wrap(ctx, err)
			}
		}
	}
	return nil
}

// sorted returns ids as a query takes them.
func sorted(ids map[int64]bool) []any {
	var list []any
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		list = append(list, id)
	}
	return list
}
