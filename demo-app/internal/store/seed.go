package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

//go:embed migrations/sqlite/*.sql migrations/mariadb/*.sql
var migrations embed.FS

// seedTimeout bounds seeding the largest facility on a slow disk.
const seedTimeout = 2 * time.Minute

// prepare brings the schema up to date and seeds an empty catalogue, while no
// other process does.
func (s *Store) prepare(ctx context.Context, f *facility.Facility) (err error) {
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	if s.lock != nil {
		unlock, taken := s.lock(ctx)
		if taken != nil {
			return taken
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	dir, err := fs.Sub(migrations, "migrations/"+string(s.dialect))
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if s.dialect == MariaDB {
		dialect = goose.DialectMySQL
	}
	provider, err := goose.NewProvider(dialect, s.db, dir)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	if f == nil {
		return nil
	}
	return s.seed(ctx, f)
}

// seed fills an empty catalogue in one transaction: it is all there or not at all.
func (s *Store) seed(ctx context.Context, f *facility.Facility) error {
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
	// One hash for all: they share a password that is no secret. Its cost is the
	// work that each login really does.
	hash, err := bcrypt.GenerateFromPassword([]byte(facility.Password), cost)
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing to undo after a commit
	for name, rows := range f.All() {
		if err := s.insertAll(ctx, tx, lookup(name), rows, string(hash)); err != nil {
			return fmt.Errorf("seed %s: %w", name, err)
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO seeded (seed, scale) VALUES (?, ?)", want, f.Scale.Name); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return s.analyze(ctx)
}

// analyze lets the planner know how much of what there is.
func (s *Store) analyze(ctx context.Context) error {
	statement := "ANALYZE"
	if s.dialect == MariaDB {
		var names []string
		for _, e := range icat.Entities() {
			names = append(names, s.tables[e].name)
		}
		statement = "ANALYZE TABLE " + strings.Join(names, ", ")
	}
	_, err := s.db.ExecContext(ctx, statement)
	return err
}

// rowsAtOnce is how many rows one insert carries.
const rowsAtOnce = 100

// insertAll writes all rows of one kind; a user gets the hash as password.
func (s *Store) insertAll(ctx context.Context, tx *sql.Tx, e *icat.Entity, rows iter.Seq[any], hash string) error {
	t := s.tables[e]
	var into *layout
	var statement *sql.Stmt
	var args []any
	for row := range rows {
		if into == nil {
			var err error
			if into, err = newLayout(t, row); err != nil {
				return err
			}
			if e.Name == "User" {
				into.columns = append(into.columns, "password_hash")
			}
			if statement, err = tx.PrepareContext(ctx, into.insert(t, rowsAtOnce)); err != nil {
				return err
			}
			defer statement.Close()
		}
		args = into.append(args, row)
		if e.Name == "User" {
			args = append(args, hash)
		}
		if len(args) == rowsAtOnce*len(into.columns) {
			if _, err := statement.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, into.insert(t, len(args)/len(into.columns)), args...)
	return err
}

// insert returns the statement for n rows.
func (l *layout) insert(t *table, n int) string {
	row := "(?" + strings.Repeat(", ?", len(l.columns)-1) + ")"
	return "INSERT INTO " + t.name + " (" + strings.Join(l.columns, ", ") + ") VALUES " + row + strings.Repeat(", "+row, n-1)
}
