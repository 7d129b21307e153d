package native

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/pace"
	"plumbline/stack/supervise"
)

func TestMeasureShowsWhatThereIs(t *testing.T) {
	for _, row := range []struct {
		proves         string
		loadgen, judge string // how their scripts end
		code           int
		stdout, note   string
		died           string // the child that the error is about; "" = no error
	}{
		{"a verdict that holds", "echo sent", "echo holds", 0, "\nsent\n\nholds\n", "✓ verify", ""},
		{"one that does not", "echo sent", "echo lost; exit 1", 1, "\nsent\n\nlost\n", "✓ verify", ""},
		{"could not be measured is a verdict", "echo sent", "echo unmeasured; exit 2", 2, "\nsent\n\nunmeasured\n", "✗ verify", ""},
		{"without a table it is the log's end", "echo sent", "echo refused >&2; exit 2", 2, "\nsent\n", "verify.log:\n  | refused\n", ""},
		{"a verifier that was called wrongly is none", "echo sent", "echo usage >&2; exit 64", 0, "\nsent\n", "✗ verify", "verify"},
		{"a load that broke off has its report", "echo half; exit 2", "sleep 60", 0, "\nhalf\n", "✗ load", "loadgen"},
		{"a load that never began has none", "exit 2", "sleep 60", 0, "", "✗ load", "loadgen"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			var progress, stdout strings.Builder
			s, err := open(Options{Repository: "../..", State: filepath.Join(t.TempDir(), "state"), Stderr: &progress})
			if err != nil {
				t.Fatal(err)
			}
			s.ctx, s.group = supervise.New(t.Context(), s.dir.Path, nil)
			defer s.Stop()
			if err := s.clean(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.programs.Loadgen = script(t, "echo header >"+s.Ledger+"\n"+row.loadgen)
			s.programs.Provisioner = script(t, row.judge)

			code, err := s.Measure(t.Context(), pace.Constant{Rate: 1, Duration: time.Second}, &stdout)
			if code != row.code {
				t.Errorf("code %d, want %d", code, row.code)
			}
			var died *supervise.DiedError
			if row.died == "" && err != nil || row.died != "" && (!errors.As(err, &died) || died.Name != row.died) {
				t.Errorf("got %v, want the death of %q", err, row.died)
			}
			if diff := cmp.Diff(row.stdout, stdout.String()); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(progress.String(), row.note) {
				t.Errorf("progress lacks %q:\n%s", row.note, &progress)
			}
		})
	}
}

// script is a program that plays a part.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "play")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
