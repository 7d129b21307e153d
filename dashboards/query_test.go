package dashboards_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The queries are golden files: what Elasticsearch is asked never changes
// unnoticed, and can be read without running anything.
func TestQueriesAreGolden(t *testing.T) {
	for _, p := range everyPanel() {
		t.Run(p.ID, func(t *testing.T) {
			index, body, err := p.Query(seedScope())
			if err != nil {
				t.Fatal(err)
			}
			if index != p.Source.Stream {
				t.Errorf("index %s, want %s", index, p.Source.Stream)
			}
			golden := filepath.Join("testdata", "queries", p.ID+".json")
			got := string(body) + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("query changed; if that is meant: go test ./dashboards -update, and record the answers anew\n%s", diff)
			}
			for _, word := range []string{"script", "runtime_mappings", "painless"} {
				if strings.Contains(got, word) {
					t.Errorf("query uses %s, which not every node has", word)
				}
			}
		})
	}
}

func TestQueryScope(t *testing.T) {
	p, _ := dashboards.RED().Panel("requests")
	at := time.Date(2026, 1, 1, 12, 0, 0, 123_456_789, time.FixedZone("", 3600))
	body := func(s dashboards.Scope) string {
		_, b, err := p.Query(s)
		if err != nil {
			t.Fatal(err)
		}
		var compact strings.Builder
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&compact).Encode(v); err != nil {
			t.Fatal(err)
		}
		return compact.String()
	}
	everybody := body(dashboards.Scope{From: at, To: at.Add(time.Second)})
	if want := `"gte":"2026-01-01T11:00:00.123Z","lt":"2026-01-01T11:00:01.124Z"`; !strings.Contains(everybody, want) {
		t.Errorf("ends are not rounded outwards to milliseconds in UTC: %s lacks %s", everybody, want)
	}
	if strings.Contains(everybody, "run.id") {
		t.Errorf("a scope without a run names one: %s", everybody)
	}
	if one := body(dashboards.Scope{From: at, To: at.Add(time.Second), RunID: "r-1"}); !strings.Contains(one, `{"term":{"run.id":"r-1"}}`) {
		t.Errorf("a scope with a run does not name it: %s", one)
	}
	if _, _, err := p.Query(dashboards.Scope{From: at, To: at}); err == nil || !strings.Contains(err.Error(), "is not before") {
		t.Errorf("an empty time range gave %v, want an error", err)
	}
}

func TestStepKeepsBucketsFew(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Second:          time.Second,
		20 * time.Second:     time.Second,
		5 * time.Minute:      5 * time.Second,
		15 * time.Minute:     10 * time.Second,
		time.Hour:            time.Minute,
		24 * time.Hour:       15 * time.Minute,
		30 * 24 * time.Hour:  12 * time.Hour,
		400 * 24 * time.Hour: 24 * time.Hour,
	} {
		s := dashboards.Scope{From: seedStart, To: seedStart.Add(span)}
		if got := s.Step(); got != want {
			t.Errorf("step of %v is %v, want %v", span, got, want)
		}
	}
}

func TestAlignedScopeHasWholeBuckets(t *testing.T) {
	got := seedScope().Aligned()
	want := dashboards.Scope{
		From: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 12, 5, 0, 0, time.UTC), RunID: seedRun,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is not written while a run goes on, with its number, is looked for around it.
func TestScopeForAPanel(t *testing.T) {
	run := dashboards.Scope{From: seedStart, To: seedStart.Add(time.Second), RunID: seedRun}
	for _, row := range []struct {
		proves, panel string
		scope         dashboards.Scope
		before, after time.Duration
	}{
		{"requests of a run are those within", "requests", run, 0, 0},
		{"a host knows of no run", "host-cpu", run, 15 * time.Second, 15 * time.Second},
		{"a run is summed up when it is over", "requests-by-journey", run, 0, time.Minute},
		{"and judged later", "truth-verdicts", run, 0, time.Minute},
		{"everybody's traffic has no end", "host-cpu", dashboards.Scope{From: run.From, To: run.To}, 0, 0},
	} {
		for _, p := range everyPanel() {
			if p.ID != row.panel {
				continue
			}
			if got := row.scope.For(p); run.From.Sub(got.From) != row.before || got.To.Sub(run.To) != row.after {
				t.Errorf("%s: from %v to %v", row.proves, got.From, got.To)
			}
		}
	}
}
