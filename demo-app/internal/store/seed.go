package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// seed fills an empty catalogue in one transaction: it is all there or not at all.
func (s *Store) seed(ctx context.Context, f *facility.Facility) error {
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	var seed, scale string
	err := s.db.QueryRowContext(ctx, "SELECT seed, scale FROM seeded").Scan(&seed, &scale)
	want := strconv.FormatUint(f.Seed, 10)
	switch {
	case err == nil && (seed != want || scale != f.Scale.Name):
		return fmt.Errorf("it holds the %s facility of seed %s, not the %s one of seed %s", scale, seed, f.Scale.Name, want)
	case err == nil:
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing to undo after a commit
	if err := seedAll(ctx, tx, f); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO seeded (seed, scale) VALUES (?, ?)", want, f.Scale.Name); err != nil {
		return err
	}
	return tx.Commit()
}

func seedAll(ctx context.Context, tx *sql.Tx, f *facility.Facility) error {
	// One hash for all: they share a password that is no secret. Its cost is the
	// work that each login really does.
	hash, err := bcrypt.GenerateFromPassword([]byte(facility.Password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error {
			return insert(ctx, tx, users.entity, []string{"password_hash"}, slices.Values(f.Users()), func(u icat.User) []any { return append(users.values(&u), string(hash)) })
		},
		func() error {
			return insert(ctx, tx, lookup("Facility"), nil, one(f.Site()), func(v icat.Facility) []any {
				return append(baseValues(v.Base), v.DaysUntilRelease, v.Description, v.FullName, v.Name, v.URL)
			})
		},
		func() error {
			return insert(ctx, tx, lookup("InvestigationType"), []string{"facility_id"}, slices.Values(f.InvestigationTypes()), func(v icat.InvestigationType) []any {
				return append(baseValues(v.Base), v.Description, v.Name, v.FacilityID)
			})
		},
		func() error {
			return insert(ctx, tx, lookup("DatasetType"), []string{"facility_id"}, slices.Values(f.DatasetTypes()), func(v icat.DatasetType) []any {
				return append(baseValues(v.Base), v.Description, v.Name, v.FacilityID)
			})
		},
		func() error {
			return insert(ctx, tx, lookup("DatafileFormat"), []string{"facility_id"}, slices.Values(f.DatafileFormats()), func(v icat.DatafileFormat) []any {
				return append(baseValues(v.Base), v.Description, v.Name, v.Type, v.Version, v.FacilityID)
			})
		},
		func() error {
			return insert(ctx, tx, investigations.entity, []string{"facility_id", "type_id"}, f.Investigations(), func(v icat.Investigation) []any {
				return append(investigations.values(&v), v.FacilityID, v.TypeID)
			})
		},
		func() error {
			return insert(ctx, tx, lookup("InvestigationUser"), []string{"user_id", "investigation_id"}, slices.Values(f.InvestigationUsers()), func(v icat.InvestigationUser) []any {
				return append(baseValues(v.Base), v.Role, v.UserID, v.InvestigationID)
			})
		},
		func() error {
			return insert(ctx, tx, datasets.entity, []string{"investigation_id", "type_id"}, f.Datasets(), func(v icat.Dataset) []any {
				return append(datasets.values(&v), v.InvestigationID, v.TypeID)
			})
		},
		func() error {
			return insert(ctx, tx, datafiles.entity, []string{"dataset_id", "datafile_format_id"}, f.Datafiles(), func(v icat.Datafile) []any {
				return append(datafiles.values(&v), v.DatasetID, v.FormatID)
			})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// batch is how many rows one insert carries; 32,766 parameters is SQLite's limit.
const batch = 100

// insert writes all items; values gives an item's fields in the schema's order
// and then those of the extra columns.
func insert[T any](ctx context.Context, tx *sql.Tx, e *icat.Entity, extra []string, items iter.Seq[T], values func(T) []any) error {
	var columns []string
	for _, f := range e.Fields {
		columns = append(columns, column(f.Name))
	}
	columns = append(columns, extra...)
	head := "INSERT INTO " + tableName(e) + " (" + strings.Join(columns, ", ") + ") VALUES "
	tuple := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	full, err := tx.PrepareContext(ctx, head+tuple+strings.Repeat(", "+tuple, batch-1))
	if err != nil {
		return fmt.Errorf("insert %s: %w", e.Name, err)
	}
	defer full.Close()
	var args []any
	for item := range items {
		args = append(args, values(item)...)
		if len(args) == batch*len(columns) {
			if _, err := full.ExecContext(ctx, args...); err != nil {
				return fmt.Errorf("insert %s: %w", e.Name, err)
			}
			args = args[:0]
		}
	}
	if rest := len(args) / len(columns); rest > 0 {
		if _, err := tx.ExecContext(ctx, head+tuple+strings.Repeat(", "+tuple, rest-1), args...); err != nil {
			return fmt.Errorf("insert %s: %w", e.Name, err)
		}
	}
	return nil
}

// values returns what scan would read back, for the entity's own columns.
func (t Table[T]) values(v *T) []any {
	dest := t.fields(v)
	out := make([]any, len(dest))
	for i, d := range dest {
		switch p := d.(type) {
		case nullable:
			out[i] = sql.NullString{String: *p.s, Valid: *p.s != ""}
		case date:
			out[i] = sql.NullInt64{Int64: p.t.Millis(), Valid: !p.t.IsZero()}
		case *int64:
			out[i] = *p
		case *bool:
			out[i] = *p
		}
	}
	return out
}

func baseValues(b icat.Base) []any {
	return []any{b.ID, b.CreateID, b.CreateTime.Millis(), b.ModID, b.ModTime.Millis()}
}

func lookup(entity string) *icat.Entity {
	e, ok := icat.Lookup(entity)
	if !ok {
		panic("store: no entity " + entity)
	}
	return e
}

func one[T any](v T) iter.Seq[T] { return func(yield func(T) bool) { yield(v) } }
