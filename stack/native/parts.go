package native

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"plumbline/doctor"
	"plumbline/stack/fetch"
	"plumbline/stack/node"
	"plumbline/stack/preflight"
	"plumbline/stack/supervise"
)

// preflight fails with every finding that keeps the stack from running.
func (s *Stack) preflight(ctx context.Context) error {
	return s.examine(ctx, s.wanted())
}

// preflightNode does so for Elasticsearch alone.
func (s *Stack) preflightNode(ctx context.Context) error {
	return s.examine(ctx, s.nodePorts())
}

// preflightFetch does so for a run that listens nowhere.
func (s *Stack) preflightFetch(ctx context.Context) error { return s.examine(ctx, nil) }

func (s *Stack) examine(ctx context.Context, ports []preflight.Port) error {
	needs, err := s.needs()
	if err != nil {
		return err
	}
	needs.Locked, needs.Ports = true, ports
	if failed := doctor.Failed(preflight.Examine(ctx, needs)); len(failed) > 0 {
		return &UnfitError{Findings: failed}
	}
	return nil
}

// UnfitError is a machine that the stack cannot run on as it is.
type UnfitError struct{ Findings []doctor.Finding }

func (e *UnfitError) Error() string {
	var lines []string
	for _, f := range e.Findings {
		lines = append(lines, f.Message)
	}
	return strings.Join(lines, "\n       ")
}

// Hint is what to do about the findings.
func (e *UnfitError) Hint() string {
	var lines []string
	seen := map[string]bool{}
	for _, f := range e.Findings {
		if !seen[f.Fix] {
			seen[f.Fix] = true
			lines = append(lines, f.Fix)
		}
	}
	return strings.Join(lines, "\n      ")
}

// Doctor examines the machine for these options without starting anything.
func Doctor(ctx context.Context, options Options) ([]doctor.Finding, error) {
	s, err := look(options)
	if err != nil {
		return nil, err
	}
	needs, err := s.needs()
	if err != nil {
		return nil, err
	}
	needs.Thorough = true
	if _, held, _ := s.dir.Holder(); held {
		needs.Ports = nil // they are ours
	}
	return preflight.Examine(ctx, needs), nil
}

// needs says what these options ask of the machine.
func (s *Stack) needs() (preflight.Needs, error) {
	uid, err := nodeUID()
	if err != nil {
		return preflight.Needs{}, err
	}
	cached, err := s.fetcher("").Cached()
	if err != nil {
		return preflight.Needs{}, err
	}
	return preflight.Needs{
		Elastic: s.versions.Elastic, State: s.dir.Path, Ports: s.wanted(), NodeUID: uid,
		ServerCached: cached["elasticsearch"], BeatsCached: cached["beats"],
		Prometheus: s.withPrometheus(), PrometheusCached: cached["prometheus"],
	}, nil
}

// nodeUID is the user for Elasticsearch: ours, unless we are root.
func nodeUID() (int, error) {
	if os.Getuid() != 0 {
		return 0, nil
	}
	return node.FreeUID()
}

func (s *Stack) fetcher(jdk string) fetch.Fetch {
	return fetch.Fetch{
		Repository: s.options.Repository, Versions: s.versions, Cache: s.dir.Cache, Logs: s.Logs,
		JDK: jdk, Group: s.group, Progress: s.progress, Prometheus: s.withPrometheus(), Kubernetes: s.options.Kubernetes,
	}
}

func (s *Stack) fetch(ctx context.Context) error {
	search := node.DefaultJavaSearch(preflight.Reachable(0))
	search.Compiler = true
	jdk, err := search.Find(s.versions.Elastic)
	if none := new(node.NoJavaError); err != nil && !errors.As(err, &none) {
		return err // without a JDK we got here because all is cached
	}
	s.programs, err = s.fetcher(jdk.Home).Run(ctx)
	return err
}

// startNode prepares Elasticsearch and waits until it answers.
func (s *Stack) startNode(ctx context.Context) error {
	uid, err := nodeUID()
	if err != nil {
		return err
	}
	java, err := node.DefaultJavaSearch(preflight.Reachable(uid)).Find(s.versions.Elastic)
	if err != nil {
		return err
	}
	step := s.progress.Step("elasticsearch", s.versions.Elastic+" on "+java.String())
	s.node = node.Node{
		Distribution: s.programs.Elasticsearch, Java: java, Dir: s.dir.Run("elasticsearch"), UID: uid,
		HTTP: s.ports.Elasticsearch, Transport: s.ports.Transport,
		CAFile: s.CAFile, PasswordFile: filepath.Join(s.KeysDir, "elastic.password"), Log: s.log("elasticsearch"),
	}
	if err := s.upNode(ctx); err != nil {
		step.Fail()
		return err
	}
	step.Done(s.versions.Elastic + " on " + java.String())
	return nil
}

