package native

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
)

func TestShippersAreTheProfilesThereAre(t *testing.T) {
	files, err := filepath.Glob("../../beats/profiles/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yml"))
	}
	want := slices.Sorted(slices.Values(Shippers()))
	if !slices.Equal(names, want) {
		t.Errorf("beats/profiles holds %v, the runner knows %v", names, want)
	}
}

func TestALagRunIsReadFromItsVerdict(t *testing.T) {
	const lag = `{"count":9,"p50_ns":1000000,"p95_ns":2000000,"p99_ns":3000000,"max_ns":4000000}`
	whole := `{"account":{"read_lag":` + lag + `,"index_lag":` + lag + `},"followed":{"lag":` + lag + `,"refresh_lag":` + lag + `}}`
	for name, row := range map[string]struct{ verdict, want string }{
		"every hop is there":                  {whole, ""},
		"lines without event.ingested":        {strings.Replace(whole, `"index_lag":`, `"other":`, 1), "has no lag of the hop indexed"},
		"lines that nobody saw":               {strings.Replace(whole, `"lag":`, `"other":`, 1), "has seen no line become searchable"},
		"a verdict that could not be reached": {`{"error":"no"}`, "has no lag of the hop"},
		"no verdict":                          {`<html>`, "read the verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "verdict.json")
			if err := os.WriteFile(path, []byte(row.verdict), 0o600); err != nil {
				t.Fatal(err)
			}
			var run LagRun
			err := run.read(path)
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if err == nil && (run.Lines != 9 || run.Lags[telemetry.HopIndexed].P99 != 3*time.Millisecond || run.Whole.Max != 4*time.Millisecond) {
				t.Errorf("got %+v", run)
			}
		})
	}
}
