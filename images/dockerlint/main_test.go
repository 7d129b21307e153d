package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	for _, row := range []struct {
		proves, dockerfile string
		want               string // of a line; "": none
	}{
		{"a sound Dockerfile has no finding", "FROM scratch AS app\nUSER 1000:0\nENTRYPOINT [\"/app\"]\n", ""},
		{"a program that a shell starts is found", "FROM scratch\nENTRYPOINT /app\n", ":2: JSONArgsRecommended: "},
		{"so is a secret among the variables", "FROM scratch\nENV API_TOKEN=x\nENTRYPOINT [\"/app\"]\n", ":2: SecretsUsedInArgOrEnv: "},
		{"and one that was never set", "FROM scratch\nCOPY $SOURCE /app\n", ":2: UndefinedVar: "},
		{"and a keyword in another case", "FROM scratch as app\n", ":1: FromAsCasing: "},
	} {
		t.Run(row.proves, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "Dockerfile")
			if err := os.WriteFile(path, []byte(row.dockerfile), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			found, err := lint(t.Context(), []string{path}, &out)
			if err != nil || (found > 0) != (row.want != "") || !strings.Contains(out.String(), row.want) {
				t.Errorf("%d findings, %v:\n%swant %q", found, err, &out, row.want)
			}
		})
	}
	if _, err := lint(t.Context(), []string{"main.go"}, &strings.Builder{}); err == nil {
		t.Error("Go is taken for a Dockerfile")
	}
	if _, err := lint(t.Context(), nil, &strings.Builder{}); err == nil {
		t.Error("no file is no error")
	}
}
