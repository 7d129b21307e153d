package loop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"plumbline/loadgen/ledger"
	"plumbline/stack/native"
	"plumbline/stack/supervise"
	"plumbline/stack/trial"
)

const (
	repository = "../.."
	portOffset = 20000
)

// loop is a running stack, and the commands a user would type at it.
type loop struct {
	*native.Stack
	dir string // ledgers and reports
}

// start brings the stack up; it ends with the test.
func start(t *testing.T) *loop {
	t.Helper()
	repository, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	s, err := native.Start(t.Context(), native.Options{Repository: repository, PortOffset: portOffset, Command: "test", Stderr: os.Stderr, Profile: native.ProfilePrometheus})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return &loop{Stack: s, dir: t.TempDir()}
}

// stop ends a child or the whole stack. Filebeat that has to be killed is no
// failure: one stop in three it never comes to its end (docs/decisions/supervision.md).
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

func (l *loop) path(name string) string { return filepath.Join(l.dir, name) }

// command is one of our binaries, as the stack built them, not started yet.
func (l *loop) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	state := filepath.Dir(filepath.Dir(l.Logs))
	cmd := exec.CommandContext(t.Context(), filepath.Join(state, "cache", "bin", name), args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// listen gathers what a command says on standard error.
func (l *loop) listen(t *testing.T, cmd *exec.Cmd) func() string {
	t.Helper()
	file, err := os.Create(l.path(filepath.Base(cmd.Path) + ".stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	cmd.Stderr = file
	return func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// loadgen returns the arguments of a run; the ledger's name is the run's.
func (l *loop) loadgen(ledger, rate, duration string) []string {
	return []string{"run", "-target", l.API, "-rate", rate, "-duration", duration, "-ledger", ledger, "-run-id", runOf(ledger)}
}

func runOf(ledger string) string { return strings.TrimSuffix(filepath.Base(ledger), ".ledger") }

func (l *loop) load(t *testing.T, ledger, rate, duration string, more ...string) {
	t.Helper()
	if err := l.command(t, "loadgen", append(l.loadgen(ledger, rate, duration), more...)...).Run(); err != nil {
		t.Fatalf("loadgen: %v", err)
	}
}

func (l *loop) verify(ledger string, more ...string) []string {
	return append([]string{"verify", "-es", l.Elasticsearch, "-ca", l.CAFile, "-key-file", l.KeyFile("reader"),
		"-ledger", ledger, "-json", l.path("verdict.json"), "-within", trial.Patience.String()}, more...)
}

// verdict reads the report of a verify that ended with err, and fails the test
// unless that was the wanted exit code.
func (l *loop) verdict(t *testing.T, err error, want int) trial.Verdict {
	t.Helper()
	r, code, err := trial.Judged(err, l.path("verdict.json"))
	if err != nil {
		t.Fatal(err)
	}
	if code != want {
		t.Errorf("verify exits with %d, want %d: %s", code, want, r.Summary)
	}
	return r
}

// holds verifies a ledger of so many attempts, without waiting for metrics.
func (l *loop) holds(t *testing.T, ledger string, attempts uint64) {
	t.Helper()
	r := l.verdict(t, l.command(t, "provisioner", l.verify(ledger, "-check", "arrival,panels")...).Run(), 0)
	if a := r.Account; a.Attempts != attempts || a.Delivered != attempts || a.Documents != attempts {
		t.Errorf("%d of %d attempts delivered in %d documents, want %d in %d", a.Delivered, a.Attempts, a.Documents, attempts, attempts)
	}
}

// await polls until check passes, and fails with what it said last.
func await(t *testing.T, what string, check func() error) {
	t.Helper()
	if err := trial.Await(t.Context(), what, check); err != nil {
		t.Fatal(err)
	}
}

func (l *loop) log() string { return filepath.Join(l.Logs, "demo-app.json") }

func (l *loop) logSize(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(l.log())
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// awaitLines waits until the service has written n access lines of a run.
func (l *loop) awaitLines(t *testing.T, ledger string, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d lines of %s", n, runOf(ledger)), func() error {
		text, err := os.ReadFile(l.log())
		if err != nil {
			return err
		}
		if got := bytes.Count(text, []byte(`"run":{"id":"`+runOf(ledger)+`"`)); got < n {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

// count returns how many access lines of a run hold a text.
func (l *loop) count(t *testing.T, ledger, holding string) (n uint64) {
	t.Helper()
	text, err := os.ReadFile(l.log())
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`"run":{"id":"`+runOf(ledger)+`"`)) && bytes.Contains(line, []byte(holding)) {
			n++
		}
	}
	return n
}

// resets returns how many connections of a run broke off, by its ledger.
func (l *loop) resets(t *testing.T, path string) uint64 {
	t.Helper()
	r, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	sums, whole := r.Trailer()
	if !whole {
		t.Fatalf("ledger %s: %v", path, err)
	}
	return sums.Reset
}

// fault asks demo-app's admin port to change a fault.
func (l *loop) fault(t *testing.T, method, path, body string) {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(l.KeysDir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://127.0.0.1:" + strconv.Itoa(8001+portOffset) + "/admin/faults" + path
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, url, a.Status)
	}
}

// awaitDuplicates waits until Elasticsearch has refused so many resends.
func (l *loop) awaitDuplicates(t *testing.T, n uint64) {
	t.Helper()
	await(t, fmt.Sprintf("%d refused resends", n), func() error {
		res, err := http.Get(l.FilebeatStats + "/stats")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var stats struct {
			Libbeat struct {
				Output struct{ Events struct{ Duplicates uint64 } }
			}
		}
		if err := json.NewDecoder(res.Body).Decode(&stats); err != nil {
			return err
		}
		if got := stats.Libbeat.Output.Events.Duplicates; got < n {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

// goTest runs the tests of another package that want a running part.
func (l *loop) goTest(t *testing.T, pkg, tests string, env ...string) {
	t.Helper()
	l.startGoTest(t, pkg, tests, env...)(t)
}

// startGoTest does so beside what follows, until the returned function waits.
func (l *loop) startGoTest(t *testing.T, pkg, tests string, env ...string) (wait func(*testing.T)) {
	t.Helper()
	var out bytes.Buffer
	// Not cut off with this test: what its tests have started is theirs to stop.
	cmd := exec.Command("go", "test", "-count=1", "-v", "-run", tests, pkg)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := sync.OnceValue(cmd.Wait)
	t.Cleanup(func() { _ = end() }) // where nobody waited
	return func(t *testing.T) {
		t.Helper()
		if err := end(); err != nil {
			t.Errorf("%s: %v\n%s", pkg, err, &out)
		}
		if bytes.Contains(out.Bytes(), []byte("--- SKIP")) || !bytes.Contains(out.Bytes(), []byte("--- PASS")) {
			t.Errorf("%s: some of it did not run:\n%s", pkg, &out)
		}
	}
}

// lookAtBoard draws the live board of a run in a browser.
func (l *loop) lookAtBoard(t *testing.T, run string) {
	t.Helper()
	l.goTest(t, "plumbline/dashboards/board", "Live", "PLUMBLINE_BOARD_URL="+l.Board+"/?range=run&run="+run)
}
