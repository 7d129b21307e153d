package jobs

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"plumbline/demo-app/internal/parts"
)

// backend is a real server, or a file, that a queue can be on.
type backend struct {
	name    string
	address string      // for connect
	server  interface { // nil for a file
		Start(context.Context) error
		Kill() error
	}
	queue Queue
	empty func(*testing.T)
}

// backends starts one of each kind.
func backends(t *testing.T) []backend {
	t.Helper()
	maria, err := parts.MariaDB(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = maria.Stop() })
	kv, err := parts.Redis(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = kv.Stop() })
	list := []backend{
		{name: "sqlite", address: "file:" + filepath.Join(t.TempDir(), "icat.db") + "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)"},
		{name: "mariadb", address: maria.URL(), server: maria},
		{name: "redis", address: kv.URL(), server: kv},
	}
	for i := range list {
		b := &list[i]
		db, client, err := connect(b.address)
		must(t, err)
		if client != nil {
			t.Cleanup(func() { _ = client.Close() })
			b.queue = NewRedisQueue(client)
			b.empty = func(t *testing.T) { must(t, client.FlushDB(t.Context()).Err()) }
			continue
		}
		t.Cleanup(func() { _ = db.Close() })
		migrate(t, db, b.name)
		b.queue = NewSQLQueue(db, b.name == "mariadb")
		b.empty = func(t *testing.T) {
			_, err := db.ExecContext(t.Context(), "DELETE FROM download")
			must(t, err)
		}
	}
	return list
}

// connect opens a database or a client of Redis.
func connect(address string) (*sql.DB, *redis.Client, error) {
	if strings.HasPrefix(address, "file:") {
		db, err := sql.Open("sqlite", address)
		return db, nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	if u.Scheme == "redis" {
		options, err := redis.ParseURL(address)
		if err != nil {
			return nil, nil, err
		}
		options.DialTimeout = time.Second
		return nil, redis.NewClient(options), nil
	}
	config := mysql.NewConfig()
	config.User, config.DBName, config.Net, config.Addr = u.User.Username(), u.Path[1:], "tcp", u.Host
	config.Passwd, _ = u.User.Password()
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, err
	}
	return sql.OpenDB(connector), nil, nil
}

// migrate makes the tables of this package only.
func migrate(t *testing.T, db *sql.DB, dir string) {
	t.Helper()
	const name = "00002_downloads.sql"
	text, err := os.ReadFile(filepath.Join("..", "store", "migrations", dir, name))
	must(t, err)
	dialect := goose.DialectSQLite3
	if dir == "mariadb" {
		dialect = goose.DialectMySQL
	}
	provider, err := goose.NewProvider(dialect, db, fstest.MapFS{name: {Data: text}})
	must(t, err)
	_, err = provider.Up(context.WithoutCancel(t.Context()))
	must(t, err)
}

func TestIndexesAnswer(t *testing.T) {
	q := bench(t)
	for name, query := range map[string]string{"due": lookDue, "expired": lookExpired, "asked": lookAsked, "user": lookUser, "depth": lookDepth} {
		t.Run(name, func(t *testing.T) {
			if plan := explain(t, q.db, query); strings.Contains(plan, "SCAN download") || strings.Count(plan, "SEARCH download") != strings.Count(plan, " INDEX ") {
				t.Errorf("%s", plan)
			}
		})
	}
	if plan := explain(t, q.db, "SELECT id FROM download WHERE message = ?"); !strings.Contains(plan, "SCAN download") {
		t.Errorf("a query without an index goes unnoticed:\n%s", plan)
	}
}

func explain(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	for i := range args {
		args[i] = 1
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	must(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	must(t, rows.Err())
	return plan.String()
}
