package loop

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/provisioner/elastic/expired"
	"plumbline/stack/trial"
)

// longStream holds a run that is read in several slices: one of the four readers has
// a second one, the last.
const (
	longStream = "logs-icat.access-long"
	longRun    = 10_100
	lastSlice  = `"slice":{"id":4,"max":5}`
)

func (l *loop) long(t *testing.T) made {
	t.Helper()
	m := l.book(t, "long", longRun, 7)
	l.store(t, l.administrator(t), longStream, m.documents(t))
	return m
}

// unread asks for verdicts that nobody can give: what cannot be read is never lost,
// and never in order.
func (l *loop) unread(t *testing.T) {
	es := l.administrator(t)
	calm, long := l.path("calm.ledger"), l.long(t)
	lose := func(view string) {
		if err := l.as(t, "reader").ClosePIT(t.Context(), view); err != nil {
			t.Errorf("close the view: %v", err)
		}
	}
	fast := []string{"-depth", "fast"}
	wrongKey := l.file(t, "wrong.key", []byte("nobody:nothing\n"))
	stale, certificate := expired.Serve(t, l.forward(t))
	otherCA := l.file(t, "other.crt", certificate)
	whole, err := os.ReadFile(calm)
	if err != nil {
		t.Fatal(err)
	}
	cut := l.file(t, "cut.ledger", whole[:len(whole)*3/4])
	closed, beside := l.closed(t, es)
	l.redIndex(t, es)
	for _, row := range []struct {
		proves, ledger string
		more           []string
		says, hint     string
	}{
		{"a view lost between two slices", long.ledger, []string{"-index", longStream, "-es", l.between(t, lastSlice, lose)}, "search_context_missing_exception", "the view of the index is gone"},
		{"a view lost at a glance", long.ledger, append(fast, "-index", longStream, "-es", l.between(t, `"pit"`, lose)), "search_context_missing_exception", "the view of the index is gone"},
		{"a closed index of a data stream", calm, []string{"-index", "logs-icat.access-closed"}, closed + " is closed", "open the index again"},
		{"a closed index of a data stream at a glance", calm, append(fast, "-index", "logs-icat.access-closed"), closed + " is closed", "open the index again"},
		{"a closed index that only a pattern names", calm, []string{"-index", beside}, "logs-icat.closed is closed", "open the index again"},
		{"a closed index that only a pattern names at a glance", calm, append(fast, "-index", beside), "logs-icat.closed is closed", "open the index again"},
		{"a red shard", calm, []string{"-index", "logs-icat.red"}, "503 Service Unavailable", "is a shard missing?"},
		{"a red shard among several", calm, []string{"-index", "logs-icat.red,logs-icat.access-default"}, "503 Service Unavailable", "is a shard missing?"},
		{"a red shard among several, while it waits", calm, []string{"-index", "logs-icat.red,logs-icat.access-default", "-within", "5s"}, "1 shard did not answer", "is a shard missing?"},
		{"a red shard among several at a glance", calm, append(fast, "-index", "logs-icat.red,logs-icat.access-default"), "503 Service Unavailable", "is a shard missing?"},
		{"a name that nothing has", calm, []string{"-index", "logs-icat.nothing"}, "nothing is called logs-icat.nothing, after 0s", "is -index right?"},
		{"a pattern that matches nothing", calm, []string{"-index", "logs-icat.nothing-*"}, "nothing is called logs-icat.nothing-*, after 0s", "is -index right?"},
		{"a pattern that matches nothing at a glance", calm, append(fast, "-index", "nothing-*"), "nothing is called nothing-*, after 0s", "is -index right?"},
		{"an index beyond the key", calm, []string{"-index", "other"}, "403 Forbidden: security_exception", "this key's role does not allow it"},
		{"a key that nobody has", calm, []string{"-key-file", wrongKey}, "401 Unauthorized: security_exception", "is the password or key file the one"},
		{"a key that nobody has, at a glance", calm, append(fast, "-key-file", wrongKey), "401 Unauthorized: security_exception", "is the password or key file the one"},
		{"a key that may not read", calm, []string{"-key-file", l.KeyFile("loadgen")}, "403 Forbidden: security_exception", "this key's role does not allow it"},
		{"the CA of another", calm, []string{"-ca", otherCA}, "certificate is not signed by the given CA", "wrong CA file?"},
		{"an expired certificate", calm, []string{"-es", stale, "-ca", otherCA}, "certificate has expired", "expired? make a new one"},
		{"no ledger", l.path("absent.ledger"), nil, "no such file", "is the path right, and has the load begun?"},
		{"an empty ledger", l.file(t, "empty.ledger", nil), nil, "ends after attempt 0 without a trailer", "no attempt is in it"},
		{"a ledger that was cut off", cut, nil, "without a trailer", "-partial judges the attempts that are in it"},
		{"the ledger of another run", calm, []string{"-run", "other"}, "is of run calm, not of other", "give the ledger of that run"},
	} {
		t.Run(row.proves, func(t *testing.T) { l.try(t, row.ledger, row.more...).unmeasured(t, row.says, row.hint) })
	}
	t.Run("but what a ledger holds that was cut off can be judged", func(t *testing.T) {
		a := l.verdict(t, l.command(t, "provisioner", l.verify(cut, "-check", "arrival", "-partial")...).Run(), 0).Account
		if a.Delivered == 0 || a.Delivered != a.Sent || a.Delivered >= 2000 || a.Unexpected.Documents != 0 {
			t.Errorf("%+v: want fewer than 2000, all of them delivered", a)
		}
	})
}

