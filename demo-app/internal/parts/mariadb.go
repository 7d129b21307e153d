package parts

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mariaConfig makes a server small and quick that nothing outside can reach.
// A commit is handed to the kernel but not forced to the disk, so it survives a
// kill of the server and costs no disk's latency. The character set is what
// Debian's own configuration says.
const mariaConfig = `[mariadbd]
datadir=%q
socket=%q
tmpdir=%q
pid-file=%q
init-file=%q
bind-address=127.0.0.1
port=%s
skip-name-resolve
skip-log-bin
character-set-server=utf8mb4
collation-server=utf8mb4_general_ci
performance-schema=OFF
key-buffer-size=1M
aria-pagecache-buffer-size=8M
innodb-buffer-pool-size=64M
innodb-log-file-size=16M
innodb-flush-log-at-trx-commit=2
innodb-doublewrite=OFF
innodb-buffer-pool-dump-at-shutdown=OFF
innodb-fast-shutdown=1
`

// mariaAccounts leaves one account, which may do anything in one database.
const mariaAccounts = `DELETE FROM mysql.global_priv WHERE User IN ('', 'root');
FLUSH PRIVILEGES;
CREATE DATABASE IF NOT EXISTS icat;
CREATE USER IF NOT EXISTS icat@'%%' IDENTIFIED BY '%s';
GRANT ALL ON icat.* TO icat@'%%';
`

// maxSocket is what fits into the kernel's address of a unix socket.
const maxSocket = 100

// Database is a MariaDB server with the empty database icat.
type Database struct {
	*process
	addr     string
	socket   string
	password string
}

// MariaDB starts a MariaDB server with its data in dir. What was committed
// survives a Kill.
func MariaDB(ctx context.Context, dir string) (*Database, error) {
	install, err := program("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	server, err := program("mariadbd")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	db := &Database{password: secret()}
	data, accounts := filepath.Join(dir, "data"), filepath.Join(dir, "accounts.sql")
	// A server that starts deletes the temporary tables it finds: another's, where they share a place.
	temporary := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(accounts, fmt.Appendf(nil, mariaAccounts, db.password), 0o600); err != nil {
		return nil, err
	}
	asRoot := []string{}
	if os.Geteuid() == 0 {
		asRoot = append(asRoot, "--user=root") // or it refuses to run
	}
	args := append([]string{"--no-defaults", "--datadir=" + data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}, asRoot...)
	command := exec.CommandContext(ctx, install, args...)
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	if out, err := command.CombinedOutput(); err != nil {
		if at := bytes.Index(out, []byte("ERROR")); at > 0 {
			out = out[at:] // what comes before is progress, and much of what comes after advice
		}
		return nil, fmt.Errorf("install mariadb: %w; it said:\n%s", err, out[:min(len(out), logTail)])
	}
	db.process, err = begin(ctx, func(port string) (*process, error) {
		db.addr = net.JoinHostPort("127.0.0.1", port)
		if db.socket = filepath.Join(dir, "mariadb.sock"); len(db.socket) > maxSocket {
			db.socket = filepath.Join(os.TempDir(), "mariadb-"+port+".sock")
		}
		config := filepath.Join(dir, "mariadb.cnf")
		text := fmt.Appendf(nil, mariaConfig, data, db.socket, temporary, filepath.Join(dir, "mariadb.pid"), accounts, port)
		return &process{
			name: "mariadb",
			argv: append([]string{server, "--defaults-file=" + config}, asRoot...),
			log:  filepath.Join(dir, "mariadb.log"),
			ping: db.ping,
		}, os.WriteFile(config, text, 0o600)
	})
	if err != nil {
		return nil, err
	}
	return db, nil
}

// URL returns mariadb://icat:password@127.0.0.1:port/icat.
func (db *Database) URL() string {
	return fmt.Sprintf("mariadb://icat:%s@%s/icat", db.password, db.addr)
}

// SocketURL returns mariadb://icat:password@unix(/path)/icat.
func (db *Database) SocketURL() string {
	return fmt.Sprintf("mariadb://icat:%s@unix(%s)/icat", db.password, db.socket)
}

// ping logs in over TCP and asks the server for an answer.
func (db *Database) ping(ctx context.Context) error {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = "icat", db.password, "icat"
	config.Net, config.Addr = "tcp", db.addr
	config.Timeout, config.ReadTimeout = time.Second, time.Second
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	return pool.PingContext(ctx)
}
