package rest

import "net/http"

// profile answers the ten fields of a user; it needs no session.
func (s *Server) profile(x *exchange, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	u, err := s.Store.UserByName(ctx, r.PathValue("username"))
	if err != nil {
		return err
	}
	x.writeJSON(http.StatusOK, u.Profile())
	return nil
}