func (s *Stack) upNode(ctx context.Context) error {
	if err := s.node.Prepare(); err != nil {
		return err
	}
	if err := s.toEnd(ctx, s.node.Keystore()); err != nil {
		return err
	}
	gate, err := s.node.Up(3 * time.Minute)
	if err != nil {
		return err
	}
	return s.start(ctx, s.node.Server(), gate)
}

func (s *Stack) provision(ctx context.Context) error {
	step := s.progress.Step("provision", "roles, keys and index templates")
	err := s.toEnd(ctx, supervise.Spec{
		Name: "setup", Log: s.log("setup"), Env: environment(), Ends: true,
		Command: []string{s.programs.Provisioner, "setup", "-es", s.Elasticsearch, "-ca", s.CAFile, "-user", "elastic",
			"-password-file", s.node.PasswordFile, "-keys-dir", s.KeysDir, "-within", "60s"},
	})
	if err != nil {
		step.Fail()
		return err
	}
	step.Done("")
	return nil
}

func (s *Stack) startApp(ctx context.Context) error {
	token := filepath.Join(s.KeysDir, "admin.token")
	if err := os.WriteFile(token, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return fmt.Errorf("start demo-app: %w", err)
	}
	return s.startShown(ctx, "", supervise.Spec{
		Name: "demo-app", Log: s.log("demo-app"), Stdout: filepath.Join(s.Logs, "demo-app.json"), StopWithin: 20 * time.Second,
		Command: []string{s.programs.DemoApp, "-addr", loopback(s.ports.API), "-admin-addr", loopback(s.ports.Admin),
			"-database-url", ":memory:", "-seed", "1", "-scale", "small"},
		Env: append(environment(), "ADMIN_TOKEN_FILE="+token),
	}, supervise.Gate{What: "ready", Within: 30 * time.Second, Check: supervise.Answers(client(), s.API+"/readyz")})
}

// Shippers are the names of Filebeat's profiles, beats/profiles.
func Shippers() []string { return []string{"fast", "balanced"} }

func (s *Stack) shipper() string { return cmp.Or(s.options.Shipper, Shippers()[0]) }

// FilebeatRuntime is what Go's runtime in Filebeat is told: to collect garbage
// half as often, and more often before it has what a container may have, 256 MiB.
func FilebeatRuntime() map[string]string {
	return map[string]string{"GOGC": "200", "GOMEMLIMIT": "200MiB"}
}

func (s *Stack) startFilebeat(ctx context.Context) error { return s.startFilebeatWith(ctx) }

// startFilebeatWith starts it with more arguments.
func (s *Stack) startFilebeatWith(ctx context.Context, more ...string) error {
	var runtime []string
	for name, value := range FilebeatRuntime() {
		runtime = append(runtime, name+"="+value)
	}
	profile := []string{"-c", filepath.Join(s.options.Repository, "beats", "profiles", s.shipper()+".yml")}
	return s.startBeat(ctx, "filebeat", s.programs.Filebeat, "shipper_logs", s.ports.FilebeatStats, append(profile, more...), append(runtime, s.options.FilebeatEnv...)...)
}

func (s *Stack) startMetricbeat(ctx context.Context) error {
	return s.startBeat(ctx, "metricbeat", s.programs.Metricbeat, "shipper_metrics", s.ports.MetricbeatStats, nil)
}

