package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/cli"
	"plumbline/provisioner/kibana/kibanafake"
)

func TestKibanaCommand(t *testing.T) {
	secret := func(text string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const set = "kibana/testdata/set.ndjson"
	right := []string{"-objects", set, "-password-file", secret("s3cr3t")}
	with := func(more ...string) []string { return append(append([]string{"kibana"}, right...), more...) }
	pull := func(more ...string) []string { return append(append([]string{"kibana", "pull"}, right...), more...) }
	fill := func(f *kibanafake.Kibana, url string) {
		var out bytes.Buffer
		if code := cli.Report(&out, "provisioner", run(t.Context(), with("-kibana", url), &out, &out)); code != 0 {
			t.Fatalf("%d: %s", code, out.String())
		}
	}
	for proves, row := range map[string]struct {
		args   []string
		config kibanafake.Config
		before func(f *kibanafake.Kibana, url string)
		code   int
		stdout string
		stderr string
		hint   string
	}{
		"help has an example":            {args: []string{"kibana", "-h"}, stdout: "Example:\n  provisioner kibana"},
		"no credentials":                 {args: []string{"kibana"}, code: 64, stderr: "kibana: -password-file or -key-file is missing", hint: "provisioner kibana -h"},
		"an unknown flag":                {args: with("-x"), code: 64, stderr: "kibana: flag provided but not defined: -x", hint: "provisioner kibana -h"},
		"no time":                        {args: with("-within", "0s"), code: 64, stderr: "kibana: -within 0s: want more than zero", hint: "provisioner kibana -h"},
		"a space that cannot be":         {args: with("-space", "A b"), code: 64, stderr: `kibana: space "A b": want lower case`},
		"no such objects":                {args: with("-objects", "absent"), code: 64, stderr: "kibana: saved objects: open absent: no such file"},
		"a password in the address":      {args: with("-kibana", "http://elastic:s3cr3t@host"), code: 64, stderr: "kibana address carries a password"},
		"pull wants to know which":       {args: pull(), code: 64, stderr: "kibana pull: -dashboard is missing", hint: "provisioner kibana -h"},
		"alerts cannot be pulled":        {args: pull("-dashboard", "test-red", "-alerts"), code: 64, stderr: "not defined: -alerts"},
		"absent":                         {args: with("-kibana", "http://127.0.0.1:1", "-within", "1s"), code: 2, stderr: "provisioner: kibana: kibana is not ready after 1s; last: ", hint: ""},
		"starting":                       {args: with("-within", "1s"), config: kibanafake.Config{Starting: 9}, code: 2, stderr: "it is starting"},
		"of a version that is too old":   {args: with(), config: kibanafake.Config{Version: "7.17.0"}, code: 2, stderr: "version 7.17.0 is too old", hint: "update it"},
		"a wrong password":               {args: with("-password-file", secret("other")), code: 2, stderr: "status: 401 it does not know this user", hint: "password file"},
		"who may only look":              {args: with("-user", "viewer"), code: 2, stderr: "import: 403 Unable to bulk_create", hint: "may not change that space"},
		"each refused object has a line": {args: with("-objects", secret(strings.Repeat(`{"type":"search","id":"a","attributes":{"title":"t"},"references":[{"type":"index-pattern","id":"no","name":"n"}]}`+"\n", 1)+`{"type":"search","id":"b","attributes":{}}`)), code: 2, stderr: "provisioner: kibana at HOST: import search a: it refers to what is not there: index-pattern no\n"},
		"all of it":                      {args: with(), stdout: "/app/dashboards\n", stderr: "✓ saved objects  4 imported"},
		"again":                          {args: with(), before: fill, stdout: "/app/dashboards\n", stderr: "✓ saved objects  4 as they were"},
		"without alerts":                 {args: with("-alerts=false"), config: kibanafake.Config{NoEncryptionKey: true}, stdout: "/app/dashboards\n", stderr: "✓ saved objects  4 imported"},
		"half of it is there":            {args: with(), before: func(f *kibanafake.Kibana, url string) { fill(f, url); f.Remove("default", "dashboard", "test-red") }, stdout: "/app/dashboards\n", stderr: "1 imported, 3 as they were"},
		"pull: nobody has changed it":    {args: pull("-dashboard", "test-red"), before: fill, stdout: "dashboard test-red is as it is sent\n"},
		"pull: somebody has": {args: pull("-dashboard", "test-red"), before: func(f *kibanafake.Kibana, url string) {
			fill(f, url)
			f.Edit("default", "dashboard", "test-red", "title", "Mine")
		}, code: 1, stdout: "+    \"title\": \"Mine\"\n"},
		"pull: there is no such dashboard": {args: pull("-dashboard", "other"), before: fill, code: 2, stderr: "there is no dashboard other in space default", hint: "address of its page"},
		"pull: a wrong password":           {args: pull("-dashboard", "test-red", "-password-file", secret("other")), code: 2, stderr: "401 it does not know", hint: "password file"},
	} {
		t.Run(proves, func(t *testing.T) {
			if row.config.Version == "" {
				row.config.Version = "8.19.7"
			}
			row.config.Accounts = []kibanafake.Account{{Name: "elastic", Password: "s3cr3t"}, {Name: "viewer", Password: "s3cr3t", ReadOnly: true}}
			fake := kibanafake.New(row.config)
			server := httptest.NewServer(fake)
			defer server.Close()
			if row.before != nil {
				row.before(fake, server.URL)
			}
			args := row.args
			if strings.Contains(strings.Join(args, " "), "-objects") && !strings.Contains(strings.Join(args, " "), "-kibana") {
				args = append(args, "-kibana", server.URL)
			}
			var stdout, stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), args, &stdout, &stderr))
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if got := stdout.String(); !strings.Contains(got, row.stdout) || row.stdout == "" && got != "" {
				t.Errorf("stdout %q, want %q", got, row.stdout)
			}
			_, hint, _ := strings.Cut(stderr.String(), "\nhint: ")
			want := strings.ReplaceAll(row.stderr, "HOST", strings.TrimPrefix(server.URL, "http://"))
			if got := stderr.String(); !strings.Contains(got, want) || !strings.Contains(hint, row.hint) {
				t.Errorf("stderr %q, want %q and hint %q", got, want, row.hint)
			}
			if strings.Contains(stderr.String(), "s3cr3t") {
				t.Errorf("the password is on stderr: %q", stderr.String())
			}
		})
	}
}

