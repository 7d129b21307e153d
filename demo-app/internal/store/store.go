// Package store is the catalogue on SQL: embedded SQLite, seeded from the demo
// facility when it is empty. It turns filters into queries and rows into
// entities; who may ask, and in what form it is answered, is left to others.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // also registers the driver "sqlite"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// Memory is the database name for a catalogue that ends with the process.
const Memory = ":memory:"

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open catalogue. Its methods may be called from any goroutine.
type Store struct {
	db      *sql.DB
	profile *sql.Stmt
	hash    *sql.Stmt
}

// Open opens the database file, or Memory, brings its schema up to date and
// seeds it with f if it is empty. A catalogue of another facility is an error.
func Open(ctx context.Context, database string, f *facility.Facility) (*Store, error) {
	db, err := sql.Open("sqlite", dsn(database))
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", database, err)
	}
	// More connections than processors only wait for each other. Idle ones are
	// kept: statements stay prepared, and a memory database lives as long as one
	// connection to it does.
	n := max(4, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	s := &Store{db: db}
	if err := s.prepare(ctx, f); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", database, err), s.Close())
	}
	return s, nil
}

func dsn(database string) string {
	pragmas := url.Values{"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "temp_store(2)"}}
	if database == Memory {
		pragmas.Set("vfs", "memdb") // one database for all connections of this process, by its name
		return "file:/" + rand.Text() + "?" + pragmas.Encode()
	}
	pragmas.Add("_pragma", "journal_mode(WAL)")
	pragmas.Add("_pragma", "synchronous(NORMAL)")
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: database}).EscapedPath(), RawQuery: pragmas.Encode()}).String()
}

func (s *Store) prepare(ctx context.Context, f *facility.Facility) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.db, dir)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	if err := s.seed(ctx, f); err != nil {
		return err
	}
	if s.profile, err = s.db.PrepareContext(ctx, "SELECT "+users.columns()+" FROM user_ WHERE name = ?"); err != nil {
		return err
	}
	s.hash, err = s.db.PrepareContext(ctx, "SELECT password_hash FROM user_ WHERE name = ?")
	return err
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping reports whether the catalogue answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap(ctx, s.db.QueryRowContext(ctx, "SELECT 1 FROM seeded").Scan(&one))
}

// UserByName returns the user who logs in as name.
func (s *Store) UserByName(ctx context.Context, name string) (icat.User, error) {
	u, err := users.scan(s.profile.QueryRowContext(ctx, name))
	if errors.Is(err, sql.ErrNoRows) {
		return u, icat.Errorf(icat.NoSuchObject, "User[name:%s] not found.", name)
	}
	return u, wrap(ctx, err)
}

// wrap gives an error of the database its ICAT code.
func wrap(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	// The driver reports an interrupted query in its own words: ask the context.
	switch ctxErr := ctx.Err(); {
	case errors.Is(ctxErr, context.DeadlineExceeded):
		return icat.Wrap(icat.Timeout, "the catalogue took too long", err)
	case ctxErr != nil:
		return icat.Wrap(icat.ClientClosed, "the client left before an answer", err)
	}
	const busy, locked, ioerr, full, cantopen = 5, 6, 10, 13, 14
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case busy, locked, ioerr, full, cantopen:
			return icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", err)
		}
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", err)
	}
	return fmt.Errorf("query catalogue: %w", err)
}

// seedTimeout bounds seeding the largest facility on a slow disk.
const seedTimeout = 2 * time.Minute
