package kibana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli"
	"plumbline/provisioner/kibana/kibanafake"
)

// post sends a request of somebody in front of a screen.
func post(t *testing.T, s Setup, method, path string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	q.SetBasicAuth("elastic", password)
	q.Header.Set("kbn-xsrf", "true")
	response, err := http.DefaultClient.Do(q)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v: %s %s", err, method, path)
	}
	response.Body.Close()
}

// Rules that are as they should be are left alone, others are put right, and what
// somebody has them do stays.
func TestRulesThatDifferAreChanged(t *testing.T) {
	fake, s := start(t, kibanafake.Config{})
	if _, err := run(t, s); err != nil {
		t.Fatal(err)
	}
	r := Rules()[0]
	action := map[string]any{"id": "log", "group": "query matched", "params": map[string]any{"message": "burns"}}
	post(t, s, http.MethodPut, "/api/alerting/rule/"+r.ID, map[string]any{
		"name": r.Name, "tags": r.Tags, "schedule": map[string]any{"interval": "7d"}, "params": r.Params, "actions": []any{action},
	})
	got, err := run(t, s)
	if err != nil || got["alert rules"] != "0 made, 1 changed, 5 as they were" {
		t.Fatalf("%v, %q", err, got["alert rules"])
	}
	client, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	var stored storedRule
	if err := client.ask(t.Context(), request{method: http.MethodGet, path: "/api/alerting/rule/" + r.ID}, &stored); err != nil {
		t.Fatal(err)
	}
	action["connector_type_id"] = ".server-log"
	if diff := cmp.Diff([]map[string]any{action}, stored.Actions); diff != "" || stored.Schedule.Interval != r.Every {
		t.Errorf("%s: %s", stored.Schedule.Interval, diff)
	}
	if got := fake.Refusals(); len(got) > 0 {
		t.Errorf("refused: %+v", got)
	}
}

func TestARuleThatCannotBeChanged(t *testing.T) {
	r := Rules()[0]
	other := map[string]any{
		"name": "mine", "tags": []any{}, "schedule": map[string]any{"interval": "1m"}, "params": map[string]any{}, "actions": []any{},
		"rule_type_id": ".index-threshold", "consumer": "alerts",
	}
	for proves, row := range map[string]struct{ path, says, hint string }{
		"another type":  {"/api/alerting/rule/" + r.ID, "is of type .index-threshold for alerts, which cannot be changed", "delete it"},
		"another space": {"/s/a/api/alerting/rule/" + r.ID, "is in another space", "-alerts=false"},
	} {
		_, s := start(t, kibanafake.Config{})
		post(t, s, http.MethodPost, "/api/spaces/space", map[string]any{"id": "a", "name": "a"})
		post(t, s, http.MethodPost, row.path, other)
		if _, err := run(t, s); err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(cli.Hint(err), row.hint) {
			t.Errorf("%s: %v (%s)", proves, err, cli.Hint(err))
		}
	}
}

// The limits are those of Prometheus' rules: whoever runs both is told one thing.
func TestRulesAgreeWithPrometheus(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../prometheus/rules/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	windows := map[string]string{"5m": "5 minutes", "30m": "30 minutes", "1h": "1 hour", "2h": "2 hours", "6h": "6 hours", "1d": "1 day", "3d": "3 days"}
	limit := regexp.MustCompile(`ratio_rate(\w+)\{slo="(\w+)"\} > ([0-9.]+ \* [0-9.]+)`)
	rules := Rules()
	found := 0
	for _, m := range limit.FindAllStringSubmatch(read("slo.yml"), -1) {
		recent, over := "> NOW() - "+windows[m[1]]+",", "> "+m[3]
		if !slices.ContainsFunc(rules, func(r Rule) bool {
			text := fmt.Sprint(r.Params)
			return slices.Contains(r.Tags, "slo:"+m[2]) && strings.Contains(text, recent) && strings.Contains(text, over)
		}) {
			t.Errorf("no rule has the limit of %s", m[0])
		}
		found++
	}
	if found != 16 {
		t.Errorf("%d limits in prometheus/rules/slo.yml, want 16", found)
	}
	for _, m := range regexp.MustCompile(`plumbline_newest_document_timestamp_seconds > (\d+)`).FindAllStringSubmatch(read("health.yml"), -1) {
		if m[1] != fmt.Sprint(staleAfter) {
			t.Errorf("a document is stale after %d s, in Prometheus after %s s", staleAfter, m[1])
		}
	}
}
