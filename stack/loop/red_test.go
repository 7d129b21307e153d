package loop

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/stack/workload"
)

// benchmark is what the tests read of a report of provisioner red.
type benchmark struct {
	Outcome    string
	Properties []struct{ Name, Outcome, Text string }
	Sources    []struct {
		Name, Missing string
		Routes        []struct {
			Counted   float64
			Quantiles []struct{ Q float64 }
		}
		Cost struct {
			Stored  *struct{ Bytes float64 }
			Visible *struct{}
			CPU     []struct{ Part string }
		}
	}
	Exact   []struct{ Requests, Errors uint64 }
	Reading []string
}

func (l *loop) benchmark(t *testing.T, path string) benchmark {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b benchmark
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

// of names the properties with an outcome.
func (b benchmark) of(outcome string) []string {
	var names []string
	for _, p := range b.Properties {
		if p.Outcome == outcome {
			names = append(names, p.Name+": "+p.Text)
		}
	}
	return names
}

// red holds every source of RED metrics on the real parts against what happened.
func (l *loop) red(t *testing.T) {
	t.Run("every promise is kept, through a burst of errors and a restart", func(t *testing.T) {
		w := workload.Workload{Name: "trouble", Rate: 100, Length: 20 * time.Second, Restart: .6, Faults: []workload.Fault{
			{ID: "trouble", From: .2, For: time.Second, Rule: `"route":"*","error":{"ratio":1,"codes":["UNAVAILABLE"]}`},
			{ID: "tail", Rule: `"route":"*","latency":{"shape":"lognormal","median":"3ms","p99":"300ms","share":0.5}`},
		}}
		code, err := l.RED(t.Context(), w, os.Stderr)
		b := l.benchmark(t, filepath.Join(l.Reports(), "trouble.json"))
		if code != 0 || err != nil || b.Outcome != "holds" {
			t.Errorf("exit code %d, %v, %s: %q", code, err, b.Outcome, append(b.of("fails"), b.of("unmeasured")...))
		}
		if len(b.Sources) != 5 || len(b.Reading) == 0 || len(b.Exact) < 3 || b.Exact[0].Errors < 50 {
			t.Errorf("%d sources, %d sentences, %d routes, %+v in all", len(b.Sources), len(b.Reading), len(b.Exact)-1, b.Exact[0])
		}
		for _, s := range b.Sources {
			if s.Missing != "" || len(s.Routes) != len(b.Exact) || len(s.Routes[0].Quantiles) != 5 {
				t.Errorf("%s: missing %q, %d routes", s.Name, s.Missing, len(s.Routes))
			}
			if s.Cost.Stored == nil || s.Cost.Stored.Bytes <= 0 || s.Cost.Visible == nil || len(s.Cost.CPU) == 0 {
				t.Errorf("%s: what it costs is not known: %+v", s.Name, s.Cost)
			}
		}
		if page, err := os.ReadFile(filepath.Join(l.Reports(), "trouble.html")); err != nil || !strings.Contains(string(page), "began anew once") {
			t.Errorf("the page, %v, does not tell of the restart", err)
		}
	})

	t.Run("a source that is cut off is missing, not zero", func(t *testing.T) {
		report := l.path("cut.json")
		cut := l.command(t, "provisioner", "red", "-ledger", filepath.Join(l.Reports(), "trouble.ledger"), "-es", l.Elasticsearch, "-ca", l.CAFile,
			"-key-file", l.KeyFile("reader"), "-prometheus", "http://127.0.0.1:1", "-within", "1s", "-json", report)
		var exit *exec.ExitError
		if err := cut.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%v, want exit code 2", err)
		}
		b := l.benchmark(t, report)
		if missing := b.of("unmeasured"); len(missing) != 2 || !strings.Contains(missing[0], "connection refused") {
			t.Errorf("%q, want both kinds of Prometheus, and why", missing)
		}
		for _, s := range b.Sources {
			if strings.HasPrefix(s.Name, "Prometheus") == (s.Missing == "") || s.Missing != "" && len(s.Routes) > 0 {
				t.Errorf("%s: missing %q, %d routes", s.Name, s.Missing, len(s.Routes))
			}
		}
	})
}
