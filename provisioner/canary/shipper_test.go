package canary

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival"
)

// Lines of any format are told and compared, whatever a shipper makes of them.
func TestLines(t *testing.T) {
	wrapped := func(text string) any { return map[string]any{"message": text, "@timestamp": "2026-01-01T00:00:00Z"} }
	decoded := func(text string) any {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Error(err)
		}
		return fields
	}
	fourth := func(change func(string) any, whole func(string) any) func(string) any {
		return func(text string) any {
			if lines.Identities([]byte(text), "")[0].Seq == 4 {
				return change(text)
			}
			return whole(text)
		}
	}
	for _, row := range []struct {
		proves  string
		format  lines.Format
		form    func(string) any
		ways    func(int64) []document
		verdict arrival.Outcome
		says    string
	}{
		{"an ECS line in a text", lines.ECS, wrapped, nil, arrival.Holds, "12 of 12"},
		{"a logfmt line in a text", lines.Logfmt, wrapped, nil, arrival.Holds, "12 of 12"},
		{"an access line in a text", lines.Combined, wrapped, nil, arrival.Holds, "12 of 12"},
		{"a plain line in a text", lines.Plain, wrapped, nil, arrival.Holds, "12 of 12"},
		{"an ECS line taken apart", lines.ECS, decoded, nil, arrival.Holds, "12 of 12"},
		{"a line that is cut", lines.Logfmt, fourth(func(text string) any { return wrapped(text[:len(text)-9]) }, wrapped), nil, arrival.Fails, "1 corrupted: 4,"},
		{"a field that is altered", lines.ECS, fourth(func(text string) any { return decoded(strings.Replace(text, `"level":"`, `"level":"x`, 1)) }, decoded), nil, arrival.Fails, "1 corrupted: 4,"},
		{"a line that is lost", lines.ECS, wrapped, of(4), arrival.Fails, "1 lost: 4,"},
		{"a line that is doubled", lines.Plain, wrapped, of(4, document{}, document{}), arrival.Fails, "1 duplicated: 4,"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.form, w.ways = row.form, row.ways
			o := w.options()
			o.Target, o.Lines, o.Format, o.Text, o.Index = "", w, row.format, "message", telemetry.StreamLines
			if got := w.watch(t, o, 59500*time.Millisecond); got.Verdict != row.verdict || !strings.Contains(got.Summary, row.says) {
				t.Errorf("%s: %s %s, want %s %s", row.proves, got.Verdict, got.Summary, row.verdict, row.says)
			}
		})
	}
}
