package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"plumbline/demo-app/icat"
)

// account is the service account's session: one for all who need it.
type account struct {
	credentials icat.Credentials
	renewals    singleflight.Group

	mu       sync.Mutex
	id       string    // "" when there is none
	renew    time.Time // from then on it is refreshed before use
	expires  time.Time
	lifetime time.Duration // 0 until the server was asked
	closed   bool
}

// withAccount calls use with a session of the service account, and once more with
// a new one if the server did not know the first any more.
func (u *ICAT) withAccount(ctx context.Context, use func(session string) error) error {
	id, err := u.accountSession(ctx)
	if err != nil {
		return err
	}
	if err = use(id); !is(err, icat.BadSession) {
		return err
	}
	u.log.Info().Msg("session of the service account was ended by icat.server; logging in again")
	u.account.forget(id)
	if id, err = u.accountSession(ctx); err != nil {
		return err
	}
	if err = use(id); is(err, icat.BadSession) {
		return icat.Errorf(icat.BadUpstream, "icat.server does not keep the session of the service account")
	}
	return err
}

// accountSession returns a session that is good for a while. However many ask
// at the same time, one logs in or refreshes; it goes on when its caller leaves.
func (u *ICAT) accountSession(ctx context.Context) (string, error) {
	if id, ok := u.account.fresh(); ok {
		return id, nil
	}
	renewal := u.account.renewals.DoChan("", func() (any, error) { return u.renewAccount(context.WithoutCancel(ctx)) })
	select {
	case r := <-renewal:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		return "", lost(ctx, ctx, context.Cause(ctx))
	}
}

func (u *ICAT) renewAccount(ctx context.Context) (string, error) {
	a := &u.account
	if id, ok := a.fresh(); ok { // of the renewal before
		return id, nil
	}
	a.mu.Lock()
	id, alive, lifetime, closed := a.id, time.Now().Before(a.expires), a.lifetime, a.closed
	a.mu.Unlock()
	if closed {
		return "", icat.Errorf(icat.Unavailable, "icat.server is not called any more: shutting down")
	}
	if lifetime == 0 {
		lifetime = u.lifetime(ctx)
	}
	begun := time.Now()
	if id != "" && alive && u.do(ctx, call{operation: "refresh", method: http.MethodPut, path: "/session/" + id, session: id}, nil) == nil {
		return id, a.keep(id, begun, lifetime)
	}
	id, err := u.openSession(ctx, a.credentials)
	if is(err, icat.BadSession) {
		u.log.Error().Msg("icat.server refuses the service account; check ICAT_USERNAME, ICAT_PASSWORD and ICAT_AUTHENTICATOR_NAME")
		return "", icat.Errorf(icat.BadUpstream, "icat.server refuses the service account")
	}
	if err != nil {
		return "", err
	}
	if err := a.keep(id, begun, lifetime); err != nil {
		return "", errors.Join(err, u.Logout(ctx, id))
	}
	return id, nil
}

// lifetime asks how long a session lasts.
func (u *ICAT) lifetime(ctx context.Context) time.Duration {
	p, err := u.Properties(ctx)
	if err != nil || p.LifetimeMinutes < 1 {
		return icat.SessionLifetime
	}
	return time.Duration(p.LifetimeMinutes) * time.Minute
}

func (a *account) fresh() (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.id, a.id != "" && time.Now().Before(a.renew)
}

// keep remembers a session that was opened or refreshed at begun. It is renewed
// when four fifths of its life are over.
func (a *account) keep(id string, begun time.Time, lifetime time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return icat.Errorf(icat.Unavailable, "icat.server is not called any more: shutting down")
	}
	a.id, a.lifetime = id, lifetime
	a.renew, a.expires = begun.Add(lifetime/5*4), begun.Add(lifetime)
	return nil
}

// forget drops the session, unless another has taken its place already.
func (a *account) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == id {
		a.id = ""
	}
}

// close returns the session that is still open; no other will be.
func (a *account) close() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.id
	a.id, a.closed = "", true
	return id
}

// is reports whether err has the code.
func is(err error, code icat.Code) bool { return err != nil && icat.AsError(err).Code == code }
