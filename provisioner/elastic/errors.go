package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// An Error is a refusal by Elasticsearch itself.
type Error struct {
	Op     string // what was asked, e.g. "search logs-icat.access-default"
	Status int    // HTTP status
	Type   string // Elasticsearch's name of the error, "" if it gave none
	Reason string // its sentence
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.Op, e.Status, http.StatusText(e.Status))
	if e.Type != "" {
		text += ": " + e.Type
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Hint says what to try next.
func (e *Error) Hint() string {
	switch e.Type {
	case "index_closed_exception":
		return "open the index again (POST INDEX/_open), or name another"
	case "search_context_missing_exception":
		return "the view of the index is gone: was Elasticsearch restarted, or the machine asleep? ask again"
	case "search_phase_execution_exception", "no_shard_available_action_exception", "cluster_block_exception":
		return "is a shard missing? GET _cluster/health says red then; wait until it is yellow or green"
	case "too_many_buckets_exception":
		return "raise search.max_buckets to its default, 65535"
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return "is the password or key file the one of this Elasticsearch? 'provisioner setup' makes new keys"
	case http.StatusForbidden:
		return "this key's role does not allow it: reader.key reads, provisioner.key administers, loadgen.key adds a run's own documents"
	}
	return ""
}

// Is reports a missing index or document, an absent endpoint, and so on, by
// HTTP status: errors.Is(err, &Error{Status: 404}).
func (e *Error) Is(target error) bool {
	want, ok := target.(*Error)
	return ok && *want == Error{Status: e.Status}
}

// answerError reads an error answer in any of the shapes Elasticsearch uses.
func answerError(op string, status int, body []byte) *Error {
	e := &Error{Op: op, Status: status}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return e
	}
	type cause struct{ Type, Reason, Index string }
	var full struct {
		cause
		Root []cause `json:"root_cause"`
	}
	if json.Unmarshal(answer.Error, &full) != nil {
		_ = json.Unmarshal(answer.Error, &e.Reason) // a bare sentence: an unknown path or method
		return e
	}
	e.Type, e.Reason = full.Type, full.Reason
	if full.Type == "index_closed_exception" && full.Index != "" { // its sentence is "closed", and of a pattern nobody knows which
		e.Reason = full.Index + " is closed"
	}
	// "all shards failed" says less than its cause.
	if len(full.Root) > 0 && full.Type == "search_phase_execution_exception" {
		e.Type, e.Reason = full.Root[0].Type, full.Root[0].Reason
	}
	return e
}

// A ConnectError says that Elasticsearch could not be asked at all.
type ConnectError struct {
	Op, Host string
	What     string // one phrase, e.g. "connection refused"
	// Permanent is set when waiting will not help: the certificate is not trusted.
	Permanent bool
	hint      string
	cause     error
}

func (e *ConnectError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Op, e.Host, e.What) }
func (e *ConnectError) Unwrap() error { return e.cause }

// Hint says what to try next.
func (e *ConnectError) Hint() string { return e.hint }

// connectError turns the transport's error into one phrase and one hint.
func connectError(ctx context.Context, op, host string, err error) error {
	e := &ConnectError{Op: op, Host: host, cause: err}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		verify  *tls.CertificateVerificationError
		plain   tls.RecordHeaderError
		dns     *net.DNSError
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.What = "stopped before an answer"
	case ctx.Err() != nil:
		e.What, e.hint = "no answer in the time allowed", "is Elasticsearch overloaded? look at its log"
	case errors.As(err, &unknown):
		e.What, e.hint = "the server's certificate is not signed by the given CA", "wrong CA file? give the one this server was set up with"
	case errors.As(err, &name):
		e.What, e.hint = "the server's certificate is not for this name", "use a name or address in -es that the certificate was made for"
	case errors.As(err, &verify):
		e.What, e.hint = fmt.Sprintf("the server's certificate is not valid: %v", verify.Err), "expired? make a new one and restart Elasticsearch"
	case errors.As(err, &plain):
		e.What, e.hint = "the server does not speak TLS", "use http:// instead of https:// in -es"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.What, e.hint = "connection refused", "nothing listens there: is Elasticsearch running, and the port right?"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.What, e.hint = "connection closed before the answer was complete", "did Elasticsearch just stop? or does it want https:// in -es?"
	case errors.As(err, &dns):
		e.What, e.hint = "no such host", "check the name in -es"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.What, e.hint = "no answer in the time allowed", "is Elasticsearch overloaded, or a firewall in between?"
	default:
		e.What = err.Error()
	}
	e.Permanent = errors.As(err, &verify) || errors.As(err, &plain)
	return e
}

// A hintedError is a refusal by this package before anything was asked.
type hintedError struct{ text, hint string }

func (e *hintedError) Error() string { return e.text }

// Hint says what to try next.
func (e *hintedError) Hint() string { return e.hint }

func hinted(hint, format string, args ...any) error {
	return &hintedError{text: fmt.Sprintf(format, args...), hint: hint}
}
