package rest

import (
	"context"
	"net/http"

	"plumbline/demo-app/icat"
)

// create makes the entities of the body, all or none, and answers with them as
// they were stored. Whether the caller may is the catalogue's to say.
func (s *Server) create(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		body, err := s.readIngest(x, r, who, "CREATE", e)
		if err != nil {
			return err
		}
		objects, err := icat.ParseObjects(e, body)
		if err != nil {
			return err
		}
		made, err := ask(r.Context(), s, call{s.Backend, "create", e.Name}, func(ctx context.Context) ([]icat.Object, error) {
			return s.Catalogue.Create(ctx, who, objects)
		})
		if err != nil {
			return err
		}
		s.forget(r.Context(), x, e)
		s.writeAppended(x, http.StatusOK, func(b []byte) []byte { return icat.AppendArray(b, made) })
		return nil
	}
}

// update changes the fields that the body names.
func (s *Server) update(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		if name := r.PathValue("id"); name == "count" || name == "findone" {
			x.Header().Set("Allow", "GET, HEAD") // a path of its own, which only looks like an id here
			return icat.Errorf(icat.MethodNotAllowed, "method not allowed here; allowed: GET, HEAD")
		}
		id, err := pathID(r)
		if err != nil {
			return err
		}
		body, err := s.readIngest(x, r, who, "UPDATE", e)
		if err != nil {
			return err
		}
		change, err := icat.ParseChange(e, body)
		if err != nil {
			return err
		}
		stored, err := ask(r.Context(), s, call{s.Backend, "update", e.Name}, func(ctx context.Context) (icat.Object, error) {
			return s.Catalogue.Update(ctx, who, change, id)
		})
		if err != nil {
			return err
		}
		s.forget(r.Context(), x, e)
		s.writeAppended(x, http.StatusOK, stored.AppendJSON)
		return nil
	}
}

// readIngest reads the body of a write, which may be large. Who may not write
// is told before, and only so many arrive at a time: they wait in memory.
func (s *Server) readIngest(x *exchange, r *http.Request, who icat.Session, access string, e *icat.Entity) ([]byte, error) {
	if err := s.Catalogue.Permit(who, access, e); err != nil {
		return nil, err
	}
	select {
	case s.arriving <- struct{}{}:
		defer func() { <-s.arriving }()
	default:
		return nil, x.later(icat.Errorf(icat.Unavailable, "too many bodies are on their way"), retryBusy)
	}
	return x.readBody(r, maxIngest)
}
