// Package admin is the operator's port: faults, pressure, maintenance, flushing,
// log level, pool, settings in effect and profiles. It decides who may ask (one
// with the token, on this machine) and notes each change in the log and in a
// counter; what a change does is left to those it is made with.
package admin

import (
	"context"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/internal/ports"
	"plumbline/demo-app/telemetry"
)

// Names of the metrics.
const (
	MetricChanges = "icat_admin_changes_total" // label what
	MetricRefused = "icat_admin_refused_total" // label reason: address, host, token
)

// Options are what a Server works with. The last three may be nil, for what
// this process does not have: asked for it, it answers NOT_IMPLEMENTED.
type Options struct {
	Token      string
	Log        *telemetry.Log // not the one whose level SetLevel sets: no level hides a change
	Registerer prometheus.Registerer
	Settings   []config.Value
	Routes     []string // templates that a fault may name

	Faults   *fault.Switch
	Pressure *fault.Pressure
	Level    func() telemetry.Level
	SetLevel func(telemetry.Level)

	Pool       *fault.Pool
	FlushCache func(context.Context) error
	FlushQueue func(context.Context) (jobs int, err error)
}

// changeable are what changes are counted by.
func changeable() []string {
	return []string{"faults", "pressure", "pool", "maintenance", "log-level", "cache", "queue"}
}

// Server answers the admin port.
type Server struct {
	Options
	token   [32]byte // digest
	mux     *http.ServeMux
	index   []endpoint
	changes *prometheus.CounterVec
	refused *prometheus.CounterVec
}

// New returns a server for the admin port. It panics without a token: whatever
// would then be served must not be.
func New(o Options) *Server {
	if o.Token == "" {
		panic("admin: no token")
	}
	s := &Server{
		Options: o, token: digest(o.Token), mux: http.NewServeMux(),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: MetricChanges, Help: "Changes made through the admin port."}, []string{"what"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: MetricRefused, Help: "Requests that the admin port's guard refused."}, []string{"reason"}),
	}
	o.Registerer.MustRegister(s.changes, s.refused)
	for _, what := range changeable() { // a series that starts at 0 shows its first increase
		s.changes.WithLabelValues(what)
	}
	for _, reason := range []string{"address", "host", "token"} {
		s.refused.WithLabelValues(reason)
	}
	s.routes()
	return s
}

// endpoint is a line of GET /admin/.
type endpoint struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Does    string `json:"does"`
	Example string `json:"example,omitempty"` // body
}

func (s *Server) routes() {
	s.handle("GET /admin/{$}", "lists the endpoints", "", s.list)

	s.handle("GET /admin/faults", "returns the faults in force", "", s.faults)
	s.handle("PUT /admin/faults", "puts exactly these in force", `[{"id":"slow","route":"/datasets","latency":{"shape":"lognormal","median":"50ms","p99":"2s"},"for":"10m"}]`, s.replaceFaults)
	s.handle("DELETE /admin/faults", "ends them all", "", s.clearFaults)
	s.handle("GET /admin/faults/{id}", "returns one", "", s.fault)
	s.handle("PUT /admin/faults/{id}", "puts one in force", `{"route":"*","error":{"ratio":0.1,"codes":["UNAVAILABLE","TIMEOUT"]},"drop":0.01,"hang":0.01,"for":"5m"}`, s.setFault)
	s.handle("DELETE /admin/faults/{id}", "ends one", "", s.deleteFault)

	s.handle("GET /admin/pressure", "returns the load that is on", "", s.pressure)
	s.handle("POST /admin/pressure", "puts a load on processor and memory", `{"cores":1,"percent":80,"mib":64,"for":"1m"}`, s.applyPressure)
	s.handle("DELETE /admin/pressure", "takes it off", "", s.endPressure)

	s.handle("GET /admin/pool", "returns the size of the database's pool", "", s.pool)
	s.handle("PUT /admin/pool", "changes it for a while", `{"size":1,"for":"5m"}`, s.resizePool)

	s.handle("GET /admin/maintenance", "returns whether maintenance mode is on", "", s.maintenance)
	s.handle("PUT /admin/maintenance", "turns it on or off", `{"on":true,"message":"back at noon"}`, s.setMaintenance)

	s.handle("GET /admin/log-level", "returns the level of app lines", "", s.level)
	s.handle("PUT /admin/log-level", "changes it", `{"level":"debug"}`, s.setLevel)

	s.handle("POST /admin/cache/flush", "empties the read cache", "", s.flushCache)
	s.handle("POST /admin/queue/flush", "drops the jobs that wait", "", s.flushQueue)
	s.handle("GET /admin/settings", "returns the settings in effect, without secrets", "", s.settings)

	s.handle("GET /debug/pprof/", "lists the profiles; go tool pprof reads them", "", plain(pprof.Index))
	s.handle("GET /debug/pprof/cmdline", "returns the command line", "", plain(pprof.Cmdline))
	s.handle("GET /debug/pprof/profile", "records processor time for ?seconds=30", "", plain(pprof.Profile))
	s.handle("GET /debug/pprof/symbol", "names program counters", "", plain(pprof.Symbol))
	s.handle("GET /debug/pprof/trace", "records an execution trace for ?seconds=1", "", plain(pprof.Trace))
}

// handle registers h and lists it in the index.
func (s *Server) handle(pattern, does, example string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.index = append(s.index, endpoint{method, strings.TrimSuffix(path, "{$}"), does, example})
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange) // ServeHTTP made it
		x.matched = true
		if err := h(x, r); err != nil {
			s.failed(err)
			x.fail(err)
		}
	})
}

func plain(h http.HandlerFunc) handler {
	return func(x *exchange, r *http.Request) error {
		h(x, r)
		return nil
	}
}

func (s *Server) list(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, map[string]any{"endpoints": s.index})
	return nil
}

func (s *Server) settings(x *exchange, _ *http.Request) error {
	x.reply(http.StatusOK, s.Settings)
	return nil
}

// changed notes a change: who made it, and what from what to what.
func (s *Server) changed(x *exchange, r *http.Request, what, before, after string) {
	s.changes.WithLabelValues(what).Inc()
	e := s.Log.Warn()
	e.Dict("client", e.CreateDict().Str("ip", ports.ClientIP(r))).
		Dict("http", e.CreateDict().Dict("request", e.CreateDict().Str("id", x.id))).
		Dict("labels", e.CreateDict().Str("what", what).Str("before", before).Str("after", after)).
		Msg("admin change")
}

// failed logs the cause of what is not the client's fault; the answer has none.
func (s *Server) failed(err error) {
	if e := icat.AsError(err); e.Code.Status() >= http.StatusInternalServerError && e.Err != nil {
		telemetry.Failure(s.Log.Error(), telemetry.Identity{}, string(e.Code), "icat.Error", e.Error(), nil).Msg("admin request failed")
	}
}

// HTTP returns an http.Server for the admin port. Writing may take long: a
// profile is recorded first.
func (s *Server) HTTP() *http.Server {
	return ports.Server(s, s.Log, 3*time.Minute)
}
