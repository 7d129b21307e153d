package main

import (
	"net/http"

	"plumbline/loadgen/journey"
)

// single asks for one path over and over, in place of the journeys.
type single struct{ path string }

func (s single) Next() journey.Request {
	return journey.Request{Step: journey.Step{Journey: "get", Method: http.MethodGet, Route: s.path, Path: s.path, Expect: http.StatusOK}}
}

func (single) Done(journey.Request, int, []byte) {}
