package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/upstream"
)

// start runs the program until the test ends, and returns its address and what
// it prints from then on.
func start(t *testing.T, args ...string) (string, *bufio.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), w, io.Discard)
		w.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		go io.Copy(io.Discard, r)
		if err := <-done; err != nil {
			t.Errorf("its end: %v", err)
		}
	})
	out := bufio.NewReader(r)
	address := ""
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if _, at, ok := strings.Cut(strings.TrimSpace(line), ", at "); ok {
			address = at
		}
		if line == "Requests:\n" {
			return address, out
		}
	}
}

func TestItCanBeUsed(t *testing.T) {
	for _, row := range []struct {
		name, scheme string
		args         []string
		check        bool
	}{
		{"with its certificate checked", "https://", nil, true},
		{"unchecked", "https://", nil, false},
		{"by plain http", "http://", []string{"-plain"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := upstream.Options{Username: facility.RootName, Password: facility.Password, CheckCert: row.check}
			args := row.args
			if row.check {
				o.CAFile = filepath.Join(t.TempDir(), "ca.pem")
				args = append(args, "-ca-out", o.CAFile)
			}
			var out *bufio.Reader
			o.URL, out = start(t, args...)
			if !strings.HasPrefix(o.URL, row.scheme) {
				t.Errorf("address %s, want %s", o.URL, row.scheme)
			}
			u, err := upstream.New(o)
			if err != nil {
				t.Fatal(err)
			}
			lines := make(chan string)
			go func() {
				defer close(lines)
				for range 5 {
					line, err := out.ReadString('\n')
					if err != nil {
						return
					}
					lines <- line
				}
			}()
			var found icat.Object
			asked := make(chan error, 1)
			go func() {
				var err error
				if found, err = u.UserByName(t.Context(), "Karen482"); err == nil {
					err = u.Close(t.Context())
				}
				asked <- err
			}()
			var told string
			for range 4 {
				told += <-lines
			}
			if err := <-asked; err != nil || found.ID() != facility.KarenID {
				t.Errorf("user %d: %v", found.ID(), err)
			}
			for _, want := range []string{"GET    /icat/properties", "POST   /icat/session", `"SELECT v FROM User v WHERE v.name = 'Karen482' ORDER BY v.id"`, "DELETE /icat/session/…"} {
				if !strings.Contains(told, want) {
					t.Errorf("lines without %s: %s", want, told)
				}
			}
			if strings.Contains(told, "sessionId") {
				t.Errorf("a session id is shown: %s", told)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"an unknown flag":              {[]string{"-x"}, "icatfake: flag provided but not defined: -x\n"},
		"an argument":                  {[]string{"x"}, "icatfake: unexpected argument \"x\"\n"},
		"an address without a port":    {[]string{"-addr", "localhost"}, "icatfake: -addr \"localhost\": not of the form host:port\n"},
		"plain http for the network":   {[]string{"-plain", "-addr", "0.0.0.0:8181"}, "icatfake: -addr \"0.0.0.0:8181\": with -plain only a loopback address; others would see passwords go by\n"},
		"a certificate for plain http": {[]string{"-plain", "-ca-out", "x"}, "icatfake: -ca-out and -plain: plain http has no certificate\n"},
		"all at once": {[]string{"-seed", "x", "-scale", "huge"},
			"icatfake: -seed \"x\": not a whole number from 0\nicatfake: -scale \"huge\": unknown scale \"huge\"; known: small, full\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr strings.Builder
			code := cli.Report(&stderr, "icatfake", run(t.Context(), row.args, io.Discard, io.Discard))
			if code != cli.Usage {
				t.Errorf("exit code %d, want %d", code, cli.Usage)
			}
			if diff := cmp.Diff(row.want+"hint: icatfake -h shows the flags and an example\n", stderr.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHelpSaysThatItIsAFake(t *testing.T) {
	var stdout strings.Builder
	if err := run(t.Context(), []string{"-h"}, &stdout, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	if text := stdout.String(); text != usage || !strings.Contains(text, "FAKE icat.server") || !strings.Contains(text, "never been compared with a live") {
		t.Error(text)
	}
}

func TestWhatCannotBeDone(t *testing.T) {
	address, _ := start(t, "-plain")
	taken := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/icat")
	for name, args := range map[string][]string{
		"an address that is taken":              {"-plain", "-addr", taken},
		"a certificate where nothing can stand": {"-addr", "127.0.0.1:0", "-ca-out", filepath.Join(t.TempDir(), "no", "such", "ca.pem")},
	} {
		if code := cli.Report(io.Discard, "icatfake", run(t.Context(), args, io.Discard, io.Discard)); code != cli.Undone {
			t.Errorf("%s: exit code %d, want %d", name, code, cli.Undone)
		}
	}
}

// A request under way does not keep the program from its end for long.
func TestItEndsWithAConnectionOpen(t *testing.T) {
	address, out := start(t, "-plain")
	go io.Copy(io.Discard, out)
	client := &http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(address + "/version")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close() // the connection stays open, idle
}

func TestCertificateIsPublicAndAloneInItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if _, err := selfSigned("icat:8181", file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), "PRIVATE") || strings.Count(string(text), "BEGIN CERTIFICATE") != 1 {
		t.Errorf("%v: %s", err, text)
	}
}

func TestHealthcheck(t *testing.T) {
	certificate := filepath.Join(t.TempDir(), "icat.pem")
	for _, row := range []struct {
		proves string
		args   []string
		code   int
		want   string
	}{
		{"before it has started it is not well", []string{"-ca", certificate, "-addr", "127.0.0.1:1"}, cli.False, "no such file"},
		{"without its certificate nothing can be asked", nil, cli.Usage, "-ca is missing"},
		{"a certificate that is none is bad input", []string{"-ca", "main_test.go"}, cli.Usage, "no PEM"},
		{"an argument too many", []string{"-ca", certificate, "now"}, cli.Usage, `unexpected argument "now"`},
	} {
		t.Run(row.proves, func(t *testing.T) {
			var stderr strings.Builder
			err := run(t.Context(), append([]string{"healthcheck"}, row.args...), io.Discard, io.Discard)
			if code := cli.Report(&stderr, "icatfake", err); code != row.code || !strings.Contains(stderr.String(), row.want) {
				t.Errorf("exit code %d, %q, want %d and %q", code, &stderr, row.code, row.want)
			}
		})
	}
	address, said := start(t, "-ca-out", certificate)
	go io.Copy(io.Discard, said)
	host := strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/icat")
	if err := run(t.Context(), []string{"healthcheck", "-ca", certificate, "-addr", host}, io.Discard, io.Discard); err != nil {
		t.Errorf("running: %v", err)
	}
	if err := run(t.Context(), []string{"healthcheck", "-ca", certificate, "-addr", "127.0.0.1:1"}, io.Discard, io.Discard); err == nil {
		t.Error("nobody is well")
	}
}
