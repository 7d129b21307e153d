package upstream

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"plumbline/demo-app/icat"
)

// maxText bounds what of the server's own words goes into an error, in bytes.
const maxText = 300

// redacted stands where a session id was.
const redacted = "[session]"

// lost returns the error of a call that got no answer.
func lost(caller, ctx context.Context, cause error) error {
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return icat.Wrap(icat.ClientClosed, "the client left before icat.server answered", cause)
	case ctx.Err() != nil:
		return icat.Wrap(icat.Timeout, "icat.server took too long", cause)
	default:
		return icat.Wrap(icat.Unavailable, "icat.server cannot be reached", cause)
	}
}

// retryable reports whether another attempt may succeed: not when the server's
// certificate is the trouble.
func retryable(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !untrusted
}

// cause returns the text of err without the address, which a url.Error repeats.
func (c call) cause(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return errors.New(c.clear(err.Error()))
}

// clear returns s as one short line of text without the session id.
func (c call) clear(s string) string {
	if c.session != "" {
		s = strings.ReplaceAll(s, c.session, redacted)
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return s
}

// refused returns the error that an answer of another status than 2xx reports.
// Only an answer in ICAT's own form is believed; a proxy's or Payara's page is not.
func (c call) refused(status int, body []byte) error {
	var told struct {
		Code    icat.Code `json:"code"`
		Message string    `json:"message"`
	}
	if json.Unmarshal(body, &told) != nil || told.Code == "" {
		if status == http.StatusServiceUnavailable {
			return icat.Errorf(icat.Unavailable, "icat.server is not available: HTTP 503")
		}
		return icat.Errorf(icat.BadUpstream, "something else than icat.server answered: HTTP %d", status)
	}
	message := c.clear(told.Message)
	if c.login {
		message = "nothing that is repeated" // it may hold what was typed as a password
	}
	said := errors.New("icat.server said: " + message)
	switch told.Code {
	case icat.BadSession: // its text repeats the session id
		return c.session403()
	case icat.InsufficientPrivileges, icat.NoSuchObject, icat.Validation:
		return icat.Errorf(told.Code, "%s", message)
	case icat.ObjectAlreadyExists: // its text repeats the values
		if c.entity == nil {
			return icat.Wrap(told.Code, "the object exists already", said)
		}
		return icat.Wrap(told.Code, c.entity.Name+" exists with the same "+strings.Join(c.entity.Unique, ", "), said)
	case icat.BadParameter:
		return icat.Wrap(told.Code, "icat.server does not accept the request", said)
	case icat.NotImplemented:
		return icat.Wrap(told.Code, "this icat.server does not implement the operation", said)
	case icat.Internal:
		if strings.HasPrefix(message, "Search cancelled for exceeding") {
			return icat.Errorf(icat.Timeout, "%s", message) // INTERNAL would look like a fault
		}
		return icat.Wrap(told.Code, "icat.server met an internal error", said)
	default:
		return icat.Errorf(icat.BadUpstream, "icat.server answered HTTP %d with a code it has never had", status)
	}
}

// session403 says in fixed words what icat.server says with the session id, or
// with what was typed as a password.
func (c call) session403() error {
	if c.login {
		return icat.Errorf(icat.BadSession, "The username and password do not match, or the authenticator is not known")
	}
	return icat.Errorf(icat.BadSession, "Session is not known or has expired")
}
