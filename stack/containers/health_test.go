package containers

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// check runs a service's health check once, as the engine does.
func (p *project) check(t *testing.T, name string) error {
	t.Helper()
	s := p.services[name]
	within, err := time.ParseDuration(s.Healthcheck.Timeout)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var command []string
	switch kind, rest := s.Healthcheck.Test[0], s.Healthcheck.Test[1:]; kind {
	case "CMD":
		command = rest
	case "CMD-SHELL":
		command = append([]string{"/bin/sh", "-c"}, rest...)
	default:
		t.Fatalf("%s: a check of kind %s", name, kind)
	}
	for i, word := range command { // as Compose takes it out of the file
		command[i] = strings.ReplaceAll(word, "$$", "$")
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	_, err = p.engine.try(ctx, nil, append([]string{"exec", p.container(t, name)}, command...)...)
	return err
}

// checked proves of each health check that it can fail: it does while the
// service's process is stopped, and passes again when it goes on.
func (p *project) checked(t *testing.T) {
	for _, name := range p.lasting() {
		if p.services[name].Healthcheck == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			await(t, name+" to be healthy", func() error { return p.check(t, name) })
			processes := p.processes(t, p.container(t, name))
			signal(t, syscall.SIGSTOP, processes...)
			if err := p.check(t, name); err == nil {
				t.Error("the check passes while the process is stopped")
			}
			signal(t, syscall.SIGCONT, processes...)
			await(t, name+" to be healthy again", func() error { return p.check(t, name) })
		})
	}
	t.Run("Elasticsearch that takes another password", func(t *testing.T) {
		file := p.volume("password-elastic", "elastic.password")
		password, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.check(t, "elasticsearch"); err == nil {
			t.Error("the check passes with a wrong password")
		}
		if err := os.WriteFile(file, password, 0o600); err != nil {
			t.Fatal(err)
		}
	})
}
