package console

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

// Status is a run under way, the JSON of GET /status. Times are nanoseconds,
// rates per second.
type Status struct {
	Run        ledger.Header             `json:"run"`
	Phase      string                    `json:"phase"` // sending, paused or draining: waiting for the last answers
	Elapsed    time.Duration             `json:"elapsed"`
	Wanted     float64                   `json:"rate_wanted"`      // now; 0 if the target decides
	Achieved   float64                   `json:"rate_achieved"`    // over the last full second
	Factor     *float64                  `json:"factor,omitempty"` // that the schedule is multiplied by; absent if it cannot be turned
	Planned    uint64                    `json:"planned"`          // of the whole schedule; 0 if the target decides
	Due        uint64                    `json:"due,omitempty"`    // arrivals so far; they can differ from the schedule's when it was turned
	Sent       uint64                    `json:"sent"`
	InFlight   int                       `json:"in_flight"`
	Outcomes   map[ledger.Outcome]uint64 `json:"outcomes"`
	Statuses   map[int]uint64            `json:"statuses"`
	Unexpected uint64                    `json:"unexpected"`
	NoAnswer   uint64                    `json:"no_answer"`
	Journeys   []report.Journey          `json:"journeys"`
	Mix        []Share                   `json:"mix,omitempty"` // absent if it cannot be changed
	Recent     report.Percentiles        `json:"latency_recent"`
	Latency    report.Percentiles        `json:"latency"`
	Service    report.Percentiles        `json:"service"`
	History    []report.Point            `json:"history"` // a point per second, the last 5 minutes
}

// Share is the weight of a journey among the visits that begin.
type Share struct {
	Journey string `json:"journey"`
	Weight  int    `json:"weight"`
}

// Control is what POST /control takes: one of these, as JSON.
type Control struct {
	Factor *float64 `json:"factor,omitempty"` // 0 to pace.MaxFactor
	Paused *bool    `json:"paused,omitempty"`
	Mix    []Share  `json:"mix,omitempty"` // journeys not named keep their weight
	Stop   bool     `json:"stop,omitempty"`
}

const maxControl = 16 << 10 // bytes

func (s *server) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.now())
}

func (s *server) now() Status {
	state := s.Watch.State()
	out := Status{
		Run: s.Run, Phase: "sending", Elapsed: max(state.Elapsed, 0), Wanted: state.Wanted, Achieved: state.Achieved, Planned: s.Planned,
		Sent: state.Sent, InFlight: state.InFlight, Outcomes: state.Outcomes, Statuses: state.Statuses,
		Unexpected: state.Unexpected, NoAnswer: state.NoAnswer, Journeys: state.Journeys,
		Recent: state.Recent, Latency: state.Latency.Percentiles(), Service: state.Service.Percentiles(), History: state.History,
	}
	if s.Governor != nil {
		factor, paused := s.Governor.Factor()
		out.Factor, out.Due = &factor, s.Governor.Planned()
		if paused {
			out.Phase = "paused"
		}
	}
	if s.Source != nil {
		for _, m := range s.Source.Mix() {
			out.Mix = append(out.Mix, Share{m.Name, m.Weight})
		}
	}
	if s.draining(state.Elapsed) {
		out.Phase = "draining"
	}
	return out
}

func (s *server) draining(elapsed time.Duration) bool {
	select {
	case <-s.Stopping:
		return true
	default:
		return elapsed >= s.Run.Duration
	}
}

func (s *server) control(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
		return
	}
	c, err := readControl(http.MaxBytesReader(w, r.Body, maxControl))
	if err == nil {
		err = s.turn(c)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, s.now())
}

func readControl(body io.Reader) (c Control, err error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, errors.New(`the body is not a control such as {"factor": 1.5}, {"paused": true}, {"mix": [{"journey": "search", "weight": 3}]} or {"stop": true}`)
	}
	if _, err := d.Token(); err != io.EOF {
		return c, errors.New("the body goes on after the control")
	}
	given := 0
	for _, is := range []bool{c.Factor != nil, c.Paused != nil, len(c.Mix) > 0, c.Stop} {
		if is {
			given++
		}
	}
	if given != 1 {
		return c, errors.New("give one of factor, paused, mix and stop")
	}
	return c, nil
}

// turn does what a control says.
func (s *server) turn(c Control) error {
	s.turning.Lock()
	defer s.turning.Unlock()
	switch {
	case c.Stop:
		s.Stop()
		return nil
	case c.Mix != nil:
		if s.Source == nil {
			return errors.New("this run asks for a single path: it has no mix")
		}
		var mix []journey.Share
		for _, m := range c.Mix {
			mix = append(mix, journey.Share{Name: m.Journey, Weight: m.Weight})
		}
		return s.Source.SetMix(mix...)
	case s.Governor == nil:
		return errors.New("this run is in the closed model: the target decides its rate")
	case c.Factor != nil:
		return s.Governor.SetFactor(*c.Factor)
	case *c.Paused:
		s.Governor.Pause()
	default:
		s.Governor.Resume()
	}
	return nil
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // nobody is left to tell
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{message})
}
