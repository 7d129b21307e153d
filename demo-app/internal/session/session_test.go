package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
)

func codeOf(err error) icat.Code {
	if e, ok := errors.AsType[*icat.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestTwoServersShareSessions(t *testing.T) {
	server, client := startRedis(t)
	one, two := patient(client, Options{}), patient(connect(t, server), Options{})
	session, err := one.Open(t.Context(), "Karen482")
	if err != nil {
		t.Fatal(err)
	}
	got, err := two.Get(t.Context(), session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(session.Username, got.Username); diff != "" || got.Expires != session.Expires {
		t.Errorf("the other server knows %+v, want %+v", got, session)
	}
	if err := two.Close(t.Context(), session.ID); err != nil {
		t.Error(err)
	}
	if _, err := one.Get(t.Context(), session.ID); codeOf(err) != icat.BadSession {
		t.Errorf("after a logout at the other server: %v", err)
	}
}

func TestRedisDoesNotHoldWhatCouldBeUsed(t *testing.T) {
	_, client := startRedis(t)
	session, err := patient(client, Options{Lifetime: time.Hour}).Open(t.Context(), "Karen482")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %q, %v: want the session and the index", keys, err)
	}
	for _, key := range keys {
		if strings.Contains(key, session.ID) {
			t.Errorf("key %s shows the id", key)
		}
		if key == index {
			continue
		}
		if value := client.Get(t.Context(), key).Val(); strings.Contains(value, session.ID) || !strings.HasSuffix(value, " Karen482") {
			t.Errorf("value %q", value)
		}
		if ttl := client.TTL(t.Context(), key).Val(); ttl <= 59*time.Minute || ttl > time.Hour {
			t.Errorf("lives for %v, want an hour", ttl)
		}
	}
}

func TestAForeignValueIsNoSession(t *testing.T) {
	_, client := startRedis(t)
	for _, value := range []string{"", "Karen482", "x Karen482", "1790000000000", "1790000000000 "} {
		client.Set(t.Context(), keyOf("id"), value, time.Minute)
		if s, err := patient(client, Options{}).Get(t.Context(), "id"); codeOf(err) != icat.Internal {
			t.Errorf("value %q: %+v, %v", value, s, err)
		}
	}
}

func TestALostRedisIsUnavailableUntilItIsBack(t *testing.T) {
	server, client := startRedis(t)
	k := patient(client, Options{})
	session, err := k.Open(t.Context(), "Karen482")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for name, do := range methods(k, session.ID) {
		if err := do(t.Context()); codeOf(err) != icat.Unavailable || strings.Contains(err.Error(), server.Password()) {
			t.Errorf("%s without Redis: %v, want UNAVAILABLE", name, err)
		}
	}
	if open := k.open(); !math.IsNaN(open) {
		t.Errorf("%v sessions are open in a lost Redis, want NaN", open)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	// After many failed dials the client tries but once a second.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := k.Get(ctx, session.ID)
	for ; codeOf(err) == icat.Unavailable && ctx.Err() == nil; got, err = k.Get(ctx, session.ID) {
	}
	if err != nil || got != session {
		t.Errorf("after the return of Redis: %+v, %v", got, err)
	}
}

// TestASilentRedisIsGivenUp talks to a server that accepts and never answers.
// Without a deadline of the keeper's own this test would not end.
func TestASilentRedisIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, conn)
		}
	}()
	client := redis.NewClient(&redis.Options{Addr: l.Addr().String(), ReadTimeout: -1, ContextTimeoutEnabled: true})
	defer client.Close()
	k := NewRedis(client, Options{})
	if _, err := k.Get(t.Context(), "id"); codeOf(err) != icat.Unavailable {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := k.Get(over, "id"); codeOf(err) != icat.Timeout {
		t.Errorf("a request without time left: got %v, want TIMEOUT", err)
	}
}

func TestAWrongPasswordIsUnavailableAndNotShown(t *testing.T) {
	server, _ := startRedis(t)
	client, err := cache.Connect("redis://:very-secret-word@" + server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = NewRedis(client, Options{}).Get(t.Context(), "id")
	if codeOf(err) != icat.Unavailable || strings.Contains(err.Error(), "very-secret-word") {
		t.Errorf("got %v", err)
	}
}

func methods(k Keeper, id string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Open":    func(ctx context.Context) error { _, err := k.Open(ctx, "Karen482"); return err },
		"Get":     func(ctx context.Context) error { _, err := k.Get(ctx, id); return err },
		"Refresh": func(ctx context.Context) error { _, err := k.Refresh(ctx, id); return err },
		"Close":   func(ctx context.Context) error { return k.Close(ctx, id) },
	}
}

func TestLogin(t *testing.T) {
	check := func(_ context.Context, c icat.Credentials) (string, error) {
		if c.Password != "icat-demo" {
			return "", icat.Errorf(icat.BadSession, "The username and password do not match")
		}
		return "simple/" + c.Username, nil
	}
	const known = "; known: simple, anon"
	for name, row := range map[string]struct {
		credentials icat.Credentials
		username    string
		message     string
	}{
		"no mechanism means simple":        {icat.Credentials{Username: "k", Password: "icat-demo"}, "simple/k", ""},
		"simple":                           {icat.Credentials{Username: "k", Password: "icat-demo", Mechanism: "simple"}, "simple/k", ""},
		"a wrong password":                 {icat.Credentials{Username: "k", Password: "x"}, "", "The username and password do not match"},
		"anon needs no password":           {icat.Credentials{Mechanism: "anon"}, "anon", ""},
		"anon ignores who one says one is": {icat.Credentials{Username: "root", Password: "x", Mechanism: "anon"}, "anon", ""},
		"a mnemonic nobody knows":          {icat.Credentials{Mechanism: "ldap"}, "", "Authenticator mnemonic ldap not recognised" + known},
		"hostile text is not repeated":     {icat.Credentials{Mechanism: "<script>"}, "", "Authenticator mnemonic not recognised" + known},
		"long text is not repeated":        {icat.Credentials{Mechanism: strings.Repeat("a", 17)}, "", "Authenticator mnemonic not recognised" + known},
		"case matters":                     {icat.Credentials{Mechanism: "ANON"}, "", "Authenticator mnemonic not recognised" + known},
	} {
		t.Run(name, func(t *testing.T) {
			a := NewAuthority(check, NewMemory(Options{}))
			session, err := a.Login(t.Context(), row.credentials)
			if row.message != "" {
				if want := fmt.Sprintf("%s: %s", icat.BadSession, row.message); err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				return
			}
			if err != nil || session.Username != row.username {
				t.Fatalf("got %+v, %v, want %s", session, err, row.username)
			}
			if got, err := a.Session(t.Context(), session.ID); err != nil || got != session {
				t.Errorf("Session = %+v, %v", got, err)
			}
			if _, err := a.Refresh(t.Context(), session.ID); err != nil {
				t.Error(err)
			}
			if err := a.Logout(t.Context(), session.ID); err != nil {
				t.Error(err)
			}
			if _, err := a.Session(t.Context(), session.ID); codeOf(err) != icat.BadSession {
				t.Errorf("after the logout: %v", err)
			}
		})
	}
}
