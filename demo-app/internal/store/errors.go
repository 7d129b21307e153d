package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	"plumbline/demo-app/icat"
)

// wrap gives an error of the database its ICAT code.
func wrap(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	// The drivers report an interrupted query in their own words: ask the context.
	switch ctxErr := ctx.Err(); {
	case errors.Is(ctxErr, context.DeadlineExceeded):
		return icat.Wrap(icat.Timeout, "the catalogue took too long", err)
	case ctxErr != nil:
		return icat.Wrap(icat.ClientClosed, "the client left before an answer", err)
	}
	switch {
	case tookTooLong(err):
		return icat.Wrap(icat.Timeout, "the catalogue took too long", err)
	case unreachable(err):
		return icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", err)
	}
	return icat.AsError(fmt.Errorf("query catalogue: %w", err))
}

// unreachable reports whether the database is not there, or has no room for
// one more, rather than having refused the query.
func unreachable(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		const busy, locked, ioerr, full, cantopen = 5, 6, 10, 13, 14
		switch e.Code() & 0xff {
		case busy, locked, ioerr, full, cantopen:
			return true
		}
		return false
	}
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		const (
			noDiskSpace, tooManyConnections, accessDenied, noDatabase, unknownCommand = 1021, 1040, 1045, 1049, 1047
			shutdown, hostBlocked, aborted, tooManyOfUser, lockWait, deadlock         = 1053, 1129, 1152, 1203, 1205, 1213
			resourceLimit, readOnly, killed                                           = 1226, 1290, 1927
			databaseDenied, passwordExpired, accountLocked                            = 1044, 1820, 4151
		)
		switch e.Number {
		case noDiskSpace, tooManyConnections, accessDenied, noDatabase, unknownCommand, shutdown, hostBlocked, aborted, tooManyOfUser,
			lockWait, deadlock, resourceLimit, readOnly, killed, databaseDenied, passwordExpired, accountLocked:
			return true
		}
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// tookTooLong reports whether the server gave up on a statement.
func tookTooLong(err error) bool {
	const statementTimeout = 1969
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == statementTimeout
}
