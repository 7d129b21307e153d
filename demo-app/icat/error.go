package icat

import (
	"errors"
	"fmt"
	"net/http"
)

// Code says what went wrong, in ICAT's words where ICAT has one.
type Code string

// ICAT's codes.
const (
	BadParameter           Code = "BAD_PARAMETER"
	InsufficientPrivileges Code = "INSUFFICIENT_PRIVILEGES"
	BadSession             Code = "SESSION"
	NoSuchObject           Code = "NO_SUCH_OBJECT_FOUND"
	ObjectAlreadyExists    Code = "OBJECT_ALREADY_EXISTS"
	Validation             Code = "VALIDATION"
	Internal               Code = "INTERNAL"
	NotImplemented         Code = "NOT_IMPLEMENTED"
)

// Codes that this API adds where ICAT has no word or a misleading one.
const (
	Unauthenticated      Code = "UNAUTHENTICATED"        // no bearer session was sent
	NoSuchRoute          Code = "NO_SUCH_ROUTE"          // nothing answers at this path
	MethodNotAllowed     Code = "METHOD_NOT_ALLOWED"     // the path exists, the method does not
	TooLarge             Code = "TOO_LARGE"              // request body beyond the limit
	UnsupportedMediaType Code = "UNSUPPORTED_MEDIA_TYPE" // request body that says it is not JSON
	ClientClosed         Code = "CLIENT_CLOSED"          // the client left before an answer
	ConnectionCut        Code = "CONNECTION_CUT"         // the connection was cut on purpose, without an answer
	BadUpstream          Code = "BAD_UPSTREAM"           // the catalogue answered nonsense
	Unavailable          Code = "UNAVAILABLE"            // the catalogue cannot be reached
	Timeout              Code = "TIMEOUT"                // the catalogue took too long
)

// Codes returns all codes that an answer may carry.
func Codes() []Code {
	return []Code{
		BadParameter, InsufficientPrivileges, BadSession, NoSuchObject, ObjectAlreadyExists, Validation, Internal, NotImplemented,
		Unauthenticated, NoSuchRoute, MethodNotAllowed, TooLarge, UnsupportedMediaType, BadUpstream, Unavailable, Timeout,
	}
}

// What is logged and counted when there was no answer; it never goes over the
// wire. The numbers are nginx's.
const (
	StatusConnectionCut = 444
	StatusClientClosed  = 499
)

// Status returns the HTTP status of c; this is the only such table.
func (c Code) Status() int {
	switch c {
	case BadParameter:
		return http.StatusBadRequest
	case Unauthenticated:
		return http.StatusUnauthorized
	case InsufficientPrivileges, BadSession:
		return http.StatusForbidden
	case NoSuchObject, NoSuchRoute:
		return http.StatusNotFound
	case MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case ObjectAlreadyExists, Validation:
		return http.StatusPreconditionFailed
	case UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case ConnectionCut:
		return StatusConnectionCut
	case ClientClosed:
		return StatusClientClosed
	case NotImplemented:
		return http.StatusNotImplemented
	case BadUpstream:
		return http.StatusBadGateway
	case Unavailable:
		return http.StatusServiceUnavailable
	case Timeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// Error is an error the client is told of. Message is for the client and for
// the log; it never repeats what a query or a body held, since that may be a
// secret. Err is the cause, for the log alone.
type Error struct {
	Code    Code
	Message string
	Err     error
}

// Errorf returns an Error without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error with a cause.
func Wrap(code Code, message string, err error) *Error {
	return &Error{Code: code, Message: message, Err: err}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an Error; what is none becomes INTERNAL, its text kept
// from the client.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Wrap(Internal, "internal error; quote the requestId to the operator", err)
}

// Envelope is the body of every error answer.
type Envelope struct {
	Code      Code   `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}
