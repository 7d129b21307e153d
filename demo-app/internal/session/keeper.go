package session

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"plumbline/demo-app/icat"
)

// defaultMax bounds the memory of those who log in and never out.
const defaultMax = 100_000

// Options are what both keepers need.
type Options struct {
	Lifetime time.Duration         // of a session that is not refreshed; 0 means icat.SessionLifetime
	Max      int                   // sessions open at once, the one nearest to its end dropped for a new one; 0 means 100,000
	Metrics  prometheus.Registerer // where the keeper's metrics go; nil keeps them to itself
}

func (o Options) withDefaults() Options {
	if o.Lifetime == 0 {
		o.Lifetime = icat.SessionLifetime
	}
	if o.Max == 0 {
		o.Max = defaultMax
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	return o
}

// counters count what this process did; the sum over all servers is the truth
// about sessions that they share.
type counters struct {
	opened                     prometheus.Counter
	logout, expired, displaced prometheus.Counter
}

// newCounters registers the counters, and open as the gauge of open sessions.
func newCounters(r prometheus.Registerer, open func() float64) counters {
	metrics := promauto.With(r)
	metrics.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "icat_sessions_open",
		Help: "Sessions that are open, of all servers that share them; NaN if that cannot be found out.",
	}, open)
	ended := metrics.NewCounterVec(prometheus.CounterOpts{
		Name: "icat_sessions_ended_total",
		Help: "Sessions that ended: by logout, as expired, or displaced by newer ones.",
	}, []string{"reason"})
	return counters{
		opened:    metrics.NewCounter(prometheus.CounterOpts{Name: "icat_sessions_opened_total", Help: "Sessions opened."}),
		logout:    ended.WithLabelValues("logout"),
		expired:   ended.WithLabelValues("expired"),
		displaced: ended.WithLabelValues("displaced"),
	}
}

// newSession returns a session that begins now. Its id is a random UUID, as
// ICAT's ids are.
func newSession(username string, lifetime time.Duration) icat.Session {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return icat.Session{
		ID:       fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]),
		Username: username,
		Expires:  icat.At(time.Now().Add(lifetime)),
	}
}

// unknown does not repeat the id: it may be somebody's.
func unknown() error {
	return icat.Errorf(icat.BadSession, "Unable to find user by sessionid: no such session, or it has expired")
}
