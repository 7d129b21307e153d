package drills

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"plumbline/stack/supervise"
)

// app is a demo-app of a drill's own, beside the stack's: its log can be dealt
// with as the stack's cannot.
type app struct {
	url    string
	cmd    *exec.Cmd
	record string // file with all that it wrote, as it wrote it
}

// application starts a demo-app that writes to out; record is where that can be
// read again.
func (r *rig) application(t *testing.T, out *os.File, record string) *app {
	t.Helper()
	a := &app{record: record}
	a.cmd = exec.Command(r.Programs().DemoApp, "-addr", "127.0.0.1:0", "-database-url", ":memory:", "-seed", "1", "-scale", "small")
	a.cmd.Stdout, a.cmd.Stderr = out, os.Stderr
	// By its owner it is found and ended by the next start, should we be killed.
	a.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), supervise.OwnerVariable + "=" + filepath.Dir(filepath.Dir(r.Logs))}
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us to hand on
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.kill)
	await(t, "demo-app to listen", func() error {
		text, err := os.ReadFile(record)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(text) {
			var said struct {
				Message string
				Server  struct {
					Address string
					Port    int
				}
			}
			if json.Unmarshal(line, &said) == nil && said.Message == "listening" {
				a.url = fmt.Sprintf("http://%s:%d", said.Server.Address, said.Server.Port)
				return nil
			}
		}
		return errors.New("it has said nothing of it")
	})
	return a
}

// kill ends it at once; what it had not written is gone.
func (a *app) kill() {
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
}
