package kibana

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// An Error is a refusal by Kibana itself.
type Error struct {
	Host, Op   string
	Status     int
	Message    string          // Kibana's sentence
	Attributes json.RawMessage // what it adds for programs
}

func (e *Error) Error() string {
	text := fmt.Sprintf("kibana at %s: %s: %d", e.Host, e.Op, e.Status)
	if e.Message == "" {
		return text + " " + http.StatusText(e.Status)
	}
	return text + " " + e.Message
}

// Hint says what to try next.
func (e *Error) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return knownHint
	case e.Status == http.StatusForbidden:
		return "this user may not change that space: give one with all rights for saved objects and stack rules there, or an administrator"
	case strings.Contains(e.Message, "encryptionKey"):
		return "set it in kibana.yml and start Kibana again, or leave out the alert rules: -alerts=false"
	case e.Status == http.StatusUnprocessableEntity:
		return "these objects are for newer versions of Kibana"
	}
	return ""
}

const knownHint = "is that the password file or key file of this Kibana's Elasticsearch?"

// refused reads Kibana's form of an error.
func (c *Client) refused(op string, status int, body []byte) *Error {
	e := &Error{Host: c.base.Host, Op: op, Status: status}
	var said struct {
		Message    string
		Attributes json.RawMessage
	}
	if json.Unmarshal(body, &said) == nil {
		e.Message, e.Attributes = said.Message, said.Attributes
	}
	if status == http.StatusUnauthorized || e.Message == "" && status == http.StatusNotFound {
		e.Message = "" // many lines of Elasticsearch's
	}
	e.Message, _, _ = strings.Cut(e.Message, "\n")
	return e
}

// status is the HTTP status of an *Error in err's chain, or 0.
func status(err error) int {
	if e, is := errors.AsType[*Error](err); is {
		return e.Status
	}
	return 0
}

// An unreachable says that Kibana could not be asked at all.
type unreachable struct {
	host, op, what, hint string
	permanent            bool // waiting will not help
}

func (e *unreachable) Error() string {
	return fmt.Sprintf("kibana at %s: %s: %s", e.host, e.op, e.what)
}

// Hint says what to try next.
func (e *unreachable) Hint() string { return e.hint }

// unanswered says why there is no answer, without the address, which may be long.
func (c *Client) unanswered(op string, err error) error {
	e := &unreachable{host: c.base.Host, op: op, what: err.Error()}
	if of := new(url.Error); errors.As(err, &of) {
		e.what = of.Err.Error()
	}
	var (
		certificate *tls.CertificateVerificationError
		plain       tls.RecordHeaderError
		dns         *net.DNSError
	)
	switch {
	case errors.Is(err, context.Canceled):
		e.what = "stopped before an answer"
	case errors.As(err, &certificate):
		e.what, e.hint, e.permanent = "its certificate is not trusted: "+certificate.Err.Error(), "give the authority that signed it: -kibana-ca FILE", true
	case errors.As(err, &plain):
		e.what, e.hint, e.permanent = "it does not speak TLS", "use http:// instead of https:// in -kibana", true
	case errors.As(err, &dns):
		e.what, e.hint = "no such host", "check the name in -kibana"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.what, e.hint = "connection refused", "is Kibana running there? it takes a minute or two to start"
	case errors.Is(err, context.DeadlineExceeded):
		e.what, e.hint = "no answer in the time allowed", "is Kibana overloaded, or a firewall in between?"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		e.what, e.hint = "connection closed before an answer", "did Kibana just stop? or does it want https:// in -kibana?"
	}
	return e
}
