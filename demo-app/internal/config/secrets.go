package config

import (
	"errors"
	"fmt"
	"strings"

	"plumbline/demo-app/internal/cache"
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

// url takes an address that those can read who will open it.
func url(to *Secret, check func(string) error) set {
	return func(v string) error {
		if err := check(v); err != nil {
			return err
		}
		*to = secretURL(v)
		return nil
	}
}

// redisURL takes "off", too: a file that says where Redis is can then say that
// there is none.
func redisURL(to *Secret) set {
	return func(v string) error {
		if v == "off" {
			return nil
		}
		return url(to, cache.CheckURL)(v)
	}
}
