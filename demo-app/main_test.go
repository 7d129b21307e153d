package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
)

// process is run under test: its standard output, read line by line.
type process struct {
	url    string
	stop   context.CancelFunc
	ended  chan error
	stderr *bytes.Buffer

	mu    sync.Mutex
	lines []map[string]any
	read  chan struct{} // closed at the end of standard output
}

// launch runs the server and returns once it says that it listens, and where.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
}

// start runs the program and returns once it says that it is at work.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{stop: stop, ended: make(chan error, 1), stderr: &bytes.Buffer{}, read: make(chan struct{})}
	out, stdout := io.Pipe()
	go func() {
		err := run(ctx, args, stdout, p.stderr)
		stdout.Close()
		p.ended <- err
	}()
	listening := make(chan string, 1)
	go func() {
		defer close(p.read)
		scanner := bufio.NewScanner(out)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			var line map[string]any
			if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
				t.Errorf("standard output has a line that is not JSON: %s", scanner.Text())
				continue
			}
			switch line["message"] {
			case "listening":
				at := line["server"].(map[string]any)
				listening <- fmt.Sprintf("http://%s:%.0f", at["address"], at["port"])
			case "working":
				listening <- ""
			}
			p.mu.Lock()
			p.lines = append(p.lines, line)
			p.mu.Unlock()
		}
	}()
	select {
	case p.url = <-listening:
	case err := <-p.ended:
		t.Fatalf("run %s: %v", args, err)
	}
	t.Cleanup(stop)
	return p
}

// wait returns how run ended, and all its lines.
func (p *process) wait() ([]map[string]any, error) {
	err := <-p.ended
	<-p.read
	return p.lines, err
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestTwoServersInOneProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalogue.db")
	a, b := launch(t), launch(t, "-database-url", file, "-scale", "full", "-seed", "7", "-session-lifetime", "30m")
	for _, p := range []*process{a, b} {
		if status, body := get(t, p.url+"/icat/Karen482"); status != 200 {
			t.Errorf("%s: %d %s", p.url, status, body)
		}
	}
	_, body := get(t, a.url+"/metrics")
	if want := `http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/icat/{username}"} 1`; !strings.Contains(body, want) {
		t.Error("the first server does not count its one request, and only that")
	}
	for p, want := range map[*process]string{a: `"lifetimeMinutes":120`, b: `"lifetimeMinutes":30`} {
		if _, body := get(t, p.url+"/properties"); !strings.Contains(body, want) {
			t.Errorf("properties lack %s: %s", want, body)
		}
	}
	names := map[any]bool{}
	for _, p := range []*process{a, b} {
		p.stop()
		lines, err := p.wait()
		if err != nil || p.stderr.Len() > 0 {
			t.Errorf("stopped with %v, standard error %q", err, p.stderr)
		}
		var messages []any
		for _, l := range lines {
			names[l["service"].(map[string]any)["node"].(map[string]any)["name"]] = true
			if l["event"].(map[string]any)["dataset"] == telemetry.DatasetApp {
				messages = append(messages, l["message"])
			}
		}
		if diff := cmp.Diff([]any{"admin port closed: it needs ADMIN_TOKEN or ADMIN_TOKEN_FILE", "listening", "draining", "stopped"}, messages); diff != "" {
			t.Errorf("app lines (-want +got):\n%s", diff)
		}
	}
	if len(names) != 2 {
		t.Errorf("the lines of two servers name the nodes %v", names)
	}
	// The same file again: no second seeding, and another facility is refused.
	again := launch(t, "-database-url", file, "-scale", "full", "-seed", "7")
	again.stop()
	if _, err := again.wait(); err != nil {
		t.Error(err)
	}
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-database-url", file}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "holds the full facility of seed 7") {
		t.Errorf("another facility on the file: %v", err)
	}
}

func TestLinesGoToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lines.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // until it has said that it listens
		for text, _ := os.ReadFile(file); !bytes.Contains(text, []byte("listening")); text, _ = os.ReadFile(file) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	var stdout bytes.Buffer
	if err := run(ctx, []string{"-addr", "127.0.0.1:0", "-log-file", file}, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || stdout.Len() > 0 || !strings.HasSuffix(string(text), "\"message\":\"stopped\"}\n") {
		t.Errorf("standard output %q, file %q, %v", stdout.String(), text, err)
	}
	err = run(t.Context(), []string{"-addr", "127.0.0.1:0", "-log-file", filepath.Join(file, "none")}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "open log: ") {
		t.Errorf("a file that cannot be: %v", err)
	}
}

