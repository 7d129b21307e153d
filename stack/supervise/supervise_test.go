package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The test binary plays the children: it acts as PLAY says.
func TestMain(m *testing.M) {
	switch role, argument, _ := strings.Cut(os.Getenv("PLAY"), " "); role {
	case "":
		os.Exit(m.Run())
	case "serve": // ready, then until SIGTERM
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("ready")
		<-stop
		fmt.Fprintln(os.Stderr, "stopping "+argument)
		if argument != "" {
			f, _ := os.OpenFile(argument, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			fmt.Fprintln(f, os.Getenv("AS"))
			f.Close()
		}
	case "stubborn": // does not mind SIGTERM
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	case "exit": // ends with a last word
		code, _ := strconv.Atoi(argument)
		fmt.Println("first line\nlast words")
		os.Exit(code)
	case "echo": // says what it is told
		_, _ = os.Stdout.ReadFrom(os.Stdin)
	case "parent": // has a child of its own that outlives it unless somebody cares
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PLAY=stubborn")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		select {}
	case "supervisor": // starts two children, then waits to be killed
		_, g := New(context.Background(), argument, nil)
		for _, play := range []string{"stubborn", "parent"} {
			c, err := g.Start(Spec{Name: play, Command: os.Args[:1], Env: []string{"PLAY=" + play}, Log: filepath.Join(argument, play+".log")})
			if err != nil {
				panic(err)
			}
			if err := c.Ready(context.Background(), says(c, "ready")); err != nil {
				panic(err)
			}
		}
		fmt.Println("ready")
		select {}
	}
}

// says is a gate that a child has logged a line.
func says(c *Child, line string) Gate {
	return Gate{What: "talking", Within: 20 * time.Second, Every: 5 * time.Millisecond, Check: func(context.Context) error {
		for _, l := range c.Tail(100) {
			if l == line {
				return nil
			}
		}
		return fmt.Errorf("no line %q", line)
	}}
}

// group is a fresh group that the test's end stops.
func group(t *testing.T) (context.Context, *Group, func(name, play string) *Child) {
	t.Helper()
	dir := t.TempDir()
	ctx, g := New(t.Context(), dir, nil)
	t.Cleanup(func() { _ = g.Stop() })
	return ctx, g, func(name, play string) *Child {
		t.Helper()
		c, err := g.Start(Spec{
			Name: name, Command: os.Args[:1], Env: []string{"PLAY=" + play, "AS=" + name}, Log: filepath.Join(dir, name+".log"),
			StopWithin: 20 * time.Second, Ends: strings.HasPrefix(name, "once"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func ready(t *testing.T, c *Child) {
	t.Helper()
	if err := c.Ready(t.Context(), says(c, "ready")); err != nil {
		t.Fatal(err)
	}
}

// alive tells whether a process exists; a zombie does not count.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestStopGoesBackwardsThroughTheOrderOfStart(t *testing.T) {
	_, g, start := group(t)
	order := filepath.Join(t.TempDir(), "order")
	for _, name := range []string{"first", "second", "third"} {
		ready(t, start(name, "serve "+order))
	}
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(order)
	if diff := cmp.Diff("third\nsecond\nfirst\n", string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := g.Start(Spec{Name: "late"}); !errors.Is(err, errStopped) {
		t.Errorf("start after stop: got %v, want %v", err, errStopped)
	}
}

func TestUnaskedDeathEndsTheRunWithItsLastLines(t *testing.T) {
	ctx, _, start := group(t)
	start("frail", "exit 3")
	<-ctx.Done()
	var died *DiedError
	if !errors.As(context.Cause(ctx), &died) {
		t.Fatalf("cause: got %v, want a DiedError", context.Cause(ctx))
	}
	want := &DiedError{Name: "frail", How: "exit status 3", Log: died.Log, Lines: []string{"first line", "last words"}}
	if diff := cmp.Diff(want, died); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(died.Error(), "\n  | first line\n  | last words") {
		t.Errorf("message without the last lines: %s", died)
	}
}

func TestExpectedEndIsAnExitCodeAndNoDeath(t *testing.T) {
	ctx, _, start := group(t)
	c := start("once", "exit 3")
	code, err := c.Wait(t.Context())
	if code != 3 || err != nil {
		t.Errorf("got %d, %v, want 3", code, err)
	}
	if ctx.Err() != nil {
		t.Errorf("the run ended: %v", context.Cause(ctx))
	}
}

func TestKillAndRestartIsNoDeath(t *testing.T) {
	ctx, g, start := group(t)
	c := start("shipper", "serve")
	ready(t, c)
	before := c.PID()
	if err := c.Restart(); err == nil {
		t.Error("a running child was started a second time")
	}
	c.Kill()
	if alive(before) {
		t.Errorf("process %d lives after Kill", before)
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	ready(t, c) // its new lines, not the ones of the first start
	if c.PID() == before || g.Child("shipper") != c {
		t.Errorf("restart: same process or other handle")
	}
	if ctx.Err() != nil {
		t.Errorf("the run ended: %v", context.Cause(ctx))
	}
}

func TestStubbornChildIsKilledWithItsWholeGroupAndTold(t *testing.T) {
	dir := t.TempDir()
	_, g := New(t.Context(), dir, nil)
	c, err := g.Start(Spec{Name: "parent", Command: os.Args[:1], Env: []string{"PLAY=parent"}, Log: filepath.Join(dir, "log"), StopWithin: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	ready(t, c) // said by the grandchild
	if err := g.Stop(); err == nil || !strings.Contains(err.Error(), "did not end within") {
		t.Errorf("got %v, want a word about the kill", err)
	}
	orphans, err := Sweep(t.Context(), dir) // the kernel may need a moment to bury it
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orphans {
		if alive(o.PID) {
			t.Errorf("left behind: %+v", o)
		}
	}
}

func TestStandardInputComesFromAFile(t *testing.T) {
	dir := t.TempDir()
	_, g := New(t.Context(), dir, nil)
	defer g.Stop()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	c, err := g.Start(Spec{Name: "echo", Command: os.Args[:1], Env: []string{"PLAY=echo"}, Stdin: secret, Stdout: out, Log: filepath.Join(dir, "log"), Ends: true})
	if err != nil {
		t.Fatal(err)
	}
	if code, err := c.Wait(t.Context()); code != 0 || err != nil {
		t.Fatal(code, err)
	}
	if got, _ := os.ReadFile(out); string(got) != "hush\n" {
		t.Errorf("got %q", got)
	}
}

func TestGateFailsAtItsDeadlineWithWhatItSawLast(t *testing.T) {
	_, _, start := group(t)
	c := start("slow", "serve")
	ready(t, c)
	err := c.Ready(t.Context(), Gate{What: "answering", Within: 30 * time.Millisecond, Every: time.Millisecond, Check: func(context.Context) error {
		return errors.New("503 from nowhere")
	}})
	want := "slow is not answering after 30ms: last saw: 503 from nowhere; the last lines of " + c.Log() + ":\n  | ready"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

func TestGateFailsAtOnceWhenTheChildEnds(t *testing.T) {
	_, _, start := group(t)
	c := start("once", "exit 4")
	err := c.Ready(t.Context(), Gate{What: "answering", Within: time.Hour, Check: func(context.Context) error {
		return errors.New("refused")
	}})
	var died *DiedError
	if !errors.As(err, &died) || died.How != "exit status 4" {
		t.Errorf("got %v, want the death of it", err)
	}
}

func TestAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/up" {
			http.Error(w, "still booting", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + dead.Addr().String()
	dead.Close()
	for _, row := range []struct{ proves, url, want string }{
		{"200 is an answer", server.URL + "/up", "<nil>"},
		{"another status is told with its body", server.URL + "/down", "GET " + server.URL + "/down: 503 Service Unavailable: still booting\n"},
		{"nobody there is told with the address", nobody, "connection refused"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := fmt.Sprint(Answers(server.Client(), row.url)(t.Context())); !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q in it", got, row.want)
			}
		})
	}
}

func TestVerboseLinesCarryTheirName(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	_, g := New(t.Context(), dir, &out)
	c, err := g.Start(Spec{Name: "frail", Command: os.Args[:1], Env: []string{"PLAY=exit 0"}, Log: filepath.Join(dir, "log"), Ends: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("frail         | first line\nfrail         | last words\n", out.String()); diff != "" {
		t.Error(diff)
	}
}
