package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/cli"
	"plumbline/provisioner/grafana/grafanafake"
)

// What the command says and how it ends, for each way it can go.
func TestGrafana(t *testing.T) {
	dir := t.TempDir()
	password, other, out := filepath.Join(dir, "password"), filepath.Join(dir, "other"), filepath.Join(dir, "red.json")
	for path, text := range map[string]string{password: "s3cr3t\n", other: "0ther\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func(o grafanafake.Options) (*grafanafake.Grafana, string) {
		o.Admin, o.Password, o.Viewer, o.ViewerPassword = "admin", "s3cr3t", "viewer", "s3cr3t"
		g, err := grafanafake.New(o)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(g)
		t.Cleanup(s.Close)
		return g, s.URL
	}
	_, whole := start(grafanafake.Options{Starting: 1})
	_, old := start(grafanafake.Options{Version: "9.5.21"})
	_, starting := start(grafanafake.Options{Starting: 1000})
	edited, editedURL := start(grafanafake.Options{})
	put := func(address string, more ...string) []string {
		return append([]string{"grafana", "-grafana", address, "-prometheus", "http://prometheus:9090", "-password-file", password}, more...)
	}
	pull := func(address string, more ...string) []string {
		return append([]string{"grafana", "pull", "-grafana", address, "-password-file", password}, more...)
	}
	for _, row := range []struct {
		proves               string
		args                 []string
		before               func()
		code                 int
		stdout, stderr, hint string
	}{
		{"all is put", put(whole), nil, 0, "9 added: " + whole + "/d/plumbline-red/", "✓ Plumbline: Prometheus", ""},
		{"and left alone then", put(whole), nil, 0, "9 unchanged: " + whole + "/d/plumbline-red/", "unchanged: Successfully queried", ""},
		{"no difference", pull(whole, "plumbline-red"), nil, 0, "plumbline-red: no difference", "", ""},
		{"another is set up", put(editedURL), nil, 0, "9 added", "", ""},
		{"a difference is a patch, and not a success", pull(editedURL, "-out", out, "plumbline-red"),
			func() { edited.EditDashboard("plumbline-red", func(m map[string]any) { m["refresh"] = "1m" }) }, 1, `+  "refresh": "1m"`, "", ""},
		{"no such dashboard", pull(whole, "plumbline-rde"), nil, 2, "", "there is no dashboard plumbline-rde", "/d/UID"},
		{"no Grafana", put("http://127.0.0.1:1", "-within", "2s"), nil, 2, "", "connection refused", "is Grafana running there?"},
		{"one that does not come up", put(starting, "-within", "1ms"), nil, 2, "", "waited 1ms: grafana at", ""},
		{"one that is too old", put(old), nil, 2, "", "its version is 9.5.21, want 10 or newer", ".env"},
		{"a wrong password", append(put(whole), "-password-file", other), nil, 2, "", "401: it does not know this user with this password", "-password-file"},
		{"a user who may only look", put(whole, "-user", "viewer"), nil, 2, "", "403: this user may not do that", "administrator"},
		{"who may pull", pull(whole, "-user", "viewer", "plumbline-red"), nil, 0, "no difference", "", ""},
		{"no password", []string{"grafana", "-prometheus", "http://p"}, nil, 64, "", "grafana: -password-file is missing", "grafana -h"},
		{"no Prometheus", []string{"grafana", "-password-file", password}, nil, 64, "", "grafana: -prometheus is missing", "grafana -h"},
		{"a wait of nothing", put(whole, "-within", "0s"), nil, 64, "", "-within 0s: want more than zero", "grafana -h"},
		{"an address that is none", put("localhost:3000"), nil, 64, "", "is not a URL of scheme http or https", ""},
		{"nothing to pull", pull(whole), nil, 64, "", "pull: which dashboard?", "grafana -h"},
		{"a file without a pull", put(whole, "-out", out), nil, 64, "", "only pull writes a file", "grafana -h"},
		{"help has an example", []string{"grafana", "-h"}, nil, 0, "Example:\n  provisioner grafana", "", ""},
	} {
		if row.before != nil {
			row.before()
		}
		var stdout, stderr bytes.Buffer
		code := cli.Report(&stderr, "provisioner", run(t.Context(), row.args, &stdout, &stderr))
		_, hint, _ := strings.Cut(stderr.String(), "\nhint: ")
		if code != row.code || !strings.Contains(stdout.String(), row.stdout) || row.stdout == "" && stdout.Len() > 0 ||
			!strings.Contains(stderr.String(), row.stderr) || !strings.Contains(hint, row.hint) {
			t.Errorf("%s: exit code %d, want %d\nstdout %q, want %q\nstderr %q, want %q and hint %q", row.proves, code, row.code, stdout.String(), row.stdout, stderr.String(), row.stderr, row.hint)
		}
		if text := stdout.String() + stderr.String(); strings.Contains(text, "s3cr3t") || strings.Contains(text, "0ther") {
			t.Errorf("%s: a password is told: %s", row.proves, text)
		}
	}
	if text, err := os.ReadFile(out); err != nil || !strings.Contains(string(text), `"refresh": "1m"`) {
		t.Errorf("what was pulled: %v, %.100s", err, text)
	}
}
