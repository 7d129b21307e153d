// Package native brings the whole stack up on this machine, without containers:
// the order in which the parts start is the list in Start. A test drives it by
// the same calls as the command.
//
// How one process is run is supervise's, how Elasticsearch is set up node's,
// and what is measured and judged loadgen's and provisioner's.
package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"plumbline/stack/fetch"
	"plumbline/stack/node"
	"plumbline/stack/progress"
	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
	"plumbline/stack/versions"
)

// Options say what to start and where.
type Options struct {
	Repository string    // directory of the sources
	State      string    // state directory; "" = the default, see statedir.Choose
	PortOffset int       // added to every port
	Command    string    // what `stack status` calls this run
	Stderr     io.Writer // progress
	Verbose    bool      // also every line that a process logs
	Profile    string    // "" or one of Profiles: what runs besides
	Shipper    string    // one of Shippers: how soon Filebeat ships; "" = the first
	Kubernetes bool      // Fetch makes the programs of a cluster, too; the stack has no use for them

	// FilebeatEnv is environment that wins over what Filebeat gets otherwise: an
	// ES_URL, say, so that something stands between it and Elasticsearch.
	FilebeatEnv []string
}

// Stack is a running stack.
type Stack struct {
	API           string // http://127.0.0.1:8000
	Board         string // http://127.0.0.1:5602
	FilebeatStats string // http://127.0.0.1:5066
	Verdict       string // file that Measure leaves: the verdict as a page
	Elasticsearch string // https://127.0.0.1:9200
	Console       string // http://127.0.0.1:8089, loadgen's while it sends
	Prometheus    string // http://127.0.0.1:9090, with the profile
	Alertmanager  string // http://127.0.0.1:9093, with the profile
	CAFile        string // what to trust at Elasticsearch
	KeysDir       string // API keys: reader.key, provisioner.key, …
	Logs          string // directory: one log per process, and demo-app.json
	Ledger        string // where Measure has the ledger written

	options  Options
	ports    ports
	versions versions.Versions
	dir      statedir.Dir
	why      string // why dir is not the usual one; "" = it is
	lock     *statedir.Lock
	group    *supervise.Group
	ctx      context.Context // ends when the run fails
	progress *progress.Printer
	programs fetch.Programs
	node     node.Node
	record   statedir.Record
	stop     sync.Once
}

// step is one line of the list in Start.
type step struct {
	name string
	do   func(context.Context) error
}

// Start brings the stack up and returns when each part is ready. When a step
// fails, or ctx ends, all that was started is stopped before it returns.
func Start(ctx context.Context, options Options) (*Stack, error) {
	return bringUp(ctx, options, (*Stack).steps)
}

// StartNode brings up Elasticsearch alone, with roles, keys and templates, for
// who measures it without load and shippers.
func StartNode(ctx context.Context, options Options) (*Stack, error) {
	return bringUp(ctx, options, (*Stack).nodeSteps)
}

// Fetch downloads and builds what is missing, starts nothing, and says where
// the programs are.
func Fetch(ctx context.Context, options Options) (fetch.Programs, error) {
	s, err := bringUp(ctx, options, (*Stack).fetchSteps)
	if err != nil {
		return fetch.Programs{}, err
	}
	return s.programs, s.Stop()
}

// steps is the product in ten lines.
func (s *Stack) steps() []step {
	all := []step{
		{"clean", s.clean},                // what a killed run left: processes and files
		{"preflight", s.preflight},        // tools, ports, disk, memory
		{"programs", s.fetch},             // download and build what is missing
		{"elasticsearch", s.startNode},    // secured, with fresh secrets
		{"provision", s.provision},        // roles, keys, index templates
		{"demo-app", s.startApp},          // writes the log that Filebeat reads
		{"filebeat", s.startFilebeat},     // the log into Elasticsearch
		{"board", s.startBoard},           // the dashboards as a page
		{"canary", s.startCanary},         // one request after the other, and its line looked for
		{"metricbeat", s.startMetricbeat}, // everybody's metrics into Elasticsearch
	}
	if s.withPrometheus() {
		all = append(all, s.prometheusSteps()...)
	}
	return all
}

func (s *Stack) nodeSteps() []step {
	return []step{
		{"clean", s.clean},
		{"preflight", s.preflightNode}, // the same with the node's ports alone
		{"programs", s.fetch},
		{"elasticsearch", s.startNode},
		{"provision", s.provision},
	}
}

func (s *Stack) fetchSteps() []step {
	return []step{
		{"clean", s.clean},
		{"preflight", s.preflightFetch}, // the same without ports
		{"programs", s.fetch},
	}
}

