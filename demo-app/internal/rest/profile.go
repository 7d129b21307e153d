package rest

import (
	"context"
	"net/http"
	"unicode/utf8"

	"plumbline/demo-app/icat"
)

// profileFields are the ten that the first ICAT demo answered, in its order.
var profileFields = [...]string{
	"createId", "createTime", "id", "modId", "modTime", "affiliation", "email", "fullName", "name", "orcidId",
}

// profile answers ten fields of a user, all of them always; it needs no session.
func (s *Server) profile(x *exchange, r *http.Request) error {
	name, err := pathText(r, "username")
	if err != nil {
		return err
	}
	user, _ := icat.Lookup("User")
	return s.read(x, r, true, reading{entity: user, what: "profile " + name}, func(ctx context.Context, b []byte) ([]byte, error) {
		u, err := ask(ctx, s, call{s.Backend, "profile", user.Name}, func(ctx context.Context) (icat.Object, error) {
			return s.Catalogue.UserByName(ctx, name)
		})
		if err != nil {
			return b, err
		}
		return tenFields(u).AppendJSON(b), nil
	})
}

// tenFields returns u as a profile shows it: "" stands for null.
func tenFields(u icat.Object) icat.Object {
	p := icat.Object{Entity: &icat.Entity{Name: u.Entity.Name}}
	for _, name := range profileFields {
		f, _ := u.Entity.Field(name)
		v := u.Value(name)
		if v == nil {
			v = ""
		}
		p.Entity.Fields = append(p.Entity.Fields, f)
		p.Values = append(p.Values, v)
	}
	return p
}

// pathText reads a text in the path. What is not UTF-8 names nothing.
func pathText(r *http.Request, name string) (string, error) {
	text := r.PathValue(name)
	if !utf8.ValidString(text) {
		return "", icat.Errorf(icat.BadParameter, "%s is not UTF-8", name)
	}
	return text, nil
}

func (s *Server) search(x *exchange, r *http.Request, who icat.Session) error {
	query, err := parameters(r)
	if err != nil {
		return err
	}
	q, err := icat.ParseSearch(query)
	if err != nil {
		return err
	}
	found, err := ask(r.Context(), s, call{s.Backend, "search", q.Target.Name}, func(ctx context.Context) (icat.SearchResult, error) {
		return s.Catalogue.Search(ctx, who, q)
	})
	if err != nil {
		return err
	}
	x.writeJSON(http.StatusOK, found)
	return nil
}
