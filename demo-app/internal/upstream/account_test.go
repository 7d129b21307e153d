package upstream

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/store/storetest"
	"plumbline/demo-app/internal/upstream/icatfake"
)

// direct calls a handler without a network, so that time can be simulated.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// bubble runs f in simulated time with a fake whose sessions last an hour.
func bubble(t *testing.T, password string, f func(t *testing.T, u *ICAT, fake *icatfake.Server)) {
	s := storetest.Open(t)
	defer s.Close()
	u, err := New(Options{URL: "http://127.0.0.1", Username: facility.RootName, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		fake := icatfake.New(icatfake.Options{Store: s, Lifetime: time.Hour})
		u.http.Transport = direct{fake}
		u.slots = make(chan struct{}, 16)
		f(t, u, fake)
	})
}

func lookUp(t *testing.T, u *ICAT) {
	t.Helper()
	if _, err := u.UserByName(t.Context(), facility.KarenName); err != nil {
		t.Error(err)
	}
}

func TestAccountSession(t *testing.T) {
	bubble(t, facility.Password, func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		seen := func(logins, refreshes int) {
			t.Helper()
			if l, r := fake.Seen("POST /session"), fake.Seen("PUT /session/{id}"); l != logins || r != refreshes {
				t.Errorf("%d logins and %d refreshes, want %d and %d", l, r, logins, refreshes)
			}
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { lookUp(t, u) })
		}
		wg.Wait()
		seen(1, 0) // however many came at once

		time.Sleep(47 * time.Minute)
		lookUp(t, u)
		seen(1, 0) // not yet four fifths

		time.Sleep(2 * time.Minute)
		lookUp(t, u)
		lookUp(t, u)
		seen(1, 1) // refreshed before it ends, once

		time.Sleep(50 * time.Minute)
		lookUp(t, u)
		seen(1, 2) // which counts from the refresh

		time.Sleep(2 * time.Hour)
		lookUp(t, u)
		seen(2, 2) // too late for a refresh

		fake.EndSessions()
		for range 20 {
			wg.Go(func() { lookUp(t, u) })
		}
		wg.Wait()
		seen(3, 2) // ended by the server: one logs in, all go on

		fake.EndSessions()
		time.Sleep(49 * time.Minute)
		lookUp(t, u)
		seen(4, 3) // the refresh found it ended

		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := fake.Seen("DELETE /session/{id}"); n != 1 {
			t.Errorf("%d logouts at the end, want 1", n)
		}
		if _, err := u.UserByName(t.Context(), facility.KarenName); !is(err, icat.Unavailable) {
			t.Errorf("after the end: %v, want UNAVAILABLE", err)
		}
		seen(4, 3)
	})
}

func TestAccountThatIsRefused(t *testing.T) {
	bubble(t, "wrong", func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		// To the client this is no matter of their session.
		if _, err := u.UserByName(t.Context(), "x"); !is(err, icat.BadUpstream) {
			t.Errorf("%v, want BAD_UPSTREAM", err)
		}
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := fake.Seen("DELETE /session/{id}"); n != 0 {
			t.Errorf("logged out %d times without a session", n)
		}
	})
}

// Who starts a login and leaves does not take it from those who wait for it.
func TestLoginOutlivesItsCaller(t *testing.T) {
	bubble(t, facility.Password, func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		fake.Meet(-1, icatfake.Slow(time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := u.UserByName(ctx, "x"); !is(err, icat.ClientClosed) {
				t.Errorf("%v, want CLIENT_CLOSED", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { lookUp(t, u) })
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := fake.Seen("POST /session"); n != 1 {
			t.Errorf("%d logins, want 1", n)
		}
	})
}

func TestPingRemembers(t *testing.T) {
	bubble(t, facility.Password, func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		ping := func(want icat.Code, asked int) {
			t.Helper()
			err := u.Ping(t.Context())
			if want == "" && err != nil || want != "" && !is(err, want) {
				t.Errorf("%v, want %q", err, want)
			}
			if n := fake.Seen("GET /version"); n != asked {
				t.Errorf("asked %d times, want %d", n, asked)
			}
		}
		ping("", 1)
		fake.Meet(-1, icatfake.Page(502))
		ping("", 1)
		time.Sleep(probeAge)
		ping(icat.BadUpstream, 2)
		fake.Meet(0, nil)
		ping(icat.BadUpstream, 2)
		time.Sleep(probeAge)
		ping("", 3)
	})
}

func TestSlowServer(t *testing.T) {
	bubble(t, facility.Password, func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		u.slots = make(chan struct{}, 1)
		root, err := u.Login(t.Context(), u.account.credentials)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := icat.Lookup("User")
		list := func(ctx context.Context) error {
			_, err := u.List(ctx, root, e, icat.Filter{Limit: 1})
			return err
		}
		fake.Meet(-1, icatfake.Slow(time.Minute))
		begun := time.Now()
		var wg sync.WaitGroup
		for range 3 { // one call is under way, the others wait for it
			wg.Go(func() {
				if err := list(t.Context()); !is(err, icat.Timeout) {
					t.Errorf("%v, want TIMEOUT", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(begun); took != DefaultCallTimeout {
			t.Errorf("took %v, want %v for each, waiting included", took, DefaultCallTimeout)
		}
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if err := list(ctx); !is(err, icat.ClientClosed) {
				t.Errorf("%v, want CLIENT_CLOSED", err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := list(ctx); !is(err, icat.Timeout) {
			t.Errorf("a caller's own deadline: %v, want TIMEOUT", err)
		}
		fake.Meet(-1, icatfake.Slow(DefaultCallTimeout/2))
		if err := list(t.Context()); err != nil {
			t.Errorf("slow, but in time: %v", err)
		}
	})
}

// The reader sees what the service account sees, in a session of its own.
func TestReader(t *testing.T) {
	bubble(t, facility.Password, func(t *testing.T, u *ICAT, fake *icatfake.Server) {
		e, _ := icat.Lookup("Dataset")
		nobody := icat.Session{Username: facility.KarenName}
		for range 2 {
			all, err := u.AsAccount().List(t.Context(), nobody, e, icat.Filter{Limit: -1})
			if err != nil || len(all) != facility.Small().Datasets {
				t.Errorf("%d datasets, want %d: %v", len(all), facility.Small().Datasets, err)
			}
			if _, err := u.AsAccount().Get(t.Context(), nobody, e, 1, nil); err != nil {
				t.Error(err)
			}
			if _, err := u.AsAccount().Get(t.Context(), nobody, e, 100_000, nil); !is(err, icat.NoSuchObject) {
				t.Errorf("%v, want NO_SUCH_OBJECT_FOUND", err)
			}
			fake.EndSessions()
		}
		if n := fake.Seen("POST /session"); n != 2 {
			t.Errorf("%d logins, want 2: one again after the sessions ended", n)
		}
	})
}