// While clients go on asking, the server is told to stop. Whoever got an answer
// has exactly one access line, whoever got none has none, and the end is clean.
func TestNoRequestIsLostInADrain(t *testing.T) {
	p := launch(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	answered, unanswered := map[int64]bool{}, map[int64]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	warm := make(chan struct{})
	var once sync.Once
	for c := range int64(8) {
		wg.Go(func() {
			for i := int64(1); ; i++ {
				seq := c*1_000_000 + i
				req, err := http.NewRequest(http.MethodPost, p.url+"/sessions", strings.NewReader(`{"username":"Karen482","password":"icat-demo"}`))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Baggage", fmt.Sprintf("run.id=drain,run.seq=%d", seq))
				resp, err := client.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				mu.Lock()
				if err == nil {
					answered[seq] = true
				} else {
					unanswered[seq] = err.Error()
				}
				mu.Unlock()
				if i == 20 {
					once.Do(func() { close(warm) })
				}
				if err != nil {
					return
				}
			}
		})
	}
	<-warm
	p.stop()
	lines, err := p.wait()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	logged := map[int64]int{}
	for _, l := range lines {
		if r, ok := l["run"].(map[string]any); ok {
			logged[int64(r["seq"].(float64))]++
		}
	}
	for seq := range answered {
		if logged[seq] != 1 {
			t.Errorf("request %d was answered and has %d lines", seq, logged[seq])
		}
	}
	for seq, why := range unanswered {
		if logged[seq] != 0 {
			t.Errorf("request %d has a line, but its client got: %s", seq, why)
		}
	}
	if len(answered) < 8*20/4 || len(logged) != len(answered) {
		t.Errorf("%d answered, %d logged", len(answered), len(logged))
	}
	t.Logf("%d answered, then %d met the end", len(answered), len(unanswered))
}

func TestReadyUntilTheDrain(t *testing.T) {
	p := launch(t)
	if status, body := get(t, p.url+"/readyz"); status != 200 {
		t.Errorf("before: %d %s", status, body)
	}
	p.stop()
	seen := 0
	for {
		resp, err := http.Get(p.url + "/readyz")
		if err != nil {
			break // closed
		}
		resp.Body.Close()
		if resp.StatusCode == 503 {
			seen++
		}
		time.Sleep(5 * time.Millisecond) // the pace of an impatient prober
	}
	if seen == 0 {
		t.Error("the port closed before anybody could see that it was not ready")
	}
	if _, err := p.wait(); err != nil {
		t.Error(err)
	}
}

// What can be said of an address without asking anybody is said with all else
// that is wrong, before anybody is asked.
func TestBadAddressesAreToldTogetherAndNobodyIsAsked(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan bool)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			c.Close()
		}
		asked <- err == nil
	}()
	setSecret(t, "REDIS_URL", "redis://"+listener.Addr().String())
	setSecret(t, "DATABASE_URL", "mariadb://h/d")
	setSecret(t, "SMTP_URL", "smtp://h:99999?from=a@b.org")
	t.Setenv("ICAT_URL", "https://h/icat?x=y")
	t.Setenv("OTEL_TRACES_EXPORTER", "zipkin")
	var stdout, stderr bytes.Buffer
	code := cli.Report(&stderr, "demo-app", run(t.Context(), []string{"-addr", "127.0.0.1:0"}, &stdout, &stderr))
	listener.Close()
	if <-asked {
		t.Error("the Redis was asked")
	}
	if lines := strings.Count(stderr.String(), "\n"); code != 64 || lines != 5 || stdout.Len() > 0 {
		t.Errorf("exit code %d, %d lines, want 64 and 4 with a hint:\n%s", code, lines, &stderr)
	}
	for _, name := range []string{"DATABASE_URL_FILE: ", "ICAT_URL ", "SMTP_URL_FILE: ", "OTEL_TRACES_EXPORTER "} {
		if !strings.Contains(stderr.String(), "demo-app: "+name) {
			t.Errorf("%s is not told:\n%s", name, &stderr)
		}
	}
}

func TestTheAdminPortEndsWithTheServer(t *testing.T) {
	setSecret(t, "ADMIN_TOKEN", "sixteen-or-more-letters")
	p := launch(t, "-admin-addr", "127.0.0.1:0")
	p.stop()
	lines, err := p.wait()
	if err != nil {
		t.Error(err)
	}
	opened := slices.IndexFunc(lines, func(l map[string]any) bool { return l["message"] == "admin port open" })
	if opened < 0 {
		t.Fatalf("it was never open: %v", lines)
	}
	at := lines[opened]["server"].(map[string]any)
	if c, err := net.Dial("tcp", fmt.Sprintf("%s:%.0f", at["address"], at["port"])); err == nil {
		c.Close()
		t.Error("it is still open")
	}
}

func TestBadCommandLines(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := closed.Addr().String()
	closed.Close()
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte("this is no database, however long one looks at it"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves string
		args   []string
		code   int
		want   []string
	}{
		{"an unknown flag", []string{"-nope"}, 64, []string{"-nope", "hint: demo-app -h"}},
		{"an argument", []string{"serve", "now"}, 64, []string{"now"}},
		{"all bad values at once", []string{"-addr", "x", "-seed", "-1", "-scale", "big", "-log-level", "loud", "-service-name", "a b"}, 64,
			[]string{`-addr "x"`, `-seed "-1"`, `-scale "big"`, `-log-level "loud"`, `-service-name "a b"`}},
		{"a port in use", []string{"-addr", busy.Addr().String()}, 2, []string{"address already in use", "hint: stop what uses the port"}},
		{"a database that is none", []string{"-addr", "127.0.0.1:0", "-database-url", text}, 2, []string{text, "hint: name another database"}},
		{"a worker with a queue that nobody else has", []string{"worker"}, 64, []string{"DATABASE_URL"}},
		{"a server that is not there", []string{"healthcheck", "-addr", free}, 1, []string{"connection refused"}},
	} {
		var stdout, stderr bytes.Buffer
		code := cli.Report(&stderr, "demo-app", run(t.Context(), row.args, &stdout, &stderr))
		if code != row.code || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, want %d; standard output %q", row.proves, code, row.code, &stdout)
		}
		for _, want := range row.want {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: standard error lacks %q:\n%s", row.proves, want, &stderr)
			}
		}
		for line := range strings.Lines(stderr.String()) {
			if !strings.HasPrefix(line, "demo-app: ") && !strings.HasPrefix(line, "hint: ") {
				t.Errorf("%s: standard error has the line %q", row.proves, line)
			}
		}
	}
}
