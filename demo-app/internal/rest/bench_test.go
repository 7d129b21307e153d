package rest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"plumbline/demo-app/telemetry"
)

// What observing a request costs: the same handler bare and as a route of this
// server, each in a process of its own on one processor, under load from a
// third on another. The load goes to the two in turns of 50 ms, so that both
// meet the same machine, and what is compared is the processor time of a server
// alone, since throughput depends on what else the machine does.
//
//	go test -run '^$' -bench '^BenchmarkObserved$' -benchtime 1x ./demo-app/internal/rest

const (
	benchRole    = "PLUMBLINE_BENCH_ROLE" // tells the test binary what it is to be
	benchReps    = 5
	benchWarm    = 500 * time.Millisecond
	benchTurn    = 50 * time.Millisecond
	benchTurns   = 80 // of both servers together
	benchClients = 64 // connections to a server

	// podinfo is what many take for a well-made small service.
	podinfo = "github.com/stefanprodan/podinfo/cmd/podinfo@v1.8.1-0.20250910200901-e86405a8674e"
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(benchRole); role {
	case "":
		os.Exit(m.Run())
	case "load":
		fmt.Println(load([2]target{{os.Args[1], os.Args[2]}, {os.Args[3], os.Args[4]}}))
	default:
		serveBench(role == "observed", os.Args[1], os.Args[2])
	}
}

// serveBench serves until it is killed. Each hash is a unit of work.
func serveBench(observed bool, hashes, lines string) {
	n, err := strconv.Atoi(hashes)
	must(err)
	trivial, body := []byte(`{"answer":"yes"}`), make([]byte, 64)
	work := func() {
		for range n {
			sum := sha256.Sum256(body)
			copy(body, sum[:])
		}
	}
	var h http.Handler
	if observed {
		out, err := os.Create(lines)
		must(err)
		s := New(Options{Log: telemetry.NewLog(telemetry.NewLines(out), telemetry.Service{Name: "api", Version: "1.2.3", Environment: "bench", Node: "host-1"}, 0), Version: "1.2.3"})
		answer := func(x *exchange, _ *http.Request) error { x.writeRaw(http.StatusOK, typeJSON, trivial); return nil }
		s.handle("GET /trivial", answer)
		s.handle("GET /work", func(x *exchange, r *http.Request) error { work(); return answer(x, r) })
		h = s
	} else {
		answer := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeJSON)
			w.Header().Set("Content-Length", strconv.Itoa(len(trivial)))
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(trivial)
		}
		mux := http.NewServeMux()
		mux.HandleFunc("GET /trivial", answer)
		mux.HandleFunc("GET /work", func(w http.ResponseWriter, r *http.Request) { work(); answer(w, r) })
		h = mux
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr())
	must((&http.Server{Handler: h}).Serve(listener))
}

// target is what the load asks for.
type target struct{ addr, path string }

// load asks two targets in turns over connections kept alive, first warming up,
// and returns how many answers came from each. It says "warm" when that starts
// to count.
func load(targets [2]target) (first, second int) {
	begin := time.Now().Add(benchWarm)
	end := begin.Add(benchTurns * benchTurn)
	var answers [2]atomic.Int64
	var wg sync.WaitGroup
	for i, to := range targets {
		for range benchClients {
			wg.Go(func() {
				n := 0
				ask := connect(to)
				for now := time.Now(); now.Before(end); now = time.Now() {
					turn := now.Sub(begin) / benchTurn
					if now.After(begin) && int(turn)%2 != i {
						time.Sleep(time.Until(begin.Add((turn + 1) * benchTurn)))
						continue
					}
					ask()
					if now.After(begin) {
						n++
					}
				}
				answers[i].Add(int64(n))
			})
		}
	}
	time.Sleep(time.Until(begin))
	fmt.Println("warm")
	wg.Wait()
	return int(answers[0].Load()), int(answers[1].Load())
}

// connect returns what sends one request and reads its answer. Every answer of
// a server has the same length.
func connect(to target) func() {
	request := "GET " + to.path + " HTTP/1.1\r\nHost: " + to.addr + "\r\nUser-Agent: load/1\r\n" +
		"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nBaggage: run.id=20260301T120000Z-a1b2c3,run.seq=17\r\n\r\n"
	conn, err := net.Dial("tcp", to.addr)
	must(err)
	var buf []byte
	return func() {
		_, err := io.WriteString(conn, request)
		must(err)
		if buf == nil {
			buf = firstAnswer(conn)
		} else {
			_, err = io.ReadFull(conn, buf)
			must(err)
		}
		if !bytes.HasPrefix(buf, []byte("HTTP/1.1 200 ")) {
			must(fmt.Errorf("%s answers %q", to.path, buf))
		}
	}
}

func firstAnswer(conn net.Conn) []byte {
	var raw bytes.Buffer
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &raw)), nil)
	must(err)
	_, err = io.Copy(io.Discard, resp.Body)
	must(err)
	return raw.Bytes()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// server is one that can be started; it prints its address unless it has one.
type server struct {
	name string
	cmd  func(ctx context.Context) *exec.Cmd
	addr string
}

// pair is two servers under the same load; goal is how much of the first one's
// throughput the second is to keep, in percent, 0 if there is no goal.
type pair struct {
	path          string
	first, second server
	goal          float64
}

