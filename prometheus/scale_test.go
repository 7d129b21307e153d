package prometheus

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
)

// faster divides every duration of a rule file or of alertmanager.yml by n, and
// changes nothing else: the windows of range selectors, how long an alert waits
// (for), how often groups are told of. So what a test sees fire in seconds is the
// shipped rule, and not a copy of it. Bounds that are compared with a number of
// seconds, as in IngestLag and QueueAge, stay.
func faster(t *testing.T, text string, n int) string {
	t.Helper()
	divide := func(duration string) string {
		d, err := model.ParseDuration(duration)
		if err != nil {
			t.Fatal(err)
		}
		return model.Duration((time.Duration(d) / time.Duration(n)).Truncate(time.Millisecond)).String()
	}
	const duration = `(?:\d+(?:ms|[smhdwy]))+`
	text = regexp.MustCompile(`\[`+duration+`\]`).ReplaceAllStringFunc(text, func(window string) string {
		return "[" + divide(window[1:len(window)-1]) + "]"
	})
	setting := regexp.MustCompile(`(?m)^(\s*(?:for|interval|keep_firing_for|group_wait|group_interval|repeat_interval): *)(` + duration + `)`)
	return setting.ReplaceAllStringFunc(text, func(line string) string {
		m := setting.FindStringSubmatch(line)
		return m[1] + divide(m[2])
	})
}

func TestFasterDividesDurationsAndNothingElse(t *testing.T) {
	for _, row := range []struct{ proves, text, want string }{
		{"a window", "rate(a_total[5m]) / rate(b_total[1h])", "rate(a_total[5s]) / rate(b_total[1m])"},
		{"a window of several units", "rate(a_total[1h30m])", "rate(a_total[1m30s])"},
		{"below a second it is milliseconds", "group_wait: 10s # few", "group_wait: 166ms # few"},
		{"how long an alert waits", "        for: 2m\n", "        for: 2s\n"},
		{"not a name that tells its window", "record: job:requests:rate5m", "record: job:requests:rate5m"},
		{"not a pattern", `x{code=~"[45]..", path="[5m"}`, `x{code=~"[45]..", path="[5m"}`},
		{"not a bound in seconds, nor prose", "expr: age > 120 # for: 2m", "expr: age > 120 # for: 2m"},
	} {
		if got := faster(t, row.text, 60); got != row.want {
			t.Errorf("%s: got %q, want %q", row.proves, got, row.want)
		}
	}
	for _, path := range append(ruleFiles(t), "alertmanager.yml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), faster(t, string(text), 1)); diff != "" {
			t.Errorf("%s, divided by one: %s", path, diff)
		}
	}
}

func ruleFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("rules/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("rule files: %v, %v", paths, err)
	}
	return paths
}