func bringUp(ctx context.Context, options Options, steps func(*Stack) []step) (*Stack, error) {
	s, err := open(options)
	if err != nil {
		return nil, err
	}
	var verbose io.Writer
	if options.Verbose {
		verbose = s.progress
	}
	s.ctx, s.group = supervise.New(ctx, s.dir.Path, verbose)
	for _, step := range steps(s) {
		s.phase(step.name)
		err := step.do(s.ctx)
		if err == nil && s.ctx.Err() != nil {
			err = context.Cause(s.ctx)
		}
		if err != nil {
			if cause := context.Cause(s.ctx); cause != nil && errors.Is(err, context.Canceled) {
				err = cause
			}
			return nil, errors.Join(err, s.Stop())
		}
	}
	s.phase("up")
	return s, nil
}

// look works out where everything is, and touches nothing.
func look(options Options) (*Stack, error) {
	v, err := versions.Read(filepath.Join(options.Repository, versions.File), os.Getenv)
	if err != nil {
		return nil, err
	}
	path, why := options.State, ""
	if path == "" {
		path, why = statedir.Choose(options.Repository, os.Getuid())
	}
	if path, err = statedir.Resolve(path); err != nil {
		return nil, err
	}
	p, dir := portsAt(options.PortOffset), statedir.Dir{Path: path}
	return &Stack{
		API: "http://" + loopback(p.API), Board: "http://" + loopback(p.Board), FilebeatStats: "http://" + loopback(p.FilebeatStats), Elasticsearch: "https://" + loopback(p.Elasticsearch),
		Console: "http://" + loopback(p.Loadgen), Prometheus: "http://" + loopback(p.Prometheus), Alertmanager: "http://" + loopback(p.Alertmanager),
		CAFile: dir.Run("certs", "ca.crt"), KeysDir: dir.Run("secrets"), Logs: dir.Run("logs"), Ledger: dir.Run("ledger.jsonl.zst"), Verdict: dir.Run("verdict.html"),
		options: options, ports: p, versions: v, dir: dir, why: why, progress: progress.New(options.Stderr),
	}, nil
}

// open makes and locks the state directory.
func open(options Options) (*Stack, error) {
	s, err := look(options)
	if err != nil {
		return nil, err
	}
	if s.why != "" {
		s.progress.Note("State is in %s, because %s.", s.dir.Path, s.why)
	}
	if s.dir, err = statedir.Open(s.dir.Path); err != nil {
		return nil, err
	}
	if s.lock, err = s.dir.Lock(); err != nil {
		return nil, err
	}
	s.record = statedir.Record{PID: os.Getpid(), Command: options.Command, Started: time.Now(), State: s.dir.Path, Addresses: s.addresses()}
	return s, nil
}

// clean ends what an earlier run left and empties its directory: each run
// starts with an empty Elasticsearch and new secrets.
func (s *Stack) clean(ctx context.Context) error {
	orphans, err := s.sweep(ctx)
	if err != nil {
		return err
	}
	if len(orphans) > 0 {
		s.progress.Note("Ended %d processes that an earlier run had left, the first was %d: %s", len(orphans), orphans[0].PID, orphans[0].Command)
	}
	if err := s.dir.Reset(); err != nil {
		return err
	}
	for _, dir := range []string{s.Logs, s.KeysDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	return nil
}

// sweep ends the processes that an earlier run left. One that not even SIGKILL
// ends, as on a dead disk, must not hold us up for ever.
func (s *Stack) sweep(ctx context.Context) ([]supervise.Orphan, error) {
	const within = 20 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("processes of an earlier run still live %s after SIGKILL", within))
	defer cancel()
	return supervise.Sweep(ctx, s.dir.Path)
}

// Context ends when the run fails: context.Cause tells why.
func (s *Stack) Context() context.Context { return s.ctx }

// Child returns a process of the stack by name, or nil: elasticsearch,
// demo-app, filebeat, board, canary, metricbeat, loadgen, verify, and with the
// profile alerts, alertmanager, prometheus.
func (s *Stack) Child(name string) *supervise.Child { return s.group.Child(name) }

// KeyFile returns the path of an API key's file: "reader", "provisioner", …
func (s *Stack) KeyFile(name string) string { return filepath.Join(s.KeysDir, name+".key") }

// Programs are the paths of what runs.
func (s *Stack) Programs() fetch.Programs { return s.programs }

// Progress is where to write lines for the user while the stack runs.
func (s *Stack) Progress() *progress.Printer { return s.progress }

// Stop stops every process, the last started first, and gives the state
// directory back. It is safe to call more than once.
func (s *Stack) Stop() error {
	var err error
	s.stop.Do(func() {
		s.phase("stopping")
		err = s.group.Stop()
		s.phase("stopped")
		err = errors.Join(err, s.lock.Unlock())
	})
	return err
}

// phase records how far the run is, for `stack status`. Status is a courtesy:
// a record that cannot be written must not end a run.
func (s *Stack) phase(name string) {
	s.record.Phase = name
	s.record.Processes = []statedir.Process{}
	if s.group != nil {
		for _, c := range s.group.Children() {
			if c.Ends() {
				continue
			}
			s.record.Processes = append(s.record.Processes, statedir.Process{Name: c.Name(), PID: c.PID(), Log: c.Log()})
		}
	}
	_ = s.dir.Write(s.record)
}
