package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/icat"
)

// absent is compared when there is no such user, so that the answer takes as
// long as for a wrong password. It is the hash of nothing anybody knows, at a cost.
const absent = "$2a$%02d$abcdefghijklmnopqrstuuB0Q1hXUzS8J5k0vZ6dQ0cI3n9m0zCqa"

// CheckPassword returns the user whom the credentials stand for; it knows the
// mechanism simple, which is also the default. Neither the answer nor its
// timing tells an unknown user from a wrong password: both are SESSION.
func (s *Store) CheckPassword(ctx context.Context, c icat.Credentials) (string, error) {
	if c.Mechanism != "" && c.Mechanism != icat.Simple {
		return "", icat.Errorf(icat.BadSession, "Authenticator mnemonic not recognised; known: %s", icat.Simple)
	}
	hash := fmt.Sprintf(absent, cost)
	err := s.db.QueryRowContext(ctx, "SELECT password_hash FROM user_ WHERE name = ?", c.Username).Scan(&hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", wrap(ctx, err)
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(c.Password)) != nil {
		return "", icat.Errorf(icat.BadSession, "The username and password do not match")
	}
	return c.Username, nil
}

// UserByName returns the user who logs in as name.
func (s *Store) UserByName(ctx context.Context, name string) (icat.Object, error) {
	q := s.newQuery(caller{all: true})
	e := lookup("User")
	at := q.alias()
	q.text("SELECT ")
	q.columns(e, at, e.Fields, nil)
	q.text(" FROM ", q.tables[e].name, " ", at, " WHERE ", at, ".name = ")
	q.value(name)
	found, err := s.read(ctx, q, e, e.Fields, 0)
	if err != nil {
		return icat.Object{}, err
	}
	if len(found) == 0 {
		return icat.Object{}, icat.Errorf(icat.NoSuchObject, "User[name:%s] not found.", name)
	}
	return found[0].Object, nil
}

func lookup(entity string) *icat.Entity {
	e, ok := icat.Lookup(entity)
	if !ok {
		panic("store: no entity " + entity)
	}
	return e
}
