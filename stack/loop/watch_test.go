package loop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/trial"
)

// watched is what this test reads of a canary's /status.
type watched struct {
	Run, Verdict string
	Totals       struct{ Requests, Interrupted, Found, Lost, Recovered, Duplicated, Corrupted int64 }
	Pending      int
	Window       struct{ Lost, Duplicated, Corrupted trial.Seqs }
}

// watch starts a canary of its own, which keeps its state in a file.
func (l *loop) watch(t *testing.T, state string, more ...string) (cmd *exec.Cmd, url string) {
	t.Helper()
	cmd = l.command(t, "provisioner", append([]string{"watch", "-es", l.Elasticsearch, "-ca", l.CAFile, "-key-file", l.KeyFile("reader"),
		"-target", l.API, "-state", state, "-addr", "127.0.0.1:0", "-window", "10m"}, more...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	_, url, is := strings.Cut(strings.TrimSpace(said), "listening on ")
	if err != nil || !is {
		t.Fatalf("watch says %q: %v", said, err)
	}
	return cmd, strings.TrimSuffix(url, "/status")
}

func status(t *testing.T, url string) (s watched) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, url+"/status")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// watchKilled kills a canary in the midst of its work, removes one of its lines and
// doubles another. The next one goes on from its state, and counts just those.
func (l *loop) watchKilled(t *testing.T) {
	const probes, removed, doubled = 20, 5, 9
	state := l.path("canary.json")
	shipper := l.Child("filebeat")
	stop(t, shipper)
	size := l.logSize(t)
	first, url := l.watch(t, state, "-every", "200ms", "-poll", "200ms")
	run := status(t, url).Run
	ledger := run + ".ledger" // by whose name lines are told here
	l.awaitLines(t, ledger, probes)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	l.alter(t, ledger, size, map[uint64]func(line []byte) [][]byte{
		removed: func([]byte) [][]byte { return nil },
		doubled: func(line []byte) [][]byte { return [][]byte{line, withID(t, line, "another of "+run)} },
	})
	if err := shipper.Restart(); err != nil {
		t.Fatal(err)
	}
	es, written := l.administrator(t), int(l.count(t, ledger, ""))
	await(t, "the canary's lines in Elasticsearch", func() error {
		var n struct{ Count int }
		query := map[string]any{"query": map[string]any{"term": map[string]any{"run.id": run}}}
		if err := json.Unmarshal(es.ask(t, http.MethodPost, "/logs-icat.access-default/_count", query), &n); err != nil || n.Count < written {
			return fmt.Errorf("%d of %d, %v", n.Count, written, err)
		}
		return nil
	})

	next, url := l.watch(t, state, "-every", "5m", "-poll", "200ms", "-late", "15s", "-within", "15s")
	await(t, "the next canary to have told all lines", func() error {
		if s := status(t, url); s.Pending > 0 || s.Totals.Lost == 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	s := status(t, url)
	if got := s.Totals; s.Run != run || s.Verdict != "fails" || got.Lost != 1 || got.Recovered != 0 || got.Duplicated != 1 || got.Corrupted != 0 || got.Interrupted > 1 ||
		got.Found != got.Requests-1-got.Interrupted || got.Requests <= probes {
		t.Errorf("status %+v of %s, want one lost and one duplicated, and every other found", s, run)
	}
	for _, row := range []struct {
		what string
		got  trial.Seqs
		want uint64
	}{{"lost", s.Window.Lost, removed}, {"duplicated", s.Window.Duplicated, doubled}} {
		if !slices.Equal(row.got.Ranges, [][2]uint64{{row.want, row.want}}) {
			t.Errorf("%s: %v, want just %d", row.what, row.got, row.want)
		}
	}
	metrics := text(t, url+"/metrics")
	for _, want := range []string{"plumbline_canary_lost_total 1\n", "plumbline_canary_duplicated_total 1\n", "plumbline_canary_verdict 0\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %q in the metrics:\n%s", want, metrics)
		}
	}
	t.Run("of whose state there is one keeper", func(t *testing.T) {
		third := l.command(t, "provisioner", "watch", "-es", l.Elasticsearch, "-state", state, "-addr", "127.0.0.1:0")
		said := l.listen(t, third)
		_ = third.Run()
		if code := third.ProcessState.ExitCode(); code != 64 || !strings.Contains(said(), filepath.Base(state)+": another process keeps it") {
			t.Errorf("a third ends with %d and says %q", code, said())
		}
	})
	if err := next.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = next.Wait()
}
