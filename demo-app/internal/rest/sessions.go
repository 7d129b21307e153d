package rest

import (
	"context"
	"net/http"

	"plumbline/demo-app/icat"
)

func (s *Server) login(x *exchange, r *http.Request) error {
	var c icat.Credentials
	if err := x.readJSON(r, &c); err != nil {
		return err
	}
	if c.Mechanism != icat.Anonymous && (c.Username == "" || c.Password == "") {
		return icat.Errorf(icat.BadParameter, "username and password must not be empty")
	}
	session, err := ask(r.Context(), s, call{"authority", "login", ""}, func(ctx context.Context) (icat.Session, error) {
		return s.Authority.Login(ctx, c)
	})
	if err != nil {
		return err
	}
	x.user = session.Username
	x.writeJSON(http.StatusCreated, icat.SessionID{ID: session.ID})
	return nil
}

func (s *Server) session(x *exchange, _ *http.Request, who icat.Session) error {
	x.writeJSON(http.StatusOK, who)
	return nil
}

// refresh answers an empty string, as DataGateway does, and so does logout.
func (s *Server) refresh(x *exchange, r *http.Request, who icat.Session) error {
	_, err := ask(r.Context(), s, call{"authority", "refresh", ""}, func(ctx context.Context) (icat.Session, error) {
		return s.Authority.Refresh(ctx, who.ID)
	})
	if err == nil {
		x.writeJSON(http.StatusOK, "")
	}
	return err
}

func (s *Server) logout(x *exchange, r *http.Request, who icat.Session) error {
	err := tell(r.Context(), s, call{"authority", "logout", ""}, func(ctx context.Context) error {
		return s.Authority.Logout(ctx, who.ID)
	})
	if err == nil {
		x.writeJSON(http.StatusOK, "")
	}
	return err
}