// tried is how a verify ended that had no chance.
type tried struct {
	ended          error
	stdout, stderr bytes.Buffer
	report         string
}

func (l *loop) try(t *testing.T, ledger string, more ...string) *tried {
	t.Helper()
	v := &tried{report: filepath.Join(t.TempDir(), "verdict.json")}
	args := append(l.verify(ledger, "-check", "arrival", "-within", "0s", "-settle", "0s", "-json", v.report), more...)
	cmd := l.command(t, "provisioner", args...)
	cmd.Stdout, cmd.Stderr = &v.stdout, &v.stderr
	v.ended = cmd.Run()
	return v
}

// unmeasured wants exit code 2, one line that says why and one that says what to do,
// and no report but of the failure.
func (v *tried) unmeasured(t *testing.T, says, hint string) {
	t.Helper()
	r, code, err := trial.Judged(v.ended, v.report)
	if err != nil {
		t.Fatal(err)
	}
	if code != 2 || r.Outcome != "unmeasured" || !strings.Contains(r.Error, says) {
		t.Errorf("exit code %d, %s: %q; want 2, unmeasured: %q", code, r.Outcome, r.Error, says)
	}
	lines := strings.Split(strings.TrimSuffix(v.stderr.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "provisioner: ") || !strings.Contains(lines[0], says) ||
		!strings.HasPrefix(lines[1], "hint: ") || !strings.Contains(lines[1], hint) {
		t.Errorf("it says %q; want one line with %q and a hint with %q", lines, says, hint)
	}
	if v.stdout.Len() > 0 {
		t.Errorf("a report of nothing: %s", &v.stdout)
	}
}

func (l *loop) file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// closed makes a data stream whose first index is closed, and returns that; and a
// pattern that matches a closed index beside the usual stream.
func (l *loop) closed(t *testing.T, es *administrator) (index, beside string) {
	t.Helper()
	const stream, plain = "logs-icat.access-closed", "logs-icat.closed"
	m := l.book(t, "closed", 1, 1)
	l.store(t, es, stream, m.documents(t))
	index = rollOver(t, es, stream)
	es.put(t, "/"+plain+"?wait_for_active_shards=0", map[string]any{})
	for _, name := range []string{index, plain} {
		es.ask(t, http.MethodPost, "/"+name+"/_close", nil)
	}
	t.Cleanup(func() { // other patterns match them, too
		es.after(t, http.MethodPost, "/"+index+"/_open")
		es.after(t, http.MethodDelete, "/"+plain)
	})
	return index, "logs-icat.access-default,logs-icat.clo*"
}

// redIndex makes an index whose only shard no node may have.
func (l *loop) redIndex(t *testing.T, es *administrator) {
	t.Helper()
	const red = "logs-icat.red"
	es.put(t, "/"+red+"?wait_for_active_shards=0", map[string]any{"settings": map[string]any{"index.routing.allocation.require._name": "nobody"}})
	t.Cleanup(func() { es.after(t, http.MethodDelete, "/"+red) })
}

// restarted kills the node between two slices of a verify, and starts it again
// before the next is asked for: no verdict. The next verify has one.
func (l *loop) restarted(t *testing.T) {
	es, ledger := l.administrator(t), l.path("long.ledger")
	midway, again := make(chan struct{}), make(chan struct{})
	address := l.between(t, lastSlice, func(string) {
		time.Sleep(time.Second) // the other readers end what they are at
		close(midway)
		<-again
	})
	ended := make(chan *tried, 1)
	go func() { ended <- l.try(t, ledger, "-index", longStream, "-es", address) }()
	select {
	case <-midway:
	case v := <-ended:
		t.Fatalf("verify ended before its second page: %s", &v.stderr)
	}
	held := time.Now()
	node := l.Child("elasticsearch")
	node.Kill()
	if err := node.Restart(); err != nil {
		t.Fatal(err)
	}
	await(t, "Elasticsearch", func() error {
		_, err := es.Ask(t.Context(), http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=1s", nil)
		return err
	})
	says, hint := "search_context_missing_exception", "was Elasticsearch restarted"
	if time.Since(held) > 50*time.Second { // a verify waits for no answer longer than a minute
		says, hint = "search point in time", "Elasticsearch"
	}
	t.Logf("Elasticsearch was away for %v", time.Since(held).Round(time.Second))
	close(again)
	(<-ended).unmeasured(t, says, hint)
	a := l.verdict(t, l.command(t, "provisioner", l.verify(ledger, "-index", longStream, "-check", "arrival", "-settle", "0s")...).Run(), 0).Account
	if a.Delivered != longRun {
		t.Errorf("%d delivered, want %d", a.Delivered, longRun)
	}
}
