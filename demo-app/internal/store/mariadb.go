package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	lockRetry   = 50 * time.Millisecond
	dialTimeout = 5 * time.Second
	mariaPool   = 16 // connections
	// mariaStatement bounds a statement whose client has gone without a word.
	mariaStatement = 60 * time.Second
)

const mariaForm = "want mariadb://user:password@host:port/database or mariadb://user:password@unix(/path)/database"

// parseMariaDB reads a URL strictly. Its errors show nothing of it, since there
// is a password in it.
func parseMariaDB(address string) (*mysql.Config, error) {
	bad := func(what string) error { return fmt.Errorf("%s; %s", what, mariaForm) }
	rest, ok := strings.CutPrefix(address, "mariadb://")
	if !ok {
		return nil, bad("not of the scheme mariadb")
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return nil, bad("no user")
	}
	account, place := rest[:at], rest[at+1:]
	c := mysql.NewConfig()
	user, password, ok := strings.Cut(account, ":")
	if !ok && !strings.HasPrefix(place, "unix(") { // at its socket the server may know who asks
		return nil, bad("no password")
	}
	var errUser, errPassword error
	c.User, errUser = url.PathUnescape(user)
	c.Passwd, errPassword = url.PathUnescape(password)
	if errUser != nil || errPassword != nil || c.User == "" || strings.ContainsAny(account, "/?#@") {
		return nil, bad("user and password are percent-encoded")
	}
	name := ""
	if socket, ok := strings.CutPrefix(place, "unix("); ok {
		c.Net = "unix"
		if c.Addr, name, ok = strings.Cut(socket, ")/"); !ok || !strings.HasPrefix(c.Addr, "/") {
			return nil, bad("the socket is not a path in parentheses")
		}
	} else {
		c.Net = "tcp"
		if c.Addr, name, ok = strings.Cut(place, "/"); !ok {
			return nil, bad("no database")
		}
		if !strings.Contains(c.Addr, ":") {
			c.Addr += ":3306"
		}
		host, port, err := net.SplitHostPort(c.Addr)
		if n, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || n == 0 || host == "" {
			return nil, bad("not a host and a port")
		}
	}
	var err error
	if c.DBName, err = url.PathUnescape(name); err != nil || c.DBName == "" || strings.ContainsAny(name, "/?#@") {
		return nil, bad("not one database name; parameters are not known")
	}
	c.Timeout = dialTimeout
	c.Logger = &mysql.NopLogger{} // what happens is in the errors
	c.Params = map[string]string{
		"sql_mode":           "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
		"max_statement_time": strconv.Itoa(int(mariaStatement / time.Second)),
		// Or a filter with many paths makes the server look for the best order of
		// its joins for minutes.
		"optimizer_search_depth": "5",
		// Rules are checked row by row, so that a page of a large table stops at its
		// end; as joins they make the server sort the table.
		"optimizer_switch": "'exists_to_in=off'",
	}
	return c, c.Apply(mysql.Charset("utf8mb4", ""))
}

func connectMariaDB(address string) (database, error) {
	c, err := parseMariaDB(address)
	if err != nil {
		return database{}, fmt.Errorf("open database: URL: %w", err)
	}
	name := "mariadb " + c.Addr + "/" + c.DBName
	k, err := mysql.NewConnector(c)
	if err != nil {
		return database{}, fmt.Errorf("open database %s: %w", name, err)
	}
	d := database{dialect: MariaDB, name: name, db: sql.OpenDB(k)}
	d.lock = func(ctx context.Context) (func() error, error) { return lockServer(ctx, d.db, c.DBName) }
	d.setPool(mariaPool)
	return d, nil
}

// lockServer keeps other replicas from migrating and seeding the same
// database: the server holds the lock for one connection.
func lockServer(ctx context.Context, db *sql.DB, database string) (func() error, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// The server's names are 64 characters at most. Its own limit of a statement
	// would cut the wait short.
	var got sql.NullInt64
	err = conn.QueryRowContext(ctx, "SET STATEMENT max_statement_time = 0 FOR SELECT GET_LOCK(CONCAT('catalogue ', MD5(?)), ?)", database, int(seedTimeout/time.Second)).Scan(&got)
	if err == nil && got.Int64 != 1 {
		err = errors.New("another one is still seeding it")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock database: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT RELEASE_LOCK(CONCAT('catalogue ', MD5(?)))", database)
		return errors.Join(err, conn.Close())
	}, nil
}