func BenchmarkObserved(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("processor time of another process is read from /proc")
	}
	hashes, lines := strconv.Itoa(hashesIn(5*time.Microsecond)), filepath.Join(b.TempDir(), "lines")
	own := func(name, role string) server {
		return server{name: name, cmd: func(ctx context.Context) *exec.Cmd {
			cmd := pinned(ctx, "0", os.Args[0], hashes, lines)
			cmd.Env = append(cmd.Env, benchRole+"="+role)
			return cmd
		}}
	}
	pairs := []pair{
		{"/trivial", own("bare, trivial", "bare"), own("observed, trivial", "observed"), 85},
		{"/work", own("bare, 5 µs", "bare"), own("observed, 5 µs", "observed"), 90},
		{"/trivial", own("bare, against itself", "bare"), own("bare, again", "bare"), 0},
	}
	if program, err := buildPodinfo(b); err != nil {
		fmt.Printf("podinfo: left out, %v\n", err)
	} else {
		side := server{name: "podinfo /version", addr: "127.0.0.1:29898", cmd: func(ctx context.Context) *exec.Cmd {
			return pinned(ctx, "0", program, "--host=127.0.0.1", "--port=29898", "--level=error")
		}}
		pairs = append(pairs, pair{"/version", side, own("demo-app /version", "observed"), 0})
	}
	for b.Loop() {
		costs := make([][2][]float64, len(pairs)) // µs of processor time a request
		for range benchReps {
			for i, p := range pairs {
				first, second := measure(b, p)
				costs[i][0], costs[i][1] = append(costs[i][0], first), append(costs[i][1], second)
			}
		}
		report(b, pairs, costs)
	}
}

func report(b *testing.B, pairs []pair, costs [][2][]float64) {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nprocessor time of a request, %d repetitions\tmin\tmedian\tmax\t\n", benchReps)
	row := func(name string, values []float64, unit string) float64 {
		s := slices.Sorted(slices.Values(values))
		middle := s[len(s)/2]
		fmt.Fprintf(out, "%s\t%.2f\t%.2f\t%.2f\t%s", name, s[0], middle, s[len(s)-1], unit)
		return middle
	}
	for i, p := range pairs {
		var kept []float64
		for rep, first := range costs[i][0] {
			kept = append(kept, 100*first/costs[i][1][rep])
		}
		row(p.first.name, costs[i][0], "µs\n")
		row(p.second.name, costs[i][1], "µs\n")
		verdict := map[bool]string{true: "met", false: "MISSED"}[row("  throughput kept", kept, "%") >= p.goal]
		if p.goal > 0 {
			fmt.Fprintf(out, "\tgoal %.0f %%: %s", p.goal, verdict)
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
}

// measure returns the processor time that each server of p spends on a
// request, in microseconds.
func measure(b *testing.B, p pair) (first, second float64) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	firstPID, firstAddr := launch(b, ctx, p.first)
	secondPID, secondAddr := launch(b, ctx, p.second)
	client := pinned(ctx, "1", os.Args[0], firstAddr, p.path, secondAddr, p.path)
	client.Env = append(client.Env, benchRole+"=load")
	says, err := client.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	var word string
	if _, err := fmt.Fscanln(says, &word); err != nil {
		b.Fatalf("load: %v", err)
	}
	firstBefore, secondBefore := spent(b, firstPID), spent(b, secondPID)
	var firstAnswers, secondAnswers float64
	if _, err := fmt.Fscanln(says, &firstAnswers, &secondAnswers); err != nil || firstAnswers*secondAnswers == 0 {
		b.Fatalf("load: %v and %v answers, %v", firstAnswers, secondAnswers, err)
	}
	first = float64((spent(b, firstPID) - firstBefore).Microseconds()) / firstAnswers
	second = float64((spent(b, secondPID) - secondBefore).Microseconds()) / secondAnswers
	if err := client.Wait(); err != nil {
		b.Fatal(err)
	}
	return first, second
}

// launch starts s until ctx ends and returns where it can be found.
func launch(b *testing.B, ctx context.Context, s server) (pid int, addr string) {
	b.Helper()
	cmd := s.cmd(ctx)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	context.AfterFunc(ctx, func() { _ = cmd.Wait() })
	if addr = s.addr; addr == "" {
		_, err = fmt.Fscanln(stdout, &addr)
	} else {
		err = reachable(ctx, addr)
	}
	if err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
	return cmd.Process.Pid, addr
}

// pinned runs a program on one processor, where the machine can do that.
func pinned(ctx context.Context, cpu, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	if taskset, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		cmd = exec.CommandContext(ctx, taskset, append([]string{"-c", cpu, program}, args...)...)
	}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// spent is the processor time of a process so far, to 10 ms.
func spent(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// hashesIn returns how many units of work take that long here.
func hashesIn(d time.Duration) int {
	body, best := make([]byte, 64), time.Hour
	for range 50 {
		started := time.Now()
		for range 100 {
			sum := sha256.Sum256(body)
			copy(body, sum[:])
		}
		best = min(best, time.Since(started))
	}
	return max(1, int(d*100/cmp.Or(best, 1)))
}

func reachable(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for every := time.NewTicker(20 * time.Millisecond); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-every.C:
		}
	}
}

// buildPodinfo builds it outside our module.
func buildPodinfo(b *testing.B) (string, error) {
	dir := b.TempDir()
	program := filepath.Join(dir, "podinfo")
	pkg, _, _ := strings.Cut(podinfo, "@")
	for _, args := range [][]string{{"mod", "init", "side"}, {"get", podinfo}, {"build", "-o", program, pkg}} {
		cmd := exec.CommandContext(b.Context(), "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %s", strings.Join(args, " "), out[max(0, len(out)-300):])
		}
	}
	return program, nil
}
