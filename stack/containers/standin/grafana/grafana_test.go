package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "password"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves      string
		environment []string
		want        settings
		fault       string
	}{
		{"the password comes from its file", []string{"GF_SECURITY_ADMIN_PASSWORD__FILE=/password", "HOME=/"}, settings{"admin", "secret"}, ""},
		{"the administrator has another name", []string{"GF_SECURITY_ADMIN_PASSWORD=secret", "GF_SECURITY_ADMIN_USER=boss"}, settings{"boss", "secret"}, ""},
		{"a setting that there is not is refused", []string{"GF_SECURITY_ADMIN_PASSWRD=secret"}, settings{}, "GF_SECURITY_ADMIN_PASSWRD is no setting"},
		{"a password that everybody knows is refused", []string{"GF_USERS_ALLOW_SIGN_UP=false"}, settings{}, "GF_SECURITY_ADMIN_PASSWORD is missing"},
		{"a file that is not there is refused", []string{"GF_SECURITY_ADMIN_PASSWORD__FILE=/none"}, settings{}, "GF_SECURITY_ADMIN_PASSWORD__FILE: open"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got, err := read(row.environment, root)
			if row.fault == "" && (err != nil || got != row.want) {
				t.Errorf("got %v, %v; want %v", got, err, row.want)
			}
			if row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)) {
				t.Errorf("got %v, want %s", err, row.fault)
			}
		})
	}
}

// What compose.yaml mounts is missing here, one after the other.
func TestItWantsItsFiles(t *testing.T) {
	t.Setenv("GF_SECURITY_ADMIN_PASSWORD", "secret")
	root := t.TempDir()
	for _, want := range []string{"keep data: open", "provisioning: open"} {
		err := run(t.Context(), []string{"-root", root, "-addr", "127.0.0.1:0"}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := os.MkdirAll(filepath.Join(root, "var/lib/grafana"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
