package rest

import (
	"net/http"

	"plumbline/demo-app/icat"
)

func (s *Server) login(x *exchange, r *http.Request) error {
	var c icat.Credentials
	if err := x.readJSON(r, &c); err != nil {
		return err
	}
	if c.Username == "" || c.Password == "" {
		return icat.Errorf(icat.BadParameter, "username and password must not be empty")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	if err := s.Store.Login(ctx, c); err != nil {
		return err
	}
	session := s.Sessions.Open(c.Username)
	x.user = session.Username
	x.writeJSON(http.StatusCreated, icat.SessionID{ID: session.ID})
	return nil
}

func (s *Server) session(x *exchange, _ *http.Request) error {
	x.writeJSON(http.StatusOK, x.session)
	return nil
}

// logout answers an empty string, as DataGateway does.
func (s *Server) logout(x *exchange, _ *http.Request) error {
	s.Sessions.Close(x.session.ID)
	x.writeJSON(http.StatusOK, "")
	return nil
}
