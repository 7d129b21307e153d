package drills

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"plumbline/stack/drills/faultproxy"
	"plumbline/stack/native"
	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
	"plumbline/stack/trial"
)

const (
	repository = "../.."
	portOffset = 22000
	nodePort   = 9200 + portOffset

	// How long verify looks for what has to arrive, and for what may be lost for good.
	arriveWithin = "90s"
	lossWithin   = "30s"
)

// rig is a running stack whose Filebeat reaches Elasticsearch through a proxy
// that can do harm, and reads log files of the drills' own.
type rig struct {
	*native.Stack
	proxy *faultproxy.Proxy
	node  *trial.Administrator
	dir   string // ledgers and reports
	logs  string // Filebeat reads DIR/demo-app*.json for each directory in it
}

// assemble brings the stack up; it ends with the test.
func assemble(t *testing.T) *rig {
	t.Helper()
	repository, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := statedir.Choose(repository, os.Getuid())
	state := statedir.Dir{Path: path}
	proxy, err := faultproxy.Start(faultproxy.Options{
		Elasticsearch: fmt.Sprintf("https://127.0.0.1:%d", nodePort),
		CAFile:        state.Run("elasticsearch", "config", "ca.crt"), CertFile: state.Run("elasticsearch", "config", "node.crt"), KeyFile: state.Run("elasticsearch", "config", "node.key"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() }) // after Filebeat, which would otherwise wait for it

	r := &rig{proxy: proxy, dir: t.TempDir(), logs: t.TempDir()}
	if err := os.Symlink(state.Run("logs"), filepath.Join(r.logs, "stack")); err != nil {
		t.Fatal(err)
	}
	r.Stack, err = native.Start(t.Context(), native.Options{
		Repository: repository, State: path, PortOffset: portOffset, Command: "drills", Stderr: os.Stderr,
		FilebeatEnv: []string{"ES_URL=" + proxy.URL, "DEMO_APP_LOGS=" + filepath.Join(r.logs, "*", "demo-app*.json")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, r.Stack) })
	if r.node, err = trial.NewAdministrator(r.Elasticsearch, r.CAFile, r.KeysDir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.node.Close)
	return r
}

// stop ends a child or the whole stack. Filebeat that has to be killed is no
// failure: docs/decisions/supervision.md.
func stop(t *testing.T, what interface{ Stop() error }) {
	t.Helper()
	killed, err := supervise.Excused(what.Stop())
	for _, k := range killed {
		t.Log(k)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// load is a run of loadgen under way.
type load struct {
	run, ledger, appLog string
	cmd                 *exec.Cmd
	said                bytes.Buffer
}

// shot is what a load is made of.
type shot struct {
	target   string // "" = the stack's demo-app
	appLog   string // pattern of what the target writes; "" = that of the stack's
	rate     int    // per second; 0 = 60, which a busy machine manages, too
	duration string // "" = 8s
}

// fire begins to send; the name is the run's.
func (r *rig) fire(t *testing.T, name string, s shot) *load {
	t.Helper()
	if s.target == "" {
		s.target, s.appLog = r.API, filepath.Join(r.Logs, "demo-app*.json")
	}
	if s.rate == 0 {
		s.rate = 60
	}
	if s.duration == "" {
		s.duration = "8s"
	}
	l := &load{run: runOf(name), ledger: filepath.Join(r.dir, name+".ledger"), appLog: s.appLog}
	l.cmd = exec.CommandContext(t.Context(), r.Programs().Loadgen, "run", "-target", s.target, "-rate", strconv.Itoa(s.rate),
		"-duration", s.duration, "-ledger", l.ledger, "-run-id", l.run)
	l.cmd.Stderr = &l.said
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return l
}

func runOf(name string) string { return "drill-" + name }

// end waits for the load's end.
func (l *load) end(t *testing.T) {
	t.Helper()
	if err := l.cmd.Wait(); err != nil {
		t.Fatalf("loadgen: %v\n%s", err, l.said.String())
	}
}

// judge has the verdict found of a load; within says how long to look for what
// is missing.
func (r *rig) judge(t *testing.T, l *load, within string) trial.Verdict {
	t.Helper()
	report := filepath.Join(r.dir, l.run+".json")
	cmd := exec.CommandContext(t.Context(), r.Programs().Provisioner, "verify", "-es", r.Elasticsearch, "-ca", r.CAFile, "-key-file", r.KeyFile("reader"),
		"-ledger", l.ledger, "-check", "arrival", "-within", within, "-app-log", l.appLog, "-json", report)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	v, code, err := trial.Judged(cmd.Run(), report)
	if err == nil && v.Account.Attempts == 0 {
		err = errors.New("no attempt was judged")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	t.Logf("verify exits with %d: %s", code, v.Summary)
	return v
}

// whole judges a load of which nothing may be missing.
func (r *rig) whole(t *testing.T, l *load) trial.Verdict {
	return r.judge(t, l, trial.Patience.String())
}

func await(t *testing.T, what string, check func() error) {
	t.Helper()
	if err := trial.Await(t.Context(), what, check); err != nil {
		t.Fatal(err)
	}
}

// awaitLines waits until n access lines of a run stand in a log.
func (l *load) awaitLines(t *testing.T, path string, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d lines of %s", n, l.run), func() error {
		if got := l.lines(t, path); got < n {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

// lines counts the access lines of the run in a file.
func (l *load) lines(t *testing.T, path string) (n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte(`"run":{"id":"`+l.run+`"`))
}

// log is the file that the stack's demo-app writes.
func (r *rig) log() string { return filepath.Join(r.Logs, "demo-app.json") }

// Blocks of the stream of access lines: what Elasticsearch itself sets when its
// disk is nearly full, and what an administrator does.
const (
	floodBlock = "index.blocks.read_only_allow_delete"
	writeBlock = "index.blocks.write"
)

// block sets a block, or with nil takes it back.
func (r *rig) block(t *testing.T, name string, value any) error {
	t.Helper()
	_, err := r.node.Ask(t.Context(), http.MethodPut, "/logs-icat.access-default/_settings", map[string]any{name: value})
	return err
}

// heal undoes all harm that has no end of its own.
func (r *rig) heal(t *testing.T) {
	t.Helper()
	r.proxy.Heal(t.Context())
	if err := errors.Join(r.block(t, floodBlock, nil), r.block(t, writeBlock, nil)); err != nil {
		t.Error(err)
	}
}

// deadLetters returns which attempts of a run stand, as text, in the stream for
// lines that were refused, and how many documents they are.
func (r *rig) deadLetters(t *testing.T, l *load) (seqs map[uint64]bool, documents uint64) {
	t.Helper()
	if _, err := r.node.Ask(t.Context(), http.MethodPost, "/logs-icat.app-default/_refresh", nil); err != nil {
		t.Fatal(err)
	}
	text, err := r.node.Ask(t.Context(), http.MethodPost, "/logs-icat.app-default/_search", map[string]any{
		"size": 10_000, "query": map[string]any{"exists": map[string]any{"field": "error.message"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Hits struct {
			Hits []struct {
				Source struct{ Message string } `json:"_source"`
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	seqs = map[uint64]bool{}
	for _, hit := range answer.Hits.Hits {
		if seq, ok := identify([]byte(hit.Source.Message), l.run); ok {
			documents++
			seqs[seq] = true
		}
	}
	return seqs, documents
}

// identify returns the attempt whose line this is, if it is one of the run.
func identify(line []byte, run string) (seq uint64, ok bool) {
	var access struct {
		Run struct {
			ID  string
			Seq uint64
		}
	}
	err := json.Unmarshal(line, &access)
	return access.Run.Seq, err == nil && access.Run.ID == run
}
