// Package session knows who is logged in: an Authority opens a session for
// credentials that hold, and a Keeper remembers it, in this process or in a
// Redis that several servers share. Whether a password is right, and what a
// user may see, is left to the catalogue.
package session

import (
	"context"
	"slices"

	"plumbline/demo-app/icat"
)

// Keeper remembers sessions. Its errors are icat.Errors: BadSession for an id
// that is unknown, closed or expired, Unavailable or Timeout when the memory
// cannot be reached. Its methods may be called from any goroutine.
type Keeper interface {
	// Open starts a session with a new random id.
	Open(ctx context.Context, username string) (icat.Session, error)
	Get(ctx context.Context, id string) (icat.Session, error)
	// Refresh lets the session live for a whole lifetime from now on.
	Refresh(ctx context.Context, id string) (icat.Session, error)
	// Close ends the session.
	Close(ctx context.Context, id string) error
}

// PasswordCheck returns the name of the user whom the credentials stand for, or
// an icat.Error: BadSession if they do not match.
type PasswordCheck func(context.Context, icat.Credentials) (username string, err error)

// Authority says who may have a session. Its methods may be called from any
// goroutine; their errors are those of Keeper and PasswordCheck.
type Authority struct {
	check  PasswordCheck
	keeper Keeper
}

// NewAuthority returns an authority over the sessions in keeper.
func NewAuthority(check PasswordCheck, keeper Keeper) *Authority {
	return &Authority{check: check, keeper: keeper}
}

// Login opens a session. No mechanism means icat.Simple;
// icat.Anonymous lets in as the user of the same name.
func (a *Authority) Login(ctx context.Context, c icat.Credentials) (icat.Session, error) {
	switch c.Mechanism {
	case "", icat.Simple:
		username, err := a.check(ctx, c)
		if err != nil {
			return icat.Session{}, err
		}
		return a.keeper.Open(ctx, username)
	case icat.Anonymous:
		return a.keeper.Open(ctx, icat.Anonymous)
	default:
		return icat.Session{}, notRecognised(c.Mechanism)
	}
}

// notRecognised repeats only what can be nothing but a mistyped mnemonic.
func notRecognised(mechanism string) error {
	const known = icat.Simple + ", " + icat.Anonymous
	plain := !slices.ContainsFunc([]byte(mechanism), func(b byte) bool { return b < 'a' || b > 'z' })
	if !plain || len(mechanism) > 16 {
		return icat.Errorf(icat.BadSession, "Authenticator mnemonic not recognised; known: %s", known)
	}
	return icat.Errorf(icat.BadSession, "Authenticator mnemonic %s not recognised; known: %s", mechanism, known)
}

// Session returns the open session with id.
func (a *Authority) Session(ctx context.Context, id string) (icat.Session, error) {
	return a.keeper.Get(ctx, id)
}

// Refresh prolongs the open session with id.
func (a *Authority) Refresh(ctx context.Context, id string) (icat.Session, error) {
	return a.keeper.Refresh(ctx, id)
}

// Logout ends the open session with id.
func (a *Authority) Logout(ctx context.Context, id string) error {
	return a.keeper.Close(ctx, id)
}
