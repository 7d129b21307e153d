package fault

import (
	"cmp"
	"slices"
	"time"

	"plumbline/demo-app/icat"
)

// Rules returns the rules in force, by id.
func (s *Switch) Rules() []Rule {
	rules := []Rule{}
	if now := s.state.Load(); now != nil {
		for _, a := range now.rules {
			rules = append(rules, a.Rule)
		}
	}
	return rules
}

// Rule returns the rule of that id, or NO_SUCH_OBJECT_FOUND.
func (s *Switch) Rule(id string) (Rule, error) {
	for _, r := range s.Rules() {
		if r.ID == id {
			return r, nil
		}
	}
	return Rule{}, unknown()
}

func unknown() error { return icat.Errorf(icat.NoSuchObject, "no fault of this id is in force") }

// Set puts a rule in force from now on, in place of one of the same id. It
// returns the rule with its end.
func (s *Switch) Set(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := s.without(r.ID)
	if len(rules) >= MaxRules {
		return Rule{}, icat.Errorf(icat.Validation, "no more than %d faults at a time", MaxRules)
	}
	a := s.start(r)
	s.replace(append(rules, a))
	return a.Rule, nil
}

// Replace puts exactly these rules in force, or none of them if one is wrong.
func (s *Switch) Replace(rules []Rule) ([]Rule, error) {
	if len(rules) > MaxRules {
		return nil, icat.Errorf(icat.Validation, "no more than %d faults at a time", MaxRules)
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if err := r.check(); err != nil {
			return nil, err
		}
		if seen[r.ID] {
			return nil, icat.Errorf(icat.BadParameter, "fault: two have the same id")
		}
		seen[r.ID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAll()
	var started []*active
	for _, r := range rules {
		started = append(started, s.start(r))
	}
	s.replace(started)
	return s.Rules(), nil
}

// Delete ends the rule of that id at once, or returns NO_SUCH_OBJECT_FOUND.
func (s *Switch) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Rule(id); err != nil {
		return err
	}
	s.replace(s.without(id))
	return nil
}

// Clear ends all rules at once.
func (s *Switch) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAll()
	s.replace(nil)
}

// SetMaintenance makes every route but the operational ones answer UNAVAILABLE
// with the message, until it is called with "".
func (s *Switch) SetMaintenance(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(state{rules: s.current().rules, maintenance: message})
}

// Maintenance returns the message of the maintenance mode, "" when it is off.
func (s *Switch) Maintenance() string { return s.current().maintenance }

// start arms a rule's end.
func (s *Switch) start(r Rule) *active {
	r.For = cmp.Or(r.For, Duration(DefaultFor))
	r.Until = time.Now().Add(time.Duration(r.For)).UTC().Round(0)
	a := &active{Rule: r}
	a.end = time.AfterFunc(time.Duration(r.For), func() { s.expire(a) })
	return a
}

// expire ends a, unless something else has ended it since.
func (s *Switch) expire(a *active) {
	s.mu.Lock()
	mine := slices.Contains(s.current().rules, a)
	if mine {
		s.replace(s.without(a.ID))
	}
	s.mu.Unlock()
	if mine && s.expired != nil {
		s.expired(a.Rule)
	}
}

func (s *Switch) current() state {
	if now := s.state.Load(); now != nil {
		return *now
	}
	return state{}
}

// without returns a copy of the rules without that of id, whose end it disarms.
func (s *Switch) without(id string) []*active {
	return slices.DeleteFunc(slices.Clone(s.current().rules), func(a *active) bool {
		if a.ID == id {
			a.end.Stop()
		}
		return a.ID == id
	})
}

func (s *Switch) stopAll() {
	for _, a := range s.current().rules {
		a.end.Stop()
	}
}

func (s *Switch) replace(rules []*active) {
	slices.SortFunc(rules, func(a, b *active) int { return cmp.Compare(a.ID, b.ID) })
	s.put(state{rules: rules, maintenance: s.current().maintenance})
}

func (s *Switch) put(next state) {
	if len(next.rules) == 0 && next.maintenance == "" {
		s.state.Store(nil)
		return
	}
	s.state.Store(&next)
}
