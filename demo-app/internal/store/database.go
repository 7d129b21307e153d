package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// Dialect is the SQL that a database speaks.
type Dialect string

// The dialects; each is also the folder of its migrations.
const (
	SQLite  Dialect = "sqlite"
	MariaDB Dialect = "mariadb"
)

const forms = "want " + Memory + ", a path or mariadb://user:password@host:port/database"

// CheckURL reports what is wrong with a URL for Open. It opens nothing and asks
// nobody. The error shows nothing of the URL.
func CheckURL(address string) error {
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		if scheme != string(MariaDB) {
			return errors.New("unknown kind of database; " + forms)
		}
		_, err := parseMariaDB(address)
		return err
	}
	switch address {
	case Memory:
		return nil
	case "":
		return errors.New("names no database; " + forms)
	}
	if folder, err := os.Stat(filepath.Dir(address)); err != nil || !folder.IsDir() {
		return errors.New("names a file whose folder is not there or cannot be entered")
	}
	if file, err := os.Stat(address); err == nil && !file.Mode().IsRegular() {
		return errors.New("names what is no file")
	}
	return nil
}

// connect returns the pool for a URL. MariaDB need not be there yet.
func connect(ctx context.Context, address string) (database, error) {
	if err := CheckURL(address); err != nil {
		return database{}, fmt.Errorf("open database: URL: %w", err)
	}
	if strings.Contains(address, "://") {
		return connectMariaDB(address)
	}
	return connectSQLite(ctx, address)
}

func connectSQLite(ctx context.Context, path string) (database, error) {
	c, err := newConnector(path)
	if err != nil {
		return database{}, fmt.Errorf("open database %s: %w", path, err)
	}
	d := database{dialect: SQLite, name: path, db: sql.OpenDB(c)}
	if path == Memory {
		if d.anchor, err = d.db.Conn(ctx); err != nil {
			return database{}, errors.Join(fmt.Errorf("open database %s: %w", path, err), d.db.Close())
		}
	} else {
		d.lock = func(ctx context.Context) (func() error, error) { return lockFile(ctx, path+".lock") }
	}
	d.setPool(max(4, runtime.GOMAXPROCS(0))) // more only wait for each other
	return d, nil
}

// sqliteDSN names the database and how every connection to it behaves. A
// transaction takes the write lock when it begins, since one that asks for it
// later can only fail.
func sqliteDSN(path string) string {
	settings := url.Values{"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "temp_store(2)"}, "_txlock": {"immediate"}}
	if path == Memory {
		settings.Set("vfs", "memdb") // one database for all connections of this process, by its name
		return "file:/" + rand.Text() + "?" + settings.Encode()
	}
	settings.Add("_pragma", "journal_mode(WAL)")
	settings.Add("_pragma", "synchronous(NORMAL)")
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

// connector opens connections of a driver that is this store's own.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

func newConnector(path string) (driver.Connector, error) {
	d := &sqlite.Driver{}
	// SQLite's own knows ASCII only, unlike MariaDB's.
	err := d.RegisterDeterministicScalarFunction("lower", 1, lower)
	return connector{d, sqliteDSN(path)}, err
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

func lower(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	if s, ok := args[0].(string); ok {
		return strings.ToLower(s), nil
	}
	return args[0], nil
}

// lockFile keeps other processes from migrating and seeding the same file.
func lockFile(ctx context.Context, path string) (func() error, error) {
	l := flock.New(path)
	if _, err := l.TryLockContext(ctx, lockRetry); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return l.Unlock, nil
}
