package rest

import (
	"net/http"
	"net/url"
	"strconv"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/store"
)

// collection registers list, count and by id for the entities of a table.
func collection[T any](s *Server, t store.Table[T]) {
	path := "/" + t.Entity().Collection
	s.handle("GET "+path, s.withSession(list(s, t)))
	s.handle("GET "+path+"/count", s.withSession(count(s, t)))
	s.handle("GET "+path+"/{id}", s.withSession(byID(s, t)))
}

func list[T any](s *Server, t store.Table[T]) handler {
	return func(x *exchange, r *http.Request) error {
		f, err := filter(t.Entity(), r, false)
		if err != nil {
			return err
		}
		ctx, cancel := deadline(r)
		defer cancel()
		found, err := store.List(ctx, s.Store, t, f)
		if err != nil {
			return err
		}
		x.writeJSON(http.StatusOK, found)
		return nil
	}
}

func count[T any](s *Server, t store.Table[T]) handler {
	return func(x *exchange, r *http.Request) error {
		f, err := filter(t.Entity(), r, true)
		if err != nil {
			return err
		}
		ctx, cancel := deadline(r)
		defer cancel()
		n, err := store.Count(ctx, s.Store, t, f.Where)
		if err != nil {
			return err
		}
		x.writeJSON(http.StatusOK, n)
		return nil
	}
}

func byID[T any](s *Server, t store.Table[T]) handler {
	return func(x *exchange, r *http.Request) error {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil || id < 1 {
			return icat.Errorf(icat.BadParameter, "id is not a whole number from 1")
		}
		ctx, cancel := deadline(r)
		defer cancel()
		v, err := store.Get(ctx, s.Store, t, id)
		if err != nil {
			return err
		}
		x.writeJSON(http.StatusOK, v)
		return nil
	}
}

func filter(e *icat.Entity, r *http.Request, counting bool) (icat.Filter, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return icat.Filter{}, icat.Errorf(icat.BadParameter, "query string is not well-formed")
	}
	return icat.ParseFilter(e, query, counting)
}
