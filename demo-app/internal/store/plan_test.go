//go:build !race

// SQLite in Go takes minutes for the full facility under the race detector,
// and nothing here runs at once.

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// statement is one that reached the database.
type statement struct {
	text string
	args []any
}

// recorder notes what goes through its connections, each text once.
type recorder struct {
	driver.Connector
	mu   sync.Mutex
	seen []statement
}

func (r *recorder) note(text string, args []driver.NamedValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.seen, func(s statement) bool { return s.text == text }) {
		return
	}
	s := statement{text: text}
	for _, a := range args {
		s.args = append(s.args, a.Value)
	}
	r.seen = append(r.seen, s)
}

func (r *recorder) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	return recordedConn{c, r}, err
}

// recordedConn offers prepared statements only, so that every statement is one.
type recordedConn struct {
	driver.Conn
	to *recorder
}

func (c recordedConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	return recordedStmt{s, c.to, text}, err
}

func (c recordedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

type recordedStmt struct {
	driver.Stmt
	to   *recorder
	text string
}

func (s recordedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.to.note(s.text, args)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s recordedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.to.note(s.text, args)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// TestPlans asks the databases how they run what the journeys ask for: nothing
// reads a whole table but what is named slow. That this is noticed, the slow
// ones show: SQLite reads whole tables for each of them.
func TestPlans(t *testing.T) {
	f := facility.New(1, facility.Full())
	check := func(t *testing.T, s *Store, c driver.Connector, scans func(*testing.T, *sql.DB, statement) []string) {
		sizes := map[string]int64{}
		for e, at := range s.tables {
			n, err := s.Count(t.Context(), as(facility.RootName), e, icat.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			sizes[at.name] = n
		}
		for _, op := range operations(f) {
			record := &recorder{Connector: c}
			watched := *s
			watched.db = sql.OpenDB(record)
			defer watched.db.Close()
			runs := uint64(3) // with as many ids
			if op.slow != "" {
				runs = 1
			}
			for seed := range runs {
				if err := op.run(t.Context(), &watched, rand.New(rand.NewPCG(2, seed))); err != nil {
					t.Fatalf("%s: %v", op.name, err)
				}
			}
			var found []string
			for _, asked := range record.seen {
				for _, alias := range scans(t, s.db, asked) {
					of := regexp.MustCompile(`(?:FROM|JOIN) (?:(\w+) )?` + alias + `\b`).FindStringSubmatch(asked.text)
					if of == nil || max(sizes[of[1]], sizes[alias]) > fewRows {
						found = append(found, alias+"\n  in "+asked.text)
					}
				}
			}
			for _, asked := range record.seen {
				if op.slow == stops && sorts(t, s.db, s.dialect, asked) {
					t.Errorf("%s cannot stop early, it sorts:\n%s", op.name, asked.text)
				}
			}
			if op.slow == "" && len(found) > 0 {
				t.Errorf("%s reads a whole table:\n%s", op.name, strings.Join(found, "\n"))
			}
			if op.slow != "" && len(found) == 0 && s.dialect == SQLite {
				t.Errorf("%s is named slow (%s) and reads no whole table", op.name, op.slow)
			}
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "catalogue.db")
		c, err := newConnector(path)
		if err != nil {
			t.Fatal(err)
		}
		check(t, open(t, path, f), c, scansOfSQLite)
	})
	t.Run("MariaDB", func(t *testing.T) {
		url := startMariaDB(t).URL()
		config, err := parseMariaDB(url)
		if err != nil {
			t.Fatal(err)
		}
		c, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		check(t, open(t, url, f), c, scansOfMariaDB)
	})
}

// fewRows is a table of a page or two, rightly read as a whole.
const fewRows = 100

// scansOfSQLite returns what is read as a whole, by its alias or name.
func scansOfSQLite(t *testing.T, db *sql.DB, s statement) []string {
	t.Helper()
	var scans []string
	for _, row := range explain(t, db, "EXPLAIN QUERY PLAN ", s) {
		if words := strings.Fields(row["detail"]); words[0] == "SCAN" && words[1] != "CONSTANT" && words[1][0] != '(' {
			scans = append(scans, words[1])
		}
	}
	return scans
}

// scansOfMariaDB returns what is read as a whole, by its alias or name.
func scansOfMariaDB(t *testing.T, db *sql.DB, s statement) []string {
	t.Helper()
	var scans []string
	for _, row := range explain(t, db, "EXPLAIN ", s) {
		if (row["type"] == "ALL" || row["type"] == "index") && row["table"][0] != '<' && row["select_type"] != "INSERT" {
			scans = append(scans, row["table"])
		}
	}
	return scans
}

// sorts reports whether the statement puts rows in order after it read them.
func sorts(t *testing.T, db *sql.DB, d Dialect, s statement) bool {
	t.Helper()
	how, column := "EXPLAIN QUERY PLAN ", "detail"
	if d == MariaDB {
		how, column = "EXPLAIN ", "Extra"
	}
	return slices.ContainsFunc(explain(t, db, how, s), func(row map[string]string) bool {
		return strings.Contains(row[column], "ORDER BY") || strings.Contains(row[column], "filesort")
	})
}

func explain(t *testing.T, db *sql.DB, how string, s statement) []map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), how+s.text, s.args...)
	if err != nil {
		t.Fatalf("%s%s: %v", how, s.text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for rows.Next() {
		cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, c := range columns {
			row[c] = cells[i].String
		}
		all = append(all, row)
	}
	return all
}
