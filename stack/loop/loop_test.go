package loop

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoop proves the whole stack on the real components: demo-app, loadgen,
// Filebeat, Metricbeat, Elasticsearch, provisioner and board.
func TestLoop(t *testing.T) {
	l := start(t)

	t.Run("every request of a load is found once and every panel agrees", func(t *testing.T) {
		ledger := l.path("calm.ledger")
		judge := l.command(t, "provisioner", l.verify(ledger, "-follow", "-lag-key-file", l.KeyFile("provisioner"))...)
		if err := judge.Start(); err != nil {
			t.Fatal(err)
		}
		l.load(t, ledger, "200", "10s", l.telling("loadgen")...)
		r := l.verdict(t, judge.Wait(), 0)
		if a := r.Account; a.Attempts != 2000 || a.Delivered != 2000 || a.Documents != 2000 {
			t.Errorf("%d of %d attempts delivered in %d documents, want 2000 in 2000", a.Delivered, a.Attempts, a.Documents)
		}
		held := 0
		for _, p := range r.Panels {
			switch p.Outcome {
			case "held":
				held++
			case "not judged": // what Metricbeat saw, say: no ledger knows it
			default:
				t.Errorf("panel %s: %s", p.ID, p.Outcome)
			}
		}
		if held < 30 {
			t.Errorf("%d of %d panels held", held, len(r.Panels))
		}
		if r.Followed == nil || r.Followed.Lag.Count == 0 {
			t.Error("no document's lag was seen")
		}
		if len(r.Streams) != 8 {
			t.Errorf("%d metric streams, want 8", len(r.Streams))
		}
		if told := r.Told; told == nil || told.Summaries != 1 || len(told.Differs) > 0 {
			t.Errorf("loadgen told %+v", told)
		}
		l.lookAtBoard(t, r.Account.Run)
	})

	t.Run("Prometheus has counted every request, in both histograms, with traces", l.lookAtPrometheus)

	t.Run("every panel agrees in each form that it is shown", l.lookAtPanels)

	t.Run("every source of RED metrics keeps what it promises", l.red)

	t.Run("every panel of Prometheus is right through a restart", l.lookAtTrouble)

	// Programs of its own, and much waiting: beside what follows.
	alerts := l.startGoTest(t, "plumbline/prometheus", ".", "PLUMBLINE_PROMETHEUS="+l.Programs().Prometheus, "PLUMBLINE_BIN="+filepath.Dir(l.Programs().Loadgen))

	t.Run("what loadgen tells of a run adds up, and nothing else can be told", l.told)
	t.Run("a summary that is not the ledger's is found", l.toldWrong)
	t.Run("a key that may not tell costs the load nothing", func(t *testing.T) {
		ledger := l.path("silent.ledger")
		l.untold(t, ledger, "reader")
		r := l.verdict(t, l.command(t, "provisioner", l.verify(ledger)...).Run(), 0)
		if r.Account.Delivered != 300 || r.Told == nil || r.Told.Documents != 0 {
			t.Errorf("%d delivered, told %+v; want 300 and nothing", r.Account.Delivered, r.Told)
		}
	})

	t.Run("the plugins answer as a real node does", func(t *testing.T) {
		l.goTest(t, "plumbline/elasticsearch", "Root|Analysis|Stamp|Processor", "PLUMBLINE_ES_URL="+l.Elasticsearch, "PLUMBLINE_ES_CA="+l.CAFile,
			"PLUMBLINE_ES_PASSWORD_FILE="+filepath.Join(l.KeysDir, "elastic.password"))
	})

	t.Run("Filebeat reads its profiles in every way to run", func(t *testing.T) {
		l.goTest(t, "plumbline/beats", "ReadByFilebeat", "PLUMBLINE_FILEBEAT="+l.Programs().Filebeat)
	})

	t.Run("Filebeat killed and restarted under load loses and doubles nothing", func(t *testing.T) {
		ledger := l.path("killed.ledger")
		load := l.command(t, "loadgen", l.loadgen(ledger, "200", "10s")...)
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		shipper := l.Child("filebeat")
		for i := range 3 {
			l.awaitLines(t, ledger, 400*(i+1))
			shipper.Kill()
			l.awaitLines(t, ledger, 400*(i+1)+100)
			if err := shipper.Restart(); err != nil {
				t.Fatal(err)
			}
		}
		if err := load.Wait(); err != nil {
			t.Fatalf("loadgen: %v", err)
		}
		l.holds(t, ledger, 2000)
	})

	t.Run("lines sent again are not stored again", func(t *testing.T) {
		ledger := l.path("resent.ledger")
		l.load(t, ledger, "100", "3s")
		l.holds(t, ledger, 300)
		shipper := l.Child("filebeat")
		stop(t, shipper)
		if err := os.RemoveAll(filepath.Join(filepath.Dir(l.Logs), "filebeat", "data", "registry")); err != nil {
			t.Fatal(err)
		}
		if err := shipper.Restart(); err != nil {
			t.Fatal(err)
		}
		l.awaitDuplicates(t, 300)
		l.holds(t, ledger, 300)
	})

	// What a killed application had answered and not yet written is lost there,
	// and nowhere else: the verdict says so of every single one.
	t.Run("demo-app killed under load loses its last lines, at hop app", func(t *testing.T) {
		ledger := l.path("app.ledger")
		load := l.command(t, "loadgen", l.loadgen(ledger, "300", "6s")...)
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		app := l.Child("demo-app")
		l.awaitLines(t, ledger, 600)
		app.Kill()
		if err := app.Restart(); err != nil {
			t.Fatal(err)
		}
		if err := load.Wait(); err != nil {
			t.Fatalf("loadgen: %v", err)
		}
		log := filepath.Join(l.Logs, "demo-app*.json")
		verify := l.command(t, "provisioner", l.verify(ledger, "-check", "arrival", "-within", "15s", "-allow-unsent", "1800", "-app-log", log)...)
		judged := verify.Run()
		var exit *exec.ExitError
		code := 0 // of a kill that hit a moment in which nothing was waiting
		if errors.As(judged, &exit) {
			code = exit.ExitCode()
		}
		a := l.verdict(t, judged, code).Account
		missing := a.Lost.Count + a.Indeterminate.Count
		if a.Duplicated.Attempts.Count+a.Corrupted.Attempts.Count+a.Unexpected.Documents > 0 {
			t.Errorf("a kill doubled, altered or made up something: %+v", a)
		}
		if missing == 0 {
			t.Log("the kill hit a moment in which nothing was waiting")
			return
		}
		if a.Hops == nil || a.Hops.App.Count != a.Lost.Count || a.Hops.Behind.Count+a.Hops.Handled.Count > 0 {
			t.Errorf("lost %d, indeterminate %d, hops %+v; want all of them at hop app", a.Lost.Count, a.Indeterminate.Count, a.Hops)
		}
		t.Logf("lost at hop app: %d, indeterminate: %d, of %d", a.Lost.Count, a.Indeterminate.Count, a.Attempts)
	})

	// Nobody was answered there: the ledger says reset, lines and panels say 444.
	t.Run("connections that demo-app cuts are accounted for", func(t *testing.T) {
		ledger := l.path("cut.ledger")
		l.fault(t, http.MethodPut, "/cut", `{"route":"*","drop":0.1}`)
		l.load(t, ledger, "100", "3s")
		l.fault(t, http.MethodDelete, "/cut", "")
		l.awaitLines(t, ledger, 300)
		r := l.verdict(t, l.command(t, "provisioner", l.verify(ledger)...).Run(), 0)
		cut, resets := l.count(t, ledger, `"status_code":444`), l.resets(t, ledger)
		if a := r.Account; a.Delivered != 300 || cut != resets || a.Unconfirmed.Count < cut || cut == 0 {
			t.Errorf("%d delivered, %d of them without an answer; %d connections cut, %d resets in the ledger", a.Delivered, a.Unconfirmed.Count, cut, resets)
		}
	})

	t.Run("lines removed, doubled, altered and refused are each named, and the hop of each", l.altered)

	t.Run("a canary killed under way goes on, and tells a line removed and one doubled", l.watchKilled)
	t.Run("lines of every format by several shippers", func(t *testing.T) { tryShippers(t, l) })
	t.Run("what was done to runs at random is said, and nothing else", l.negativeControls)
	t.Run("what cannot be read is no verdict", l.unread)
	t.Run("alerts fire and resolve, and Prometheus' tools accept all files", alerts)

	t.Run("nor is a node that restarts in mid-read", l.restarted)

	t.Run("Elasticsearch gone in mid-verify is no verdict", func(t *testing.T) {
		ledger := l.path("calm.ledger")
		verify := l.command(t, "provisioner", l.verify(ledger, "-settle", "15s")...)
		said := l.listen(t, verify)
		if err := verify.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "verify to look for late duplicates", func() error {
			if text := said(); !strings.Contains(text, "late duplicates") {
				return errors.New("it says: " + text)
			}
			return nil
		})
		l.Child("elasticsearch").Kill()
		r := l.verdict(t, verify.Wait(), 2)
		if r.Outcome != "unmeasured" {
			t.Errorf("outcome %s, want unmeasured", r.Outcome)
		}
		if text := said(); !strings.Contains(text, "provisioner: ") || !strings.Contains(text, "connection") {
			t.Errorf("it says %q, want one line about the connection", text)
		}
	})

	t.Run("nor does an Elasticsearch that is gone", func(t *testing.T) { l.untold(t, l.path("gone.ledger"), "loadgen") })
}
