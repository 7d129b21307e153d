package rest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"plumbline/demo-app/icat"
)

// collection registers the routes of an entity: all are read in the same ways.
func (s *Server) collection(e *icat.Entity) {
	path := "/" + e.Collection
	s.handle("GET "+path, s.withSession(s.list(e)))
	s.handle("GET "+path+"/count", s.withSession(s.count(e)))
	s.handle("GET "+path+"/findone", s.withSession(s.findOne(e)))
	s.handle("GET "+path+"/{id}", s.withSession(s.get(e)))
	if ingested(e) {
		s.handle("POST "+path, s.withSession(s.create(e)))
	}
	if e.Name == "Dataset" {
		s.handle("PATCH "+path+"/{id}", s.withSession(s.update(e)))
	}
}

func (s *Server) list(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		f, err := filter(e, r, icat.ListParameters())
		if err != nil {
			return err
		}
		keep := e.Public && cacheable(f)
		return s.read(x, r, keep, reading{who, e, f, "list"}, func(ctx context.Context, b []byte) ([]byte, error) {
			found, err := s.find(ctx, who, e, "list", f)
			return icat.AppendArray(b, found), err
		})
	}
}

func (s *Server) count(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		f, err := filter(e, r, icat.CountParameters())
		if err != nil {
			return err
		}
		return s.read(x, r, cacheable(f), reading{who, e, f, "count"}, func(ctx context.Context, b []byte) ([]byte, error) {
			n, err := ask(ctx, s, call{s.Backend, "count", e.Name}, func(ctx context.Context) (int64, error) {
				return s.Catalogue.Count(ctx, who, e, f)
			})
			return strconv.AppendInt(b, n, 10), err
		})
	}
}

func (s *Server) findOne(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		f, err := filter(e, r, icat.FindOneParameters())
		if err != nil {
			return err
		}
		f.Limit = 1
		return s.read(x, r, false, reading{}, func(ctx context.Context, b []byte) ([]byte, error) {
			found, err := s.find(ctx, who, e, "findone", f)
			if err == nil && len(found) == 0 {
				err = icat.Errorf(icat.NoSuchObject, "No %s matches.", e.Name)
			}
			if err != nil {
				return b, err
			}
			return found[0].AppendJSON(b), nil
		})
	}
}

func (s *Server) get(e *icat.Entity) personally {
	return func(x *exchange, r *http.Request, who icat.Session) error {
		id, err := pathID(r)
		if err != nil {
			return err
		}
		f, err := filter(e, r, icat.GetParameters())
		if err != nil {
			return err
		}
		return s.read(x, r, cacheable(f), reading{who, e, f, "get " + strconv.FormatInt(id, 10)}, func(ctx context.Context, b []byte) ([]byte, error) {
			o, err := ask(ctx, s, call{s.Backend, "get", e.Name}, func(ctx context.Context) (icat.Object, error) {
				return s.Catalogue.Get(ctx, who, e, id, f.Include)
			})
			if err != nil {
				return b, err
			}
			return o.AppendJSON(b), nil
		})
	}
}

func (s *Server) find(ctx context.Context, who icat.Session, e *icat.Entity, operation string, f icat.Filter) ([]icat.Object, error) {
	return ask(ctx, s, call{s.Backend, operation, e.Name}, func(ctx context.Context) ([]icat.Object, error) {
		return s.Catalogue.List(ctx, who, e, f)
	})
}

func filter(e *icat.Entity, r *http.Request, allowed []string) (icat.Filter, error) {
	query, err := parameters(r)
	if err != nil {
		return icat.Filter{}, err
	}
	return icat.ParseFilter(e, query, allowed)
}

func parameters(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, icat.Errorf(icat.BadParameter, "query string is not well-formed")
	}
	return query, nil
}

// pathID reads the id in the path. It has one spelling: digits alone.
func pathID(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || text[0] == '+' {
		return 0, icat.Errorf(icat.BadParameter, "id is not a whole number from 1")
	}
	return id, nil
}
