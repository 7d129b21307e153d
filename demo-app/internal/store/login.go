package store

import (
	"context"
	"database/sql"
	"errors"

	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/icat"
)

// absent is compared when there is no such user, so that the answer takes as
// long as for a wrong password. It is the hash of nothing anybody knows.
const absent = "$2a$04$abcdefghijklmnopqrstuuB0Q1hXUzS8J5k0vZ6dQ0cI3n9m0zCqa"

// Login checks a password. Neither the answer nor its timing tells an unknown
// user from a wrong password.
func (s *Store) Login(ctx context.Context, c icat.Credentials) error {
	if c.Mechanism != "" && c.Mechanism != "simple" {
		return icat.Errorf(icat.BadSession, "Authenticator mnemonic not recognised; known: simple")
	}
	hash := absent
	err := s.hash.QueryRowContext(ctx, c.Username).Scan(&hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return wrap(ctx, err)
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(c.Password)) != nil {
		return icat.Errorf(icat.BadSession, "The username and password do not match")
	}
	return nil
}
