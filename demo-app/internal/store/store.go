// Package store is the catalogue on SQL: embedded SQLite or MariaDB, seeded
// from the demo facility when it is empty. It turns filters into queries, with
// the rules of who may read what joined into each, and rows into entities. Who
// is logged in, and in what form an answer goes out, is left to others.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// Memory is the URL of a catalogue that ends with the process.
const Memory = ":memory:"

// Options says what to open.
type Options struct {
	// URL is Memory, the path of an SQLite file, or
	// mariadb://user:password@host:port/database (for a unix socket,
	// unix(/path) takes the place of host:port). What is reserved in URLs is
	// percent-encoded in user, password and database.
	URL      string
	Facility *facility.Facility // seeds an empty catalogue; nil leaves it as it is
	Now      func() time.Time   // when data become public; nil is time.Now

	SessionLifetime time.Duration // what Properties tells; 0 means icat.SessionLifetime
}

// Store is an open catalogue. Its methods may be called from any goroutine;
// their errors are icat.Errors.
type Store struct {
	database
	tables     tables
	now        func() time.Time
	searchTime time.Duration
	lifetime   time.Duration // of a session
}

// database is a pool of connections, and how to speak to what is behind it.
type database struct {
	db      *sql.DB
	dialect Dialect
	name    string    // for messages: never holds a password
	anchor  *sql.Conn // keeps a database in memory alive; nil otherwise
	lock    func(context.Context) (unlock func() error, err error)
}

// Open opens the database, brings its schema up to date and seeds it if it is
// empty. A catalogue of another facility is an error.
func Open(ctx context.Context, o Options) (*Store, error) {
	d, err := connect(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{database: d, tables: newTables(), now: o.Now, searchTime: searchTime, lifetime: cmp.Or(o.SessionLifetime, icat.SessionLifetime)}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.prepare(ctx, o.Facility); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", s.name, err), s.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error {
	var err error
	if s.anchor != nil {
		err = s.anchor.Close()
	}
	return errors.Join(err, s.db.Close())
}

// DB returns the pool, for what shares the database with the catalogue.
func (s *Store) DB() *sql.DB { return s.db }

// Dialect returns the SQL that DB speaks.
func (s *Store) Dialect() Dialect { return s.dialect }

// SetPool bounds how many queries run at once; fewer than 1 is 1.
func (s *Store) SetPool(n int) { s.setPool(n) }

func (d database) setPool(n int) {
	n = max(n, 1)
	if d.anchor != nil {
		n++ // the anchor runs no queries
	}
	d.db.SetMaxOpenConns(n)
	d.db.SetMaxIdleConns(n) // idle ones are kept: opening one costs more than a query
}

// Ping reports whether the catalogue answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap(ctx, s.db.QueryRowContext(ctx, "SELECT 1 FROM seeded").Scan(&one))
}

// Properties says what a client may know about the catalogue.
func (s *Store) Properties(context.Context) (icat.Properties, error) {
	return icat.Properties{
		MaxEntities:     icat.MaxEntities,
		LifetimeMinutes: int(math.Ceil(s.lifetime.Minutes())), // 0 would be no lifetime at all
		Authenticators: []icat.Authenticator{
			{Mnemonic: icat.Simple, Keys: []icat.Key{{Name: "username"}, {Name: "password", Hide: true}}, Friendly: "Simple"},
			{Mnemonic: icat.Anonymous, Keys: []icat.Key{}, Friendly: "Anonymous"},
		},
		ContainerType: "demo-app",
	}, nil
}
