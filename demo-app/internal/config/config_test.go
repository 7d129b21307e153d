package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

type env map[string]string

func (e env) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// revealed is what a Config holds, secrets in the open.
func revealed(c Config) map[string]string {
	m := map[string]string{}
	for name, v := range map[string]any{
		"addr": c.Addr, "admin": c.AdminAddr, "token": c.AdminToken.Reveal(), "database": c.DatabaseURL.Reveal(), "redis": c.RedisURL.Reveal(),
		"smtp": c.SMTPURL.Reveal(), "icat": c.ICAT.URL, "user": c.ICAT.Username, "password": c.ICAT.Password.Reveal(), "level": c.Level, "seed": c.Seed, "workers": c.Workers,
	} {
		m[name] = fmt.Sprint(v)
	}
	return m
}

func TestDefaults(t *testing.T) {
	c, err := Read(nil, env{}.lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Command: Serve, Addr: "127.0.0.1:8000", ProbeAddr: "127.0.0.1:8002", AdminAddr: "127.0.0.1:8001",
		Service: "icat-demo-api", Environment: "demo", Level: c.Level,
		DatabaseURL: secretURL(Memory), Pool: 8, Seed: 1, Scale: facility.Small(),
		ICAT:            ICAT{Authenticator: "simple", CheckCert: true},
		SessionLifetime: icat.SessionLifetime, Cache: true, CacheTTL: 5 * time.Second, Workers: 1,
		MaxInFlight: 256, MaxWait: 100 * time.Millisecond, RequestTimeout: 10 * time.Second, DrainTimeout: 10 * time.Second,
		CheckTimeout: 3 * time.Second,
	}
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(Secret{}), cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Level.String() != "info" || c.Admin() {
		t.Errorf("level %s, admin port %v", c.Level, c.Admin())
	}
}

