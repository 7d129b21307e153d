package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/telemetry"
)

func (s *Server) faults(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, s.Faults.Rules())
	return nil
}

func (s *Server) fault(x *exchange, r *http.Request) error {
	rule, err := s.Faults.Rule(r.PathValue("id"))
	if err == nil {
		x.reply(http.StatusOK, rule)
	}
	return err
}

func (s *Server) setFault(x *exchange, r *http.Request) error {
	var rule fault.Rule
	if err := read(x, r, &rule); err != nil {
		return err
	}
	id := r.PathValue("id")
	if rule.ID != "" && rule.ID != id {
		return icat.Errorf(icat.BadParameter, "fault: the body's id is not the path's")
	}
	rule.ID = id
	if err := s.known(rule); err != nil {
		return err
	}
	before := "none"
	if old, err := s.Faults.Rule(id); err == nil {
		before = compact(old)
	}
	rule, err := s.Faults.Set(rule)
	if err != nil {
		return err
	}
	s.changed(x, r, "faults", before, compact(rule))
	x.reply(http.StatusOK, rule)
	return nil
}

func (s *Server) replaceFaults(x *exchange, r *http.Request) error {
	var rules []fault.Rule
	if err := read(x, r, &rules); err != nil {
		return err
	}
	if rules == nil { // null is too easily sent by mistake
		return icat.Errorf(icat.BadParameter, "faults: want a list, [] for none")
	}
	for _, rule := range rules {
		if err := s.known(rule); err != nil {
			return err
		}
	}
	before := compact(s.Faults.Rules())
	rules, err := s.Faults.Replace(rules)
	if err != nil {
		return err
	}
	s.changed(x, r, "faults", before, compact(rules))
	x.reply(http.StatusOK, rules)
	return nil
}

func (s *Server) deleteFault(x *exchange, r *http.Request) error {
	old, err := s.Faults.Rule(r.PathValue("id"))
	if err == nil {
		err = s.Faults.Delete(old.ID)
	}
	if err != nil {
		return err
	}
	s.changed(x, r, "faults", compact(old), "none")
	x.reply(http.StatusOK, old)
	return nil
}

func (s *Server) clearFaults(x *exchange, r *http.Request) error {
	old := s.Faults.Rules()
	s.Faults.Clear()
	s.changed(x, r, "faults", compact(old), "none")
	x.reply(http.StatusOK, old)
	return nil
}

// known refuses a fault for a route that nothing can ever befall.
func (s *Server) known(rule fault.Rule) error {
	special := []string{fault.EveryRoute, telemetry.RouteUnmatched}
	if slices.Contains(special, rule.Route) || slices.Contains(s.Routes, rule.Route) {
		return nil
	}
	return icat.Errorf(icat.BadParameter, "fault: no such route; known: %v", append(special, s.Routes...))
}

func (s *Server) pressure(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, s.Pressure.Load())
	return nil
}

func (s *Server) applyPressure(x *exchange, r *http.Request) error {
	var load fault.Load
	if err := read(x, r, &load); err != nil {
		return err
	}
	before := s.Pressure.Load()
	load, err := s.Pressure.Apply(load)
	if err != nil {
		return err
	}
	s.changed(x, r, "pressure", shownLoad(before), shownLoad(load))
	x.reply(http.StatusOK, load)
	return nil
}

func (s *Server) endPressure(x *exchange, r *http.Request) error {
	before := s.Pressure.Load()
	s.Pressure.End()
	s.changed(x, r, "pressure", shownLoad(before), "none")
	x.reply(http.StatusOK, before)
	return nil
}

func shownLoad(l fault.Load) string {
	if l == (fault.Load{}) {
		return "none"
	}
	return compact(l)
}

func (s *Server) pool(x *exchange, _ *http.Request) error {
	if s.Pool == nil {
		return absent("database pool")
	}
	x.reply(http.StatusOK, s.Pool.Size())
	return nil
}

func (s *Server) resizePool(x *exchange, r *http.Request) error {
	if s.Pool == nil {
		return absent("database pool")
	}
	var size fault.PoolSize
	if err := read(x, r, &size); err != nil {
		return err
	}
	before := s.Pool.Size()
	size, err := s.Pool.Resize(size)
	if err != nil {
		return err
	}
	s.changed(x, r, "pool", fmt.Sprint(before.Size), fmt.Sprint(size.Size))
	x.reply(http.StatusOK, size)
	return nil
}

func absent(what string) error {
	return icat.Errorf(icat.NotImplemented, "this server has no %s", what)
}

// compact is a value as the log shows it.
func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types always encode
	}
	return string(b)
}
