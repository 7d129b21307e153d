package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/cli"
)

func TestCommandLine(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	setup := func(more ...string) []string {
		return append([]string{"setup", "-password-file", password, "-keys-dir", t.TempDir()}, more...)
	}
	for name, row := range map[string]struct {
		args   []string
		code   int
		stdout string // what it contains
		stderr string
		hint   string
	}{
		"no command is an error":             {nil, 64, "", "provisioner: no command given: want one of setup, verify, red, series, board, alerts, watch, dashboards, grafana, kibana, healthcheck, doctor", "provisioner -h"},
		"an unknown command is an error":     {[]string{"bake"}, 64, "", `unknown command "bake"`, "provisioner -h"},
		"help is on stdout":                  {[]string{"-h"}, 0, "Usage: provisioner <command>", "", ""},
		"help of setup has an example":       {[]string{"setup", "-h"}, 0, "Example:\n  provisioner setup", "", ""},
		"an unknown flag":                    {setup("-x"), 64, "", "setup: flag provided but not defined: -x", "setup -h"},
		"an argument too many":               {setup("now"), 64, "", `setup: unexpected argument "now"`, "setup -h"},
		"a wait of nothing":                  {setup("-within", "0s"), 64, "", "setup: -within 0s: want more than zero", "setup -h"},
		"an unknown form of report":          {setup("-o", "xml"), 64, "", "setup: -o xml: want table or json", "setup -h"},
		"no password file":                   {[]string{"setup", "-keys-dir", "."}, 64, "", "setup: -password-file is missing", "setup -h"},
		"no directory of keys":               {[]string{"setup", "-password-file", password}, 64, "", "setup: -keys-dir is missing", "setup -h"},
		"a password file that is not there":  {setup("-password-file", "absent"), 64, "", "password of elastic: no such file: absent", "path"},
		"a CA file that is not there":        {setup("-ca", "absent"), 64, "", "CA certificate: no such file: absent", "path"},
		"an address that is none":            {setup("-es", "localhost"), 64, "", "not a URL", "https://127.0.0.1:9200"},
		"a password in the address":          {setup("-es", "https://elastic:s3cr3t@host"), 64, "", "carries a password", "file"},
		"a Docker that is not there":         {[]string{"doctor", "-o", "json"}, 1, `"message": "no Docker: there is no unix:///nowhere"`, "", ""},
		"an unknown form of findings":        {[]string{"doctor", "-o", "xml"}, 64, "", "doctor: -o xml: want table or json", "doctor -h"},
		"a server that is not there in time": {setup("-es", "http://127.0.0.1:1", "-within", "1ms"), 2, "", "✗ elasticsearch", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DOCKER_HOST", "unix:///nowhere")
			var stdout, stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), row.args, &stdout, &stderr))
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if got := stdout.String(); !strings.Contains(got, row.stdout) || row.stdout == "" && got != "" {
				t.Errorf("stdout %q, want %q", got, row.stdout)
			}
			_, hint, _ := strings.Cut(stderr.String(), "\nhint: ")
			if got := stderr.String(); !strings.Contains(got, row.stderr) || !strings.Contains(hint, row.hint) {
				t.Errorf("stderr %q, want %q and hint %q", got, row.stderr, row.hint)
			}
			if strings.Contains(stderr.String(), "s3cr3t") {
				t.Errorf("the password is on stderr: %q", stderr.String())
			}
		})
	}
}
