package parts

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"plumbline/cli"
)

// part is what both servers have.
type part interface {
	Start(context.Context) error
	Stop() error
	Kill() error
	URL() string
}

// each gives every kind of server, not yet started, with a way to write one
// value to it and to read it back.
func each(t *testing.T, f func(t *testing.T, s part, write func() error, read func() (string, error))) {
	t.Run("MariaDB", func(t *testing.T) {
		db, err := MariaDB(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Stop() })
		config, err := mysql.ParseDSN(strings.Replace(strings.TrimPrefix(db.URL(), "mariadb://"), db.addr, "tcp("+db.addr+")", 1))
		if err != nil {
			t.Fatal(err)
		}
		config.Logger = &mysql.NopLogger{}
		connector, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		pool := sql.OpenDB(connector)
		t.Cleanup(func() { pool.Close() })
		f(t, db, func() error {
			_, err := pool.ExecContext(t.Context(), "CREATE TABLE memory AS SELECT 'kept' AS word")
			return err
		}, func() (word string, err error) {
			err = pool.QueryRowContext(t.Context(), "SELECT word FROM memory").Scan(&word)
			return word, err
		})
	})
	t.Run("Redis", func(t *testing.T) {
		kv, err := Redis(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { kv.Stop() })
		options, err := redis.ParseURL(kv.URL())
		if err != nil {
			t.Fatal(err)
		}
		options.MaxRetries, options.DialerRetries = -1, 1
		client := redis.NewClient(options)
		t.Cleanup(func() { client.Close() })
		f(t, kv, func() error { return client.Set(t.Context(), "word", "kept", 0).Err() },
			func() (string, error) { return client.Get(t.Context(), "word").Result() })
	})
}

func TestWhatWasWrittenSurvivesStopAndKill(t *testing.T) {
	each(t, func(t *testing.T, s part, write func() error, read func() (string, error)) {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		for _, end := range []func() error{s.Stop, s.Kill} {
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if word, err := read(); err == nil {
				t.Errorf("a server that has ended still answers %q", word)
			}
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if word, err := read(); word != "kept" {
				t.Errorf("after the start got %q, %v", word, err)
			}
		}
		if err := s.Start(t.Context()); err == nil {
			t.Error("a second start of a running server is no error")
		}
	})
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s part, _ func() error, _ func() (string, error)) {
		switch s := s.(type) {
		case *Database:
			s.password = "wrong"
			if err := s.ping(t.Context()); err == nil {
				t.Error("MariaDB accepts any password")
			}
		case *KeyValue:
			s.password = "wrong"
			if err := s.ping(t.Context()); err == nil {
				t.Error("Redis accepts any password")
			}
		}
	})
}

func TestAStartThatFailsShowsWhy(t *testing.T) {
	kv, err := Redis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := kv.Kill(); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", kv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := kv.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("got %v, want the log's word that the port is in use", err)
	}
}

func TestAMissingProgramIsSaidWithTheRemedy(t *testing.T) {
	_, err := program("no-such-server")
	if got, want := cli.Hint(err), "sudo apt-get install -y mariadb-server redis-server"; got != want {
		t.Errorf("hint %q, want %q (%v)", got, want, err)
	}
}

// TestChildrenDieWithTheirParent kills a copy of this test binary that has
// started a server.
func TestChildrenDieWithTheirParent(t *testing.T) {
	if dir := os.Getenv("PARTS_PARENT"); dir != "" {
		kv, err := Redis(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, "addr"), []byte(kv.Addr()), 0o600)
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildrenDieWithTheirParent$")
	parent.Env = append(os.Environ(), "PARTS_PARENT="+dir)
	var exit *exec.ExitError
	if err := parent.Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the parent was not killed: %v", err)
	}
	addr, err := os.ReadFile(filepath.Join(dir, "addr"))
	if err != nil {
		t.Fatal(err)
	}
	// The kernel closes the child's socket a moment after the parent's end.
	for t.Context().Err() == nil {
		conn, err := net.Dial("tcp", string(addr))
		if err != nil {
			return
		}
		conn.Read(make([]byte, 1)) // until the child's end closes it
		conn.Close()
	}
}
