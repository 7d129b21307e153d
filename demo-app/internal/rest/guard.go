package rest

import (
	"context"
	"net/http"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/limit"
	"plumbline/demo-app/internal/ports"
)

// Seconds after which a client may try again.
const (
	retryBusy        = "1"
	retryMaintenance = "30"
)

// guard stands before the handler of a route: no work beyond the limit, none
// in maintenance, and whatever fault is set for the route. Limit and faults
// themselves let the probes pass.
func (s *Server) guard(template string, h handler) handler {
	return func(x *exchange, r *http.Request) error {
		x.limit = s.Limit
		if err := x.enter(r, template); err != nil {
			return err
		}
		defer x.leave()
		if s.Faults != nil {
			err := s.Faults.Inject(r.Context(), template)
			x.extend(s.RequestTimeout + sending)
			if err != nil {
				return x.later(err, retryMaintenance)
			}
		}
		return h(x, r)
	}
}

// enter takes a place among the requests in flight.
func (x *exchange) enter(r *http.Request, template string) (err error) {
	if x.limit == nil {
		return nil
	}
	if x.pass, err = x.limit.Enter(r.Context(), template); err != nil {
		return x.later(err, retryBusy)
	}
	return nil
}

// leave gives the place back, if there is one.
func (x *exchange) leave() {
	x.pass.Leave()
	x.pass = limit.Pass{}
}

// longWait is how long before its handler a request may be held and still keep
// the deadline that it got when it arrived.
const longWait = 100 * time.Millisecond

// extend gives a request that was held back its whole time to come in and its
// answer to go out: else a delay beyond the server's own limits would cut them,
// and look like a client that is slow or has left.
func (x *exchange) extend(by time.Duration) {
	if time.Since(x.started) > longWait {
		c, until := http.NewResponseController(x.ResponseWriter), time.Now().Add(by)
		_, _ = c.SetReadDeadline(until), c.SetWriteDeadline(until) // without deadlines there is nothing to extend
	}
}

// later tells the client when to come back if err says only that it should.
func (x *exchange) later(err error, seconds string) error {
	if icat.AsError(err).Code == icat.Unavailable {
		x.Header().Set("Retry-After", seconds)
	}
	return err
}

// personally answers a request of somebody who has logged in.
type personally func(x *exchange, r *http.Request, who icat.Session) error

// withSession lets a handler run only with a bearer session that is open, and
// puts its user into the access line.
func (s *Server) withSession(h personally) handler {
	return s.bounded(func(x *exchange, r *http.Request) error {
		id := ports.Bearer(r)
		if id == "" {
			x.Header().Set("WWW-Authenticate", "Bearer")
			return icat.Errorf(icat.Unauthenticated, "send a session as Authorization: Bearer <sessionID>; POST /sessions opens one")
		}
		session, err := ask(r.Context(), s, call{"authority", "session", ""}, func(ctx context.Context) (icat.Session, error) {
			return s.Authority.Session(ctx, id)
		})
		if err != nil {
			return err
		}
		x.user = session.Username
		return h(x, r, session)
	})
}
