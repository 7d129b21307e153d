package containers

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStack goes through the life of one stack as docs/containers.md tells it,
// and does to it on the way what should not harm it. With -short it leaves out
// what takes long and shows what other rows show in a similar way.
func TestStack(t *testing.T) {
	asked(t)
	settings := []string{"RATE=200", "DURATION=5s"}
	if testing.Short() { // half of what a start of Elasticsearch costs is Java's second compiler
		settings = append(settings, "ES_JAVA_OPTS=-XX:TieredStopAtLevel=1", "CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1")
	}
	p := open(t, settings...)
	memory := p.watch(t)

	t.Run("the file is clean with each profile", p.clean)

	t.Run("the tests of what goes into our images pass where they are built", func(t *testing.T) {
		atLength(t)
		p.tested(t)
	})

	t.Run("up ends with the verdict, which holds", func(t *testing.T) {
		const up = "docker compose up --build --exit-code-from provisioner"
		for _, page := range []string{readme, manual} {
			if first := documented(t, page)[0]; first != up {
				t.Errorf("%s begins with %s", page, first)
			}
		}
		if code := p.shown(t, strings.Fields(up)[2:]...); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		r := p.report(t, "verdict.json")
		if a := r.Account; a.Attempts != 1000 || a.Delivered != 1000 || a.Documents != 1000 {
			t.Errorf("%d of %d attempts delivered in %d documents, want 1000 in 1000", a.Delivered, a.Attempts, a.Documents)
		}
		held := 0
		for _, panel := range r.Panels {
			switch panel.Outcome {
			case "held":
				held++
			case "not judged": // the ledger knows nothing to compare it with
			default:
				t.Errorf("panel %s: %s", panel.ID, panel.Outcome)
			}
		}
		if held == 0 {
			t.Error("no panel was compared with the ledger")
		}
	})
	if t.Failed() {
		t.FailNow() // the rest would say the same, at length
	}
	t.Run("up alone stays after its verdict, until Ctrl-C", func(t *testing.T) {
		atLength(t)
		first := p.report(t, "verdict.json").Account.Run
		stop := p.foreground(t, "up")
		await(t, "a second verdict", func() error {
			r, err := p.readReport("verdict.json")
			if err == nil && (r.Account.Run == first || r.Outcome != "holds") {
				err = errors.New(r.Account.Run + " " + r.Summary)
			}
			return err
		})
		p.published(t)
		if code := stop(); code != 130 {
			t.Errorf("exit code %d, want 130: interrupted, whatever the verdict", code)
		}
		if up := p.do(t, "ps", "--quiet"); up != "" {
			t.Errorf("after Ctrl-C these still run: %s", up)
		}
	})

	watched := p.where(t, "COMPOSE_PROFILES=prometheus")
	watched.up(t)
	t.Run("what the manual shows can be typed", watched.manual)
	t.Run("the published addresses answer", watched.published)
	t.Run("no secret shows", watched.secret) // while all containers are there

	t.Run("down and up again keeps the data, the password and the keys", func(t *testing.T) {
		atLength(t)
		secrets := p.secrets(t)
		watched.do(t, "down")
		watched.up(t)
		if again := p.secrets(t); !maps.Equal(again, secrets) {
			t.Errorf("of %d secrets some are others than before", len(secrets)) // which, and not what
		}
		if n := p.count(t, p.report(t, "verdict.json").Account.Run); n != 1000 {
			t.Errorf("%d documents of the first load, want the 1000 of before", n)
		}
	})

	t.Run("with its profile Prometheus scrapes every part and evaluates every rule", watched.watched)
	t.Run("the FAKE of Kibana takes dashboards and alert rules", func(t *testing.T) {
		watched.filled(t, "kibana-setup", "kibana", "http://127.0.0.1:5601/nowhere")
	})
	t.Run("the FAKE of Grafana takes its files, and what is set up there holds", func(t *testing.T) {
		watched.filled(t, "grafana-setup", "grafana", "http://127.0.0.1:3000/nowhere")
	})
	t.Run("each container is confined as compose.yaml says", watched.confined)
	t.Run("each container can read its own secrets, and no other's", watched.ownSecrets)
	t.Run("only loopback listens", watched.closed)
	t.Run("the networks keep apart what they should", func(t *testing.T) {
		atLength(t)
		p.apart(t)
	})
	t.Run("a health check fails when it should", func(t *testing.T) {
		atLength(t)
		watched.checked(t)
	})
	watched.do(t, "stop", "canary") // for an alert, which takes more than a minute

	t.Run("Filebeat restarted under load loses and doubles nothing", func(t *testing.T) {
		load := p.load(t, "restarted", 100, 6*time.Second)
		p.awaitLines(t, "restarted", 150)
		p.do(t, "restart", "filebeat")
		wait(t, load)
		p.holds(t, "restarted", 600)
	})

	t.Run("Filebeat killed three times under load loses and doubles nothing", func(t *testing.T) {
		load := p.load(t, "killed", 100, 8*time.Second)
		for i := range 3 {
			p.awaitLines(t, "killed", 200*(i+1))
			p.kill(t, "filebeat")
		}
		wait(t, load)
		p.holds(t, "killed", 800)
	})

	t.Run("lines in flight when Filebeat is killed arrive once", func(t *testing.T) {
		before := p.refused(t)
		p.inFlight(t, "inflight")
		p.holds(t, "inflight", 400, "-check", "arrival")
		if refused := p.refused(t) - before; refused == 0 {
			t.Error("Elasticsearch refused no document as there already: nothing was sent twice")
		} else {
			t.Logf("sent again and refused: %d", refused)
		}
	})

	t.Run("and without an id from the line they arrive twice", func(t *testing.T) {
		p := p.with(t, "filebeat: {volumes: ['"+withoutIDs(t)+":/usr/share/filebeat/filebeat.yml:ro']}")
		p.renew(t, "filebeat")
		p.inFlight(t, "doubled")
		r, code := p.judge(t, "doubled", "-check", "arrival")
		if code != 1 || r.Account.Duplicated.Attempts.Count == 0 {
			t.Errorf("code %d, %d duplicated: want 1, and some", code, r.Account.Duplicated.Attempts.Count)
		}
	})
	p.renew(t, "filebeat")

	t.Run("Prometheus has scraped loadgen while it sent", func(t *testing.T) {
		p.has(t, `max_over_time(up{job="loadgen"}[10m]) == 1`)
	})

	t.Run("an alert comes from Prometheus to its receiver", func(t *testing.T) {
		atLength(t)
		watched.alerted(t)
	})
	watched.do(t, slices.Concat([]string{"rm", "--stop", "--force"}, watched.beyond(p))...)

	// Often, but not within the time that Filebeat may take to find a file: see the manual.
	const rotating = `demo-app: {logging: {options: {max-size: 150k, max-file: "100"}}}`

	t.Run("lines of a log that rotates arrive once", func(t *testing.T) {
		atLength(t)
		p := p.with(t, rotating)
		p.renew(t, "demo-app")
		wait(t, p.load(t, "rotated", 200, 8*time.Second))
		p.holds(t, "rotated", 1600)
		if files := p.logs(t, "demo-app"); files < 10 {
			t.Errorf("the log is in %d files, want 10 or more", files)
		}
	})

	// It starts when the log rests, for the same reason.
	t.Run("even if Filebeat is away meanwhile", func(t *testing.T) {
		atLength(t)
		load := p.load(t, "rotatedaway", 200, 8*time.Second)
		p.awaitLines(t, "rotatedaway", 400)
		p.do(t, "stop", "filebeat")
		wait(t, load)
		p.begin(t, "filebeat")
		p.holds(t, "rotatedaway", 1600)
	})

	t.Run("and some are lost to a pattern that leaves rotated files out", func(t *testing.T) {
		atLength(t)
		blind := p.with(t, rotating+`, filebeat: {environment: {DEMO_APP_LOGS: "/var/lib/docker/containers/*/*-json.log"}}`)
		blind.renew(t, "filebeat")
		p.do(t, "stop", "filebeat") // while it runs it often keeps pace, and loses nothing
		wait(t, p.load(t, "unrotated", 200, 3*time.Second))
		p.begin(t, "filebeat")
		r, code := p.judge(t, "unrotated", "-within=10s")
		if code != 1 || r.Account.Lost.Count == 0 {
			t.Errorf("code %d, %d lost: want 1, and some", code, r.Account.Lost.Count)
		}
		p.renew(t, "demo-app", "filebeat")
	})

	t.Run("what an application wrote before it stopped arrives, even if Filebeat was away", func(t *testing.T) {
		p.do(t, "stop", "filebeat")
		wait(t, p.load(t, "stopped", 100, 3*time.Second))
		p.do(t, "stop", "demo-app")
		p.begin(t, "filebeat")
		p.holds(t, "stopped", 300, "-check", "arrival")
	})

	t.Run("two of demo-app on one MariaDB and one Redis share the load", func(t *testing.T) {
		atLength(t)
		p.do(t, "down") // or what runs already would keep its catalogue
		p := p.where(t, "COMPOSE_PROFILES=mariadb,redis,balancer", "TARGET=http://balancer:8000", "DEMO_APP_PORT=8010-8019")
		p.up(t, "--scale", "demo-app=2")
		wait(t, p.load(t, "two", 100, 5*time.Second))
		p.holds(t, "two", 500)
		if nodes := p.nodes(t, "two"); nodes != 2 {
			t.Errorf("the lines come from %d containers, want 2", nodes)
		}
		p.ownSecrets(t)
		p.do(t, "down")
	})

	t.Run("a catalogue at the fake icat.server", func(t *testing.T) {
		atLength(t)
		p := p.where(t, "COMPOSE_PROFILES=upstream", "TARGET=http://demo-app-upstream:8000")
		p.up(t)
		wait(t, p.load(t, "upstream", 50, 5*time.Second))
		p.holds(t, "upstream", 250)
		p.ownSecrets(t)
	})

	publish(t, memory.table(p.config(t, "*"), p.services))

	t.Run("down with volumes leaves nothing", func(t *testing.T) {
		for kind, list := range p.left(t) { // or else that nothing is left would be no news
			if len(list) == 0 {
				t.Errorf("while it is up there are no %s", kind)
			}
		}
		p.down(t)
		for kind, list := range p.left(t) {
			if len(list) > 0 {
				t.Errorf("%s left behind: %s", kind, strings.Join(list, ", "))
			}
		}
	})
}

// withoutIDs is a copy of Filebeat's configuration whose fingerprints name no
// document.
func withoutIDs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "beats", "filebeat.yml"))
	if err != nil {
		t.Fatal(err)
	}
	const id = `"@metadata._id"`
	if !strings.Contains(string(text), id) {
		t.Fatalf("beats/filebeat.yml sets no %s", id)
	}
	file := filepath.Join(t.TempDir(), "filebeat.yml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), id, `"@metadata.nothing"`)), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func atLength(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: without -short only")
	}
}
