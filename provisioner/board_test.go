package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/cli"
)

func TestBoardRefusesBadInput(t *testing.T) {
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	open := filepath.Join(t.TempDir(), "reader.key")
	if err := os.WriteFile(open, []byte("not a key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"without an address of Elasticsearch", []string{"board"}, cli.Usage, "-es is missing"},
		{"with an address that is none", []string{"board", "-es", "here"}, cli.Usage, "not a URL"},
		{"with a port alone to listen on", []string{"board", "-es", "http://127.0.0.1:1", "-addr", "5602"}, cli.Usage, "not HOST:PORT"},
		{"with an unknown flag", []string{"board", "-color"}, cli.Usage, "-color"},
		{"with an argument too many", []string{"board", "-es", "http://127.0.0.1:1", "red"}, cli.Usage, `"red"`},
		{"with a key file that is missing", []string{"board", "-es", "http://127.0.0.1:1", "-key-file", "no/such.key"}, cli.Usage, "no/such.key"},
		{"with a key file that holds no key", []string{"board", "-es", "http://127.0.0.1:1", "-key-file", open}, cli.Usage, "reader.key"},
		{"on a port in use", []string{"board", "-es", "http://127.0.0.1:1", "-addr", busy.Addr().String()}, cli.Undone, "is in use"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), tt.args, io.Discard, &stderr))
			if code != tt.code || !strings.Contains(stderr.String(), tt.want) || !strings.Contains(stderr.String(), "hint: ") {
				t.Errorf("exit %d, stderr %q; want %d, %q and a hint", code, stderr.String(), tt.code, tt.want)
			}
		})
	}
}

// The board says where it listens once it does, and ends without an error when
// it is told to.
func TestBoardServesUntilStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	said, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"board", "-addr", "127.0.0.1:0", "-es", "http://127.0.0.1:1"}, stdout, io.Discard)
		_ = stdout.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	line := make([]byte, 200)
	n, err := said.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, address, ok := strings.Cut(strings.TrimSpace(string(line[:n])), "listening on ")
	if !ok {
		t.Fatalf("said %q", line[:n])
	}
	resp, err := http.Get(address + "healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(body) != "ok\n" {
		t.Errorf("healthz says %q, %v", body, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestHealthcheckAsksTheBoard(t *testing.T) {
	asked := ""
	board := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked = r.URL.Path; asked != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(board.Close)
	addr := strings.Replace(strings.TrimPrefix(board.URL, "http://"), "127.0.0.1", "", 1) // as a container listens
	for _, row := range []struct {
		proves string
		args   []string
		asked  string
		code   int
	}{
		{"a board that cannot read Elasticsearch is not well", nil, "/readyz", cli.False},
		{"it may live all the same", []string{"-live"}, "/healthz", 0},
		{"an address that is none is bad input", []string{"-addr", "5602"}, "", cli.Usage},
		{"so is no time to answer", []string{"-timeout", "0s"}, "", cli.Usage},
	} {
		t.Run(row.proves, func(t *testing.T) {
			asked = ""
			var stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), append([]string{"healthcheck", "-addr", addr}, row.args...), io.Discard, &stderr))
			if code != row.code || asked != row.asked {
				t.Errorf("exit %d, asked %q, stderr %q; want %d and %q", code, asked, stderr.String(), row.code, row.asked)
			}
		})
	}
}