// startBeat starts a Beat; it is ready when Elasticsearch has taken its first
// events, so a wrong key or certificate shows here and not as an empty board.
func (s *Stack) startBeat(ctx context.Context, name, program, keyName string, stats int, more []string, env ...string) error {
	key, err := os.ReadFile(s.KeyFile(keyName))
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	home := s.dir.Run(name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return s.startShown(ctx, "", supervise.Spec{
		Name: name, Log: s.log(name), Dir: home, StopWithin: 5 * time.Second, // docs/decisions/supervision.md
		Command: append([]string{program, "--strict.perms=false", // the sources may belong to somebody else
			"--path.home", home, "--path.data", filepath.Join(home, "data"), "--path.logs", filepath.Join(home, "logs"),
			"-E", "logging.json=true", // as the official images do; 7.17 does not by itself
			"-c", filepath.Join(s.options.Repository, "beats", name+".yml")}, more...),
		Env: append(append(environment(),
			"ES_URL="+s.Elasticsearch, "ES_CA="+s.CAFile,
			strings.ToUpper(name)+"_API_KEY="+strings.TrimSpace(string(key)),
			"DEMO_APP_LOGS="+filepath.Join(s.Logs, "demo-app*.json"),
			"DEMO_APP_METRICS_URL="+s.API+"/metrics",
			"BOARD_METRICS=true", "BOARD_METRICS_URL="+s.Board+"/metrics",
			"CANARY_METRICS=true", "CANARY_METRICS_URL=http://"+loopback(s.ports.Canary)+"/metrics",
			"FILEBEAT_STATS_PORT="+strconv.Itoa(s.ports.FilebeatStats),
			"METRICBEAT_STATS_PORT="+strconv.Itoa(s.ports.MetricbeatStats)), env...), // of two values the last one holds
	}, supervise.Gate{What: "shipping", Within: 30 * time.Second, Check: supervise.Reads(client(), "http://"+loopback(stats)+"/stats", acked)})
}

// acked finds fault with a Beat's statistics until Elasticsearch has taken at
// least one of its events.
func acked(body io.Reader) error {
	var stats struct {
		Libbeat struct {
			Output struct {
				Events struct{ Acked, Failed, Total uint64 }
			}
		}
	}
	if err := json.NewDecoder(body).Decode(&stats); err != nil {
		return err
	}
	if e := stats.Libbeat.Output.Events; e.Acked == 0 {
		return fmt.Errorf("none of its events was taken by Elasticsearch (%d sent, %d failed)", e.Total, e.Failed)
	}
	return nil
}

func (s *Stack) startBoard(ctx context.Context) error {
	return s.startShown(ctx, s.Board+"/", supervise.Spec{
		Name: "board", Log: s.log("board"), Env: environment(),
		Command: []string{s.programs.Provisioner, "board", "-addr", loopback(s.ports.Board), "-es", s.Elasticsearch,
			"-ca", s.CAFile, "-key-file", s.KeyFile("reader")},
	}, supervise.Gate{What: "answering", Within: 20 * time.Second, Check: supervise.Answers(client(), s.Board+"/")})
}

func (s *Stack) startCanary(ctx context.Context) error {
	return s.startShown(ctx, "", supervise.Spec{
		Name: "canary", Log: s.log("canary"), Env: environment(),
		Command: []string{s.programs.Provisioner, "watch", "-target", s.API, "-addr", loopback(s.ports.Canary), "-state", s.dir.Run("canary.json"),
			"-es", s.Elasticsearch, "-ca", s.CAFile, "-key-file", s.KeyFile("reader")},
	}, supervise.Gate{What: "listening", Within: 10 * time.Second, Check: supervise.Answers(client(), "http://"+loopback(s.ports.Canary)+"/healthz")})
}

// startShown starts a child as a step of its own.
func (s *Stack) startShown(ctx context.Context, detail string, spec supervise.Spec, gate supervise.Gate) error {
	step := s.progress.Step(spec.Name, "")
	if err := s.start(ctx, spec, gate); err != nil {
		step.Fail()
		return err
	}
	step.Done(detail)
	return nil
}

// start starts a child and waits for its gate.
func (s *Stack) start(ctx context.Context, spec supervise.Spec, gate supervise.Gate) error {
	child, err := s.group.Start(spec)
	if err != nil {
		return err
	}
	return child.Ready(ctx, gate)
}

// toEnd runs a child to its end, which has to be a good one.
func (s *Stack) toEnd(ctx context.Context, spec supervise.Spec) error {
	child, err := s.group.Start(spec)
	if err != nil {
		return err
	}
	_, err = s.finish(ctx, child, 0)
	return err
}

func (s *Stack) log(name string) string { return filepath.Join(s.Logs, name+".log") }

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// client asks this machine: no proxy, no connection kept.
func client() *http.Client {
	return &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// environment is what every process of the stack gets. The caller's own may
// hold proxies and secrets that they have no use for.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
