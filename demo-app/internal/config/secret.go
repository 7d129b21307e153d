package config

import (
	"fmt"
	"io"
	"strings"
)

// Secret is a value that shows itself only to who asks by name. However it is
// formatted or encoded, a password appears as [set], and a URL without the part
// that may hold one.
type Secret struct{ value, shown string }

func password(value string) Secret { return Secret{value, "[set]"} }

func secretURL(value string) Secret { return Secret{value, withoutUserinfo(value)} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

func (s Secret) String() string { return s.shown }

// Format keeps every verb of fmt from the value.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.shown) }

// MarshalText is what JSON shows.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown), nil }

// withoutUserinfo returns a URL without user, password and query. It cuts at
// the last @, since a password may hold one unescaped: rather a host too little
// than a password too much.
func withoutUserinfo(url string) string {
	scheme, _, rest, ok := userinfo(url)
	if !ok {
		return url
	}
	if host, _, ok := strings.Cut(rest, "?"); ok {
		rest = host + "?…"
	}
	return scheme + "://" + rest
}

func holdsPassword(url string) bool {
	_, user, _, _ := userinfo(url)
	return strings.Contains(user, ":")
}

// userinfo takes a URL apart; ok is whether it is one.
func userinfo(url string) (scheme, user, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(url, "://")
	sender := ""
	if i := strings.LastIndex(rest, "?from="); i >= 0 && strings.HasPrefix(scheme, "smtp") {
		rest, sender = rest[:i], rest[i:] // its @ is another
	}
	user, rest, _ = cutLast(rest, "@")
	return scheme, user, rest + sender, ok
}

// cutLast cuts around the last sep; without one all is after.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}