// What pull writes is what the command takes.
func TestPulledObjectsCanBeSent(t *testing.T) {
	fake := kibanafake.New(kibanafake.Config{Version: "8.19.7", Accounts: []kibanafake.Account{{Name: "elastic", Key: "id:key"}}})
	server := httptest.NewServer(fake)
	defer server.Close()
	dir := t.TempDir()
	key, out := filepath.Join(dir, "key"), filepath.Join(dir, "mine.ndjson")
	if err := os.WriteFile(key, []byte("id:key"), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (int, string) {
		var text bytes.Buffer
		code := cli.Report(&text, "provisioner", run(t.Context(), append(args, "-kibana", server.URL, "-key-file", key), &text, &text))
		return code, text.String()
	}
	const set = "kibana/testdata/set.ndjson"
	if code, text := call("kibana", "-objects", set); code != 0 {
		t.Fatal(text)
	}
	fake.Edit("default", "dashboard", "test-red", "title", "Mine")
	if code, text := call("kibana", "pull", "-objects", set, "-dashboard", "test-red", "-out", out); code != 1 {
		t.Fatalf("%d: %s", code, text)
	}
	if code, text := call("kibana", "-objects", out); code != 0 || !strings.Contains(text, "3 as they were") {
		t.Errorf("%d: %s", code, text)
	}
	if code, text := call("kibana", "pull", "-objects", out, "-dashboard", "test-red"); code != 0 {
		t.Errorf("%d: %s", code, text)
	}
}