func TestWhereAValueComesFrom(t *testing.T) {
	const token = "0123456789abcdef"
	file := secretFile(t, token+"\n")
	for name, row := range map[string]struct {
		args []string
		env  env
		want map[string]string // of revealed
		from string            // setting=source
	}{
		"a flag":                                {[]string{"-seed", "7"}, nil, map[string]string{"seed": "7"}, "seed=flag"},
		"the environment":                       {nil, env{"LOG_LEVEL": "debug"}, map[string]string{"level": "debug"}, "log-level=environment"},
		"a flag wins over the environment":      {[]string{"-seed=7"}, env{"SEED": "8"}, map[string]string{"seed": "7"}, "seed=flag"},
		"even over a bad one":                   {[]string{"-seed=7"}, env{"SEED": "x"}, map[string]string{"seed": "7"}, "seed=flag"},
		"an empty variable is absent":           {nil, env{"SEED": ""}, map[string]string{"seed": "1"}, "seed=default"},
		"the command may be named":              {[]string{"serve", "-seed", "7"}, nil, map[string]string{"seed": "7"}, "seed=flag"},
		"a secret":                              {nil, env{"ADMIN_TOKEN": token}, map[string]string{"token": token}, "admin-token=environment"},
		"a secret's file, without its newline":  {nil, env{"ADMIN_TOKEN_FILE": file}, map[string]string{"token": token}, "admin-token=file"},
		"an empty secret beside its file":       {nil, env{"ADMIN_TOKEN": "", "ADMIN_TOKEN_FILE": file}, map[string]string{"token": token}, "admin-token=file"},
		"a newline of another system":           {nil, env{"ICAT_URL": "http://localhost:8080/icat", "ICAT_USERNAME": "u", "ICAT_PASSWORD_FILE": secretFile(t, " p\r\n")}, map[string]string{"password": " p"}, "icat-password=file"},
		"a URL's file":                          {nil, env{"DATABASE_URL_FILE": secretFile(t, "mariadb://u:p@h/d")}, map[string]string{"database": "mariadb://u:p@h/d"}, "database-url=file"},
		"a URL without password, as a flag":     {[]string{"-database-url", "mariadb://icat@unix(/run/mysqld.sock)/icat"}, nil, map[string]string{"database": "mariadb://icat@unix(/run/mysqld.sock)/icat"}, "database-url=flag"},
		"a sender's @ is no password's":         {[]string{"-smtp-url", "smtp://h:25?from=a@b.org"}, nil, map[string]string{"smtp": "smtp://h:25?from=a@b.org"}, "smtp-url=flag"},
		"a database file":                       {[]string{"-database-url", "icat.db"}, nil, map[string]string{"database": "icat.db"}, "database-url=flag"},
		"no admin port, by flag":                {[]string{"-admin-addr", ""}, nil, map[string]string{"admin": ""}, "admin-addr=flag"},
		"no admin port, by environment":         {nil, env{"ADMIN_ADDR": "off"}, map[string]string{"admin": ""}, "admin-addr=environment"},
		"the names of the original example":     {nil, env{"ICAT_URL": "https://icat:8181/", "ICAT_USERNAME": "reader", "ICAT_PASSWORD": "p", "ICAT_AUTHENTICATOR_NAME": "db", "ICAT_CHECK_CERT": "False"}, map[string]string{"icat": "https://icat:8181", "user": "reader", "password": "p"}, "icat-check-cert=environment"},
		"anon needs no account":                 {nil, env{"ICAT_URL": "https://icat:8181", "ICAT_AUTHENTICATOR_NAME": "anon"}, map[string]string{"icat": "https://icat:8181"}, "icat-url=environment"},
		"Redis and mail":                        {nil, env{"REDIS_URL": "redis://:p@h:6379/0", "SMTP_URL": "smtp://u:p@h:25?from=a@b.org"}, map[string]string{"redis": "redis://:p@h:6379/0", "smtp": "smtp://u:p@h:25?from=a@b.org"}, "redis-url=environment"},
		"a file says that there is no Redis":    {nil, env{"REDIS_URL_FILE": secretFile(t, "off\n")}, map[string]string{"redis": ""}, "redis-url=file"},
		"no worker here, for Redis has a queue": {nil, env{"REDIS_URL": "redis://h", "WORKERS": "0"}, map[string]string{"workers": "0"}, "workers=environment"},
		"a worker":                              {[]string{"worker", "-workers", "4"}, env{"DATABASE_URL": "icat.db"}, map[string]string{"workers": "4"}, "workers=flag"},
		"what a command does not take":          {[]string{"healthcheck"}, env{"SEED": "x", "ADDR": "h:1"}, map[string]string{"seed": "1", "addr": "h:1"}, "addr=environment"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Read(row.args, row.env.lookup, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := revealed(c)
			for key, want := range row.want {
				if got[key] != want {
					t.Errorf("%s is %q, want %q", key, got[key], want)
				}
			}
			setting, from, _ := strings.Cut(row.from, "=")
			for _, v := range c.Values() {
				if v.Name == setting && v.From != from {
					t.Errorf("%s comes from %s, want %s", setting, v.From, from)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	empty, lines := secretFile(t, "\n"), secretFile(t, "hunter2\nhunter3\n")
	missing := filepath.Join(t.TempDir(), "missing")
	large := secretFile(t, strings.Repeat("hunter2", maxSecretFile/7+1))
	for name, row := range map[string]struct {
		args []string
		env  env
		want []string // lines
	}{
		"an unknown command":         {[]string{"server"}, nil, []string{`unknown command "server": want serve, worker or healthcheck`}},
		"an unknown flag":            {[]string{"-nope"}, nil, []string{"flag provided but not defined: -nope"}},
		"a stray argument":           {[]string{"-seed", "1", "worker"}, nil, []string{`unexpected argument "worker"`}},
		"a flag without its value":   {[]string{"-seed"}, nil, []string{"flag needs an argument: -seed"}},
		"another command's flag":     {[]string{"worker", "-addr", ":1"}, env{"DATABASE_URL": "x.db"}, []string{"flag provided but not defined: -addr"}},
		"a secret on the line":       {[]string{"-admin-token", "hunter2hunter2hunter2"}, nil, []string{"-admin-token: a secret on a command line can be read by every user of the machine; set ADMIN_TOKEN or ADMIN_TOKEN_FILE"}},
		"a URL's password there":     {[]string{"-database-url", "mariadb://u:hunter2@h/d"}, nil, []string{"-database-url: a password on a command line can be read by every user of the machine; set DATABASE_URL or DATABASE_URL_FILE"}},
		"X and X_FILE":               {nil, env{"SMTP_URL": "smtp://hunter2", "SMTP_URL_FILE": empty}, []string{"SMTP_URL and SMTP_URL_FILE are both set; drop one"}},
		"a missing secret":           {nil, env{"ADMIN_TOKEN_FILE": missing}, []string{"ADMIN_TOKEN_FILE: " + missing + ": no such file or directory"}},
		"a directory for a secret":   {nil, env{"ADMIN_TOKEN_FILE": filepath.Dir(missing)}, []string{"ADMIN_TOKEN_FILE: " + filepath.Dir(missing) + ": is a directory"}},
		"an empty secret":            {nil, env{"ADMIN_TOKEN_FILE": empty}, []string{"ADMIN_TOKEN_FILE: " + empty + ": empty"}},
		"a secret of two lines":      {nil, env{"ADMIN_TOKEN_FILE": lines}, []string{"ADMIN_TOKEN_FILE: " + lines + ": more than one line"}},
		"a secret beyond measure":    {nil, env{"ADMIN_TOKEN_FILE": large}, []string{"ADMIN_TOKEN_FILE: " + large + ": larger than 65536 bytes"}},
		"a short token":              {nil, env{"ADMIN_TOKEN": "hunter2"}, []string{"ADMIN_TOKEN: shorter than 16 characters"}},
		"a token with a space":       {nil, env{"ADMIN_TOKEN": "hunter2 hunter2 hunter2"}, []string{"ADMIN_TOKEN: holds a space or what is not ASCII, which no header can carry"}},
		"a bad URL is not repeated":  {nil, env{"DATABASE_URL": "postgres://u:hunter2@h/d"}, []string{"DATABASE_URL: unknown kind of database; want :memory:, a path or mariadb://user:password@host:port/database"}},
		"a database without name":    {nil, env{"DATABASE_URL": "mariadb://u:hunter2@h:3306"}, []string{"DATABASE_URL: no database; want mariadb://user:password@host:port/database or mariadb://user:password@unix(/path)/database"}},
		"no database":                {[]string{"-database-url", ""}, nil, []string{`-database-url "": names no database; want :memory:, a path or mariadb://user:password@host:port/database`}},
		"a database nowhere":         {nil, env{"DATABASE_URL": "/no/such/folder/icat.db"}, []string{"DATABASE_URL: names a file whose folder is not there or cannot be entered"}},
		"a folder for a database":    {[]string{"-database-url", os.TempDir()}, nil, []string{"-database-url: names what is no file"}},
		"a Redis that is none":       {nil, env{"REDIS_URL": "http://:hunter2@h"}, []string{"REDIS_URL: not of the form redis://:password@host:port/0, or rediss:// for TLS"}},
		"a URL that does not parse":  {nil, env{"REDIS_URL": "redis://:hunter2\x7f@h"}, []string{"REDIS_URL: not of the form redis://:password@host:port/0, or rediss:// for TLS"}},
		"a Redis database's name":    {nil, env{"REDIS_URL": "redis://:hunter2@h/icat"}, []string{"REDIS_URL: not of the form redis://:password@host:port/0, or rediss:// for TLS"}},
		"a mail server that is none": {nil, env{"SMTP_URL": "mail://:hunter2@h"}, []string{"SMTP_URL: scheme is not smtp or smtps"}},
		"mail without a sender":      {nil, env{"SMTP_URL": "smtp://:hunter2@h"}, []string{"SMTP_URL: no sender; add ?from=icat@example.org"}},
		"a password in the clear":    {nil, env{"ICAT_URL": "http://icat.example"}, []string{`ICAT_URL "http://icat.example": plain http would show passwords to the network; use https`}},
		"the admin port exposed":     {[]string{"-admin-addr", ":8001"}, nil, []string{`-admin-addr ":8001": not on loopback; forward the port instead of exposing it`}},
		"exposed by another address": {nil, env{"ADMIN_ADDR": "10.0.0.1:8001"}, []string{`ADMIN_ADDR "10.0.0.1:8001": not on loopback; forward the port instead of exposing it`}},
		"a password in the ICAT_URL": {nil, env{"ICAT_URL": "https://u:hunter2@h"}, []string{"ICAT_URL: holds a user; user and password have settings of their own"}},
		"a user in the ICAT_URL":     {nil, env{"ICAT_URL": "https://u@h"}, []string{`ICAT_URL "https://u@h": holds a user; user and password have settings of their own`}},
		"authorities that are none":  {nil, env{"ICAT_CA_FILE": empty}, []string{fmt.Sprintf("ICAT_CA_FILE %q: holds no PEM certificate", empty)}},
		"authorities that are away":  {nil, env{"ICAT_CA_FILE": missing}, []string{fmt.Sprintf("ICAT_CA_FILE %q: no such file or directory", missing)}},
		"both catalogues": {nil, env{"ICAT_URL": "https://h", "ICAT_USERNAME": "u", "ICAT_PASSWORD": "hunter2", "DATABASE_URL": "x.db"},
			[]string{"ICAT_URL and DATABASE_URL are both set: drop ICAT_URL to serve the database, or DATABASE_URL to serve the icat.server"}},
		"an icat.server without account": {nil, env{"ICAT_URL": "https://h", "ICAT_USERNAME": "u"}, []string{"ICAT_URL needs ICAT_USERNAME and ICAT_PASSWORD, or ICAT_AUTHENTICATOR_NAME=anon"}},
		"an account without icat.server": {nil, env{"ICAT_PASSWORD": "hunter2"}, []string{"ICAT_USERNAME and ICAT_PASSWORD mean nothing without ICAT_URL: set it, or drop them"}},
		"a queue that nobody works on":   {nil, env{"WORKERS": "0"}, []string{"WORKERS is 0 and no other process can reach a queue in memory: set DATABASE_URL or REDIS_URL, or WORKERS to 1"}},
		"a worker on its own":            {[]string{"worker"}, env{"WORKERS": "0"}, []string{"WORKERS is 0: a worker needs at least 1", "a worker needs the server's database: set DATABASE_URL to a file or mariadb://, or ICAT_URL"}},
		"a worker without a queue":       {[]string{"worker"}, env{"ICAT_URL": "https://h", "ICAT_AUTHENTICATOR_NAME": "anon"}, []string{"a worker needs the server's queue: set REDIS_URL"}},
		"all addresses at once, as who opens them reads them": {
			nil,
			env{
				"DATABASE_URL": "mariadb://u:hunter2@h/d?tls=false", "REDIS_URL": "redis://:hunter2@h:66666/0?tls=no", "ICAT_URL": "https://:8181/icat",
				"SMTP_URL": "smtp://u:hunter2@h:0?from=a@b.org", "OTEL_TRACES_SAMPLER": "some", "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4318",
			},
			[]string{
				"DATABASE_URL: not one database name; parameters are not known; want mariadb://user:password@host:port/database or mariadb://user:password@unix(/path)/database",
				`ICAT_URL "https://:8181/icat": not of the form https://host:8181/icat`,
				"REDIS_URL: not of the form redis://:password@host:port/0, or rediss:// for TLS",
				"SMTP_URL: port is not 1 to 65535",
				`OTEL_TRACES_SAMPLER "some": known are always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio`,
				"OTEL_EXPORTER_OTLP_ENDPOINT is not an address like http://localhost:4318",
			}},
		"all at once, flags and environment": {
			[]string{"-nope", "x", "-addr", "x", "-admin-token", "hunter2", "-admin-token", "hunter2", "-scale", "big", "-service-name", "a b", "-pool", "0", "-max-in-flight", "-1", "-drain-timeout", "0s"},
			env{"SEED": "-1", "LOG_LEVEL": "loud", "CACHE": "maybe", "CACHE_TTL": "5", "ENVIRONMENT": strings.Repeat("x", 65)},
			[]string{
				"flag provided but not defined: -nope",
				"-admin-token: a secret on a command line can be read by every user of the machine; set ADMIN_TOKEN or ADMIN_TOKEN_FILE",
				`-addr "x": not of the form host:port`,
				`-service-name "a b": not 1 to 64 of A-Z a-z 0-9 . _ -`,
				`ENVIRONMENT "` + strings.Repeat("x", 65) + `": not 1 to 64 of A-Z a-z 0-9 . _ -`,
				`LOG_LEVEL "loud": not one of debug, info, warn, error`,
				`-pool "0": not a whole number from 1 to 1000`,
				`SEED "-1": not a whole number from 0`,
				`-scale "big": unknown scale; known: small, full`,
				`CACHE "maybe": neither true nor false, nor on or off`,
				`CACHE_TTL "5": not a duration from 1ms to 1h0m0s, such as 1m30s`,
				`-max-in-flight "-1": not a whole number from 0 to 100000`,
				`-drain-timeout "0s": not a duration from 1ms to 10m0s, such as 1m30s`,
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			_, err := Read(row.args, row.env.lookup, nil)
			if code := cli.Report(&stderr, "demo-app", err); code != cli.Usage {
				t.Errorf("exit code %d", code)
			}
			got := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			if hint := got[len(got)-1]; !strings.HasPrefix(hint, "hint: demo-app ") {
				t.Errorf("last line %q is no hint", hint)
			}
			var want []string
			for _, line := range row.want {
				want = append(want, "demo-app: "+line)
			}
			if diff := cmp.Diff(want, got[:len(got)-1]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(stderr.String(), "hunter2") {
				t.Error("a secret is told")
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	c, err := Read([]string{"-service-name", "x"}, env{
		"ADMIN_TOKEN": "hunter2-hunter2-hunter2", "DATABASE_URL": "mariadb://icat:hunter2@h:3306/icat", "REDIS_URL": "redis://:hunter2@r:6379/0",
		"SMTP_URL": "smtp://u:hun@ter2@m:25?from=a@b.org",
	}.lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	values, err := json.Marshal(c.Values())
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{
		"String": c.String(), "%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "%s": fmt.Sprintf("%s %q %x", c.SMTPURL, c.AdminToken, c.AdminToken),
		"JSON": string(asJSON), "values": string(values),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "ter2") {
			t.Errorf("%s tells a secret: %s", how, text)
		}
	}
	for _, want := range []string{"admin-token=[set]", "database-url=mariadb://h:3306/icat", "redis-url=redis://r:6379/0", "smtp-url=smtp://m:25?…", "service-name=x"} {
		if !strings.Contains(strings.ReplaceAll(c.String(), `"`, ""), want) {
			t.Errorf("%s lacks %s", c, want)
		}
	}
	if !c.Admin() || c.AdminToken.Reveal() != "hunter2-hunter2-hunter2" {
		t.Error("who asks by name is not told either")
	}
}

func TestHelpIsNoError(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"-help"}, {"serve", "-h"}, {"worker", "-h"}, {"healthcheck", "-h"}, {"-seed", "x", "-h"}} {
		var stdout bytes.Buffer
		if _, err := Read(args, env{"LOG_LEVEL": "loud"}.lookup, &stdout); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%v: %v", args, err)
		}
		if !strings.HasPrefix(stdout.String(), "Usage: demo-app") || !strings.Contains(stdout.String(), "\nExample") {
			t.Errorf("%v prints %q", args, &stdout)
		}
	}
}

// Whatever the password is, neither the shown form of a URL nor a refusal of it
// has it.
func FuzzPasswordsInURLs(f *testing.F) {
	for _, password := range []string{"hunter2", "a@b/c?d#e", "p%zz", "12?from=x", "://", "\x00", "unix(/x)"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		password = "hun" + password + "ter2"
		for name, url := range map[string]string{
			"DATABASE_URL": "mariadb://u:" + password + "@h:1/d", "REDIS_URL": "redis://:" + password + "@h:1/0", "SMTP_URL": "smtp://u:" + password + "@h:1?from=a@b.org",
		} {
			c, err := Read(nil, env{name: url}.lookup, nil)
			if text := fmt.Sprintf("%s %+v %v", c, c, err); strings.Contains(text, "hun") || strings.Contains(text, "ter2") {
				t.Errorf("%s is told: %s", url, text)
			}
			if _, err := Read([]string{"-" + strings.ToLower(strings.ReplaceAll(name, "_", "-")), url}, env{}.lookup, nil); err == nil {
				t.Errorf("%s is taken from the command line", url)
			}
		}
	})
}
