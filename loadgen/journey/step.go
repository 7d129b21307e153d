// Package journey is what the load generator asks for: what users of the
// catalogue do, as series of requests that depend on each other, with the
// status that each should answer. It knows the API's routes and the facility's
// names and ids; when to send and over what is package attack's.
//
// A visit is one user's walk through a journey. Its content follows from the
// seed and the visit's number alone; only the order in which the requests of
// concurrent visits interleave depends on how fast the target answers.
package journey

import (
	"encoding/json"
	"net/http"
)

// Auth says under which session a step goes out.
type Auth int

const (
	Nobody Auth = iota // without a session
	Own                // with the session that the visit's login made
	Stale              // with a session id that nobody ever got
)

// Step is one request of a journey.
type Step struct {
	Journey string
	Method  string
	Route   string // template, as in http.route
	Path    string // with the query
	Body    string // JSON; "" for none
	Auth    Auth
	Expect  int  // the status that should come
	Login   bool // the answer holds the visit's session
}

// stage is a set of steps that go out together, as a page of the real user
// interface asks for a list and its count at once. The next stage waits for all.
type stage []Step

// sessionOf reads the answer of POST /sessions.
func sessionOf(body []byte) string {
	var answer struct {
		SessionID string `json:"sessionID"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return answer.SessionID
}

func login(username, password string, expect int) Step {
	body, _ := json.Marshal(map[string]string{"username": username, "password": password}) // two strings always marshal
	return Step{Method: http.MethodPost, Route: "/sessions", Path: "/sessions", Body: string(body), Expect: expect, Login: expect == http.StatusCreated}
}

func logout() Step {
	return Step{Method: http.MethodDelete, Route: "/sessions", Path: "/sessions", Auth: Own, Expect: http.StatusOK}
}

func get(route, path string) Step {
	return Step{Method: http.MethodGet, Route: route, Path: path, Auth: Own, Expect: http.StatusOK}
}
