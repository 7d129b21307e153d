package store

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// TestALostDatabaseComesBack kills the server under an open catalogue.
func TestALostDatabaseComesBack(t *testing.T) {
	server := startMariaDB(t)
	s := open(t, server.SocketURL(), small())
	ask := func() error {
		_, err := s.Get(t.Context(), as(facility.RootName), lookup("Dataset"), 1, nil)
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := ask(); code(err) != icat.Unavailable {
			t.Errorf("without a server: %v, want UNAVAILABLE", err)
		}
	}
	if err := s.Ping(t.Context()); code(err) != icat.Unavailable {
		t.Errorf("ping without a server: %v, want UNAVAILABLE", err)
	}
	o, err := icat.ParseObjects(lookup("Datafile"), []byte(`{"name":"x","dataset":{"id":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), as(facility.RootName), o); code(err) != icat.Unavailable {
		t.Errorf("a write without a server: %v, want UNAVAILABLE", err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("with the server back: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping with the server back: %v", err)
	}
}

func TestErrorsHaveTheirCode(t *testing.T) {
	for _, row := range []struct {
		proves string
		err    error
		want   icat.Code
	}{
		{"no error is none", nil, ""},
		{"nobody listens", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, icat.Unavailable},
		{"the connection broke", mysql.ErrInvalidConn, icat.Unavailable},
		{"too many connections", &mysql.MySQLError{Number: 1040}, icat.Unavailable},
		{"an account that was locked", &mysql.MySQLError{Number: 4151}, icat.Unavailable},
		{"a deadlock", &mysql.MySQLError{Number: 1213}, icat.Unavailable},
		{"the server gave up", &mysql.MySQLError{Number: 1969}, icat.Timeout},
		{"a query that is wrong is ours", &mysql.MySQLError{Number: 1064}, icat.Internal},
		{"so is the unknown", errors.New("?"), icat.Internal},
	} {
		if got := code(wrap(t.Context(), row.err)); got != row.want {
			t.Errorf("%s: %s, want %s", row.proves, got, row.want)
		}
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if got := code(wrap(late, mysql.ErrInvalidConn)); got != icat.Timeout {
		t.Errorf("past the deadline a broken connection is %s, want TIMEOUT", got)
	}
}

// TestALockedDatabaseIsUnavailable holds SQLite's only write lock.
func TestALockedDatabaseIsUnavailable(t *testing.T) {
	s := open(t, Memory, small())
	tx, err := s.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	conn, err := s.DB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(t.Context(), "UPDATE dataset SET complete = 1")
	if got := code(wrap(t.Context(), err)); got != icat.Unavailable {
		t.Errorf("a second writer: %v is %s, want UNAVAILABLE", err, got)
	}
}
