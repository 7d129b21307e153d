// Package journey is what the load generator asks for: what users of the
// catalogue do, as series of requests that depend on each other, with the
// status that each should answer. It knows the API's routes, the facility's
// names and ids and who may read what; when to send and over what is package
// attack's.
//
// A visit is one user's walk through a journey. Its content follows from the
// seed, the run's name and time and the visit's number alone. Two things depend
// on how fast the target answers: the order in which the requests of concurrent
// visits interleave, and whether somebody who returns finds a session still open
// and so needs no login. Of the answers three things are used: the session that
// a login opened, the id of a dataset that was created, and what a defined
// journey captures.
//
// Journeys are either built in, as functions that draw a visit, or defined by a
// YAML file, which Read turns into the same.
package journey

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Auth says under which session a step goes out.
type Auth int

const (
	Nobody Auth = iota // without a session
	Own                // with the session that the visit's login made
	Stale              // with a session id that nobody ever got
)

// Keep says what later steps need of an answer. Anything but Nothing obliges
// the sender to hand the body to Done.
type Keep int

const (
	Nothing  Keep = iota
	Session       // the answer of POST /sessions
	Created       // the answer of POST /datasets: an array of one
	Captured      // whatever a defined journey captures
)

// Step is one request of a journey.
type Step struct {
	Journey string
	Method  string
	Route   string // template, as in http.route
	Path    string // with the query
	Body    string // JSON; "" for none
	Auth    Auth
	Expect  int // the status that should come; 0 for any
	Keep    Keep

	user    string    // whom a login lets in
	written *written  // of a defined journey: what Path and Body are filled from
	capture []capture // of a defined journey
}

// stage is a set of steps that go out together, as a page of the real user
// interface asks for a list and its count at once. The next stage waits for all.
type stage []Step

// created stands in a path, and as a string in a body, for the id that the
// visit created.
const created = "{created}"

// filled puts in what the visit knows by now.
func (s Step) filled(v *visit) Step {
	if s.written != nil {
		s.Path, s.Body = s.written.fill(v)
		return s
	}
	if v.created != 0 {
		digits := strconv.FormatInt(v.created, 10)
		s.Path = strings.ReplaceAll(s.Path, created, digits)
		s.Body = strings.ReplaceAll(s.Body, `"`+created+`"`, digits)
	}
	return s
}

// sessionOf reads the answer of POST /sessions; "" if it is none.
func sessionOf(body []byte) string {
	var answer struct {
		SessionID string `json:"sessionID"`
	}
	if json.Unmarshal(body, &answer) != nil || !sendable(answer.SessionID) {
		return ""
	}
	return answer.SessionID
}

// sendable reports whether a session id can go into a header as it is.
func sendable(id string) bool {
	return len(id) <= 1024 && !strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' })
}

// createdBy reads the answer of POST /datasets; 0 if it is none.
func createdBy(body []byte) int64 {
	var answer []struct {
		ID int64 `json:"id"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer) != 1 {
		return 0
	}
	return answer[0].ID
}
