package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What follows reads values that are or may hold secrets.

func anyPassword(to *Secret) set {
	return func(v string) error {
		*to = password(v)
		return nil
	}
}

func token(to *Secret) set {
	const least = 16
	return func(v string) error {
		if len(v) < least {
			return fmt.Errorf("shorter than %d characters", least)
		}
		if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("holds a space or what is not ASCII, which no header can carry")
		}
		*to = password(v)
		return nil
	}
}

func databaseURL(to *Secret) set {
	return func(v string) error {
		switch scheme, _, place, isURL := userinfo(v); {
		case v == "":
			return errors.New("name a file, or " + Memory + " for none")
		case !isURL:
		case scheme != "mariadb":
			return errors.New("unknown kind of database; known: " + Memory + ", a file, mariadb://")
		default:
			server, database, ok := cutLast(place, "/")
			if database, _, _ = strings.Cut(database, "?"); !ok || server == "" || database == "" {
				return errors.New("not of the form mariadb://user:password@host:port/name or mariadb://user:password@unix(/socket)/name")
			}
		}
		*to = secretURL(v)
		return nil
	}
}

func redisURL(to *Secret) set {
	return func(v string) error {
		u, err := url.Parse(v)
		if err != nil || !slices.Contains([]string{"redis", "rediss"}, u.Scheme) || u.Hostname() == "" || !number(strings.TrimPrefix(u.Path, "/")) {
			return errors.New("not of the form redis://:password@host:port/0, or rediss:// for TLS")
		}
		*to = secretURL(v)
		return nil
	}
}

func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil
}

func mailURL(to *Secret) set {
	return func(v string) error {
		u, err := url.Parse(v)
		if err != nil || !slices.Contains([]string{"smtp", "smtps"}, u.Scheme) || u.Hostname() == "" {
			return errors.New("not of the form smtp://user:password@host:port?from=address, or smtps:// for TLS")
		}
		if _, err := mail.ParseAddress(u.Query().Get("from")); err != nil {
			return errors.New("no sender; add ?from=icat@example.org")
		}
		*to = secretURL(v)
		return nil
	}
}
