package admin

import (
	"cmp"
	"fmt"
	"net/http"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// maxMessage bounds a maintenance message, in bytes.
const maxMessage = 200

type maintenance struct {
	On      bool   `json:"on"`
	Message string `json:"message,omitempty"`
}

func (m maintenance) String() string {
	if !m.On {
		return "off"
	}
	return "on: " + m.Message
}

func (s *Server) nowMaintenance() maintenance {
	message := s.Faults.Maintenance()
	return maintenance{message != "", message}
}

func (s *Server) maintenance(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, s.nowMaintenance())
	return nil
}

func (s *Server) setMaintenance(x *exchange, r *http.Request) error {
	var body struct {
		On      *bool  `json:"on"`
		Message string `json:"message"`
	}
	if err := read(x, r, &body); err != nil {
		return err
	}
	if body.On == nil {
		return icat.Errorf(icat.BadParameter, "maintenance: say on, true or false")
	}
	want := maintenance{*body.On, body.Message}
	switch {
	case len(want.Message) > maxMessage:
		return icat.Errorf(icat.BadParameter, "maintenance: message exceeds %d bytes", maxMessage)
	case !want.On && want.Message != "":
		return icat.Errorf(icat.BadParameter, "maintenance: a message means nothing when it is off")
	case want.On:
		want.Message = cmp.Or(want.Message, "closed for maintenance")
	}
	before := s.nowMaintenance()
	s.Faults.SetMaintenance(want.Message)
	s.changed(x, r, "maintenance", before.String(), want.String())
	x.reply(http.StatusOK, want)
	return nil
}

type level struct {
	Level string `json:"level"`
}

func (s *Server) level(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, level{s.Level().String()})
	return nil
}

func (s *Server) setLevel(x *exchange, r *http.Request) error {
	var want level
	if err := read(x, r, &want); err != nil {
		return err
	}
	to, err := telemetry.ParseLevel(want.Level)
	if err != nil {
		return icat.Errorf(icat.BadParameter, "log-level: not one of debug, info, warn, error")
	}
	before := s.Level()
	s.SetLevel(to)
	s.changed(x, r, "log-level", before.String(), to.String())
	x.reply(http.StatusOK, want)
	return nil
}

func (s *Server) flushCache(x *exchange, r *http.Request) error {
	if s.FlushCache == nil {
		return absent("cache")
	}
	if err := s.FlushCache(r.Context()); err != nil {
		return err
	}
	s.changed(x, r, "cache", "filled", "empty")
	x.reply(http.StatusOK, struct{}{})
	return nil
}

func (s *Server) flushQueue(x *exchange, r *http.Request) error {
	if s.FlushQueue == nil {
		return absent("queue")
	}
	n, err := s.FlushQueue(r.Context())
	if err != nil {
		return err
	}
	s.changed(x, r, "queue", fmt.Sprintf("%d waiting", n), "empty")
	x.reply(http.StatusOK, struct {
		Dropped int `json:"dropped"`
	}{n})
	return nil
}
