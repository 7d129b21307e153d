package icatfake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"plumbline/demo-app/icat"
)

// who returns the caller of a request that needs a session.
func (s *Server) who(parameters map[string]string) (icat.Session, error) {
	id := parameters["sessionId"]
	found, err := s.sessions.find(id)
	return icat.Session{ID: id, Username: found.username, Expires: icat.At(found.expires)}, err
}

// query answers GET /entityManager.
func (s *Server) query(r *http.Request, parameters map[string]string) (any, error) {
	text, ok := parameters["query"]
	if !ok {
		return nil, icat.Errorf(icat.BadParameter, "query is not set")
	}
	who, err := s.who(parameters)
	if err != nil {
		return nil, err
	}
	if id, ok := parameters["id"]; ok {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, refuse("id %q is no number", id)
		}
		e, include, err := parseGet(text)
		if err != nil {
			return nil, err
		}
		o, err := s.options.Store.Get(r.Context(), who, e, n, include)
		if err != nil {
			return nil, err
		}
		return wrapped{o}, s.bounded([]icat.Object{o})
	}
	q, err := parse(text, who.Username)
	if err != nil {
		return nil, err
	}
	if q.count {
		n, err := s.options.Store.Count(r.Context(), who, q.entity, q.filter)
		return []int64{n}, err
	}
	objects, err := s.options.Store.List(r.Context(), who, q.entity, q.filter)
	if err != nil {
		return nil, err
	}
	if err := s.bounded(objects); err != nil {
		return nil, err
	}
	rows := make([]any, len(objects)) // never null
	for i, o := range objects {
		rows[i] = wrapped{o}
		if q.columns != nil {
			rows[i] = row(o, q.columns)
		}
	}
	return rows, nil
}

func (s *Server) bounded(objects []icat.Object) error {
	n := 0
	for _, o := range objects {
		n += o.Count()
	}
	if n > s.options.MaxEntities {
		return icat.Errorf(icat.Validation, "attempt to return more than %d entities", s.options.MaxEntities)
	}
	return nil
}

// write answers POST /entityManager: one update, or creations of one kind. A
// real icat.server takes any mixture of both.
func (s *Server) write(r *http.Request, parameters map[string]string) (any, error) {
	who, err := s.who(parameters)
	if err != nil {
		return nil, err
	}
	text, ok := parameters["entities"]
	if !ok {
		return nil, icat.Errorf(icat.BadParameter, "entities is not set")
	}
	var list []map[string]map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		return nil, refuse(`entities is not of the form [{"Entity":{...}}]`)
	}
	var creations []icat.Object
	for i, item := range list {
		e, members, err := single(item)
		if err != nil {
			return nil, &atOffset{i, err}
		}
		if raw, ok := members["id"]; ok {
			if len(list) > 1 {
				return nil, &atOffset{i, refuse("an update among others")}
			}
			if err := s.update(r, who, e, raw, members); err != nil {
				return nil, &atOffset{0, err}
			}
			return []int64{}, nil
		}
		o, err := s.decode(e, members, icat.ParseObjects)
		if err != nil {
			return nil, &atOffset{i, err}
		}
		if len(creations) > 0 && creations[0].Entity != e {
			return nil, &atOffset{i, refuse("creations of several kinds")}
		}
		creations = append(creations, o)
	}
	created, err := s.options.Store.Create(r.Context(), who, creations)
	if err != nil {
		return nil, &atOffset{0, err} // the store does not say which
	}
	ids := make([]int64, len(created))
	for i, o := range created {
		ids[i] = o.ID()
	}
	return ids, nil
}

func (s *Server) update(r *http.Request, who icat.Session, e *icat.Entity, raw json.RawMessage, members map[string]json.RawMessage) error {
	var id int64
	if err := json.Unmarshal(raw, &id); err != nil {
		return refuse("id is no number")
	}
	delete(members, "id")
	change, err := s.decode(e, members, func(e *icat.Entity, body []byte) ([]icat.Object, error) {
		o, err := icat.ParseChange(e, body)
		return []icat.Object{o}, err
	})
	if err != nil {
		return err
	}
	_, err = s.options.Store.Update(r.Context(), who, change, id)
	return err
}

// single takes {"Entity":{...}} apart.
func single(item map[string]map[string]json.RawMessage) (*icat.Entity, map[string]json.RawMessage, error) {
	for name, members := range item {
		if e, ok := icat.Lookup(name); ok && len(item) == 1 {
			return e, members, nil
		}
	}
	return nil, nil, icat.Errorf(icat.BadParameter, "entity must have one keyword followed by its values")
}

// dateForm is the only one that icat.server reads.
var dateForm = regexp.MustCompile(`^"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}(Z|[+-]\d{2}:\d{2})"$`)

func (s *Server) decode(e *icat.Entity, members map[string]json.RawMessage, parse func(*icat.Entity, []byte) ([]icat.Object, error)) (icat.Object, error) {
	for name, raw := range members {
		if f, ok := e.Field(name); ok && f.Kind == icat.Date && !dateForm.Match(raw) {
			return icat.Object{}, icat.Errorf(icat.BadParameter, "Badly formatted date %s", strings.Trim(string(raw), `"`))
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return icat.Object{}, err
	}
	objects, err := parse(e, body)
	if err != nil {
		return icat.Object{}, err
	}
	return objects[0], nil
}
