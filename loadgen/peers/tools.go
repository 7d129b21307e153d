//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// load is what a tool is asked to do.
type load struct {
	name string
	rate int // requests per second; 0 for as many as 64 connections bring
}

func loads() []load { return []load{{"10000/s", 10_000}, {"2000/s", 2_000}, {"saturated", 0}} }

const connections = 64

// tool is a load generator.
type tool struct {
	name      string
	version   string
	saturates bool // takes part without a rate; else only with one
	paces     bool
	find      func(ctx context.Context, t tool, cache string) (program string, err error)
	args      func(j job) []string
	stdin     func(url string) string
	program   string
}

// job is a measurement as a tool sees it.
type job struct {
	load
	url     string
	length  time.Duration
	scratch string // begin of the names of files that it may write
}

func (t tool) can(l load) bool { return l.rate == 0 && t.saturates || l.rate > 0 && t.paces }

func tools() []tool {
	return []tool{
		{name: "loadgen", version: "this tree", saturates: true, paces: true, find: buildOurs, args: loadgenArgs},
		{name: "wrk", version: "of the system", saturates: true, find: lookUp, args: wrkArgs},
		{name: "oha", version: "1.16.0", saturates: true, paces: true, find: buildRust, args: ohaArgs},
		{name: "vegeta", version: "v12.12.0", paces: true, find: buildGo("github.com/tsenart/vegeta/v12"), args: vegetaArgs,
			stdin: func(url string) string { return "GET " + url + "\n" }},
		{name: "k6", version: "v1.8.1", paces: true, find: buildGo("go.k6.io/k6"), args: k6Args},
	}
}

// prepare finds or builds the tools and says which are missing.
func prepare(ctx context.Context, s settings, stdout, stderr io.Writer) ([]tool, error) {
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		return nil, err
	}
	var there []tool
	for _, t := range tools() {
		if s.only != "" && !slices.Contains(strings.Split(s.only, ","), t.name) {
			continue
		}
		fmt.Fprintf(stderr, "looking for %s (%s)\n", t.name, t.version)
		program, err := t.find(ctx, t, s.cache)
		if err != nil {
			fmt.Fprintf(stdout, "missing: %s: %v\n", t.name, err)
			continue
		}
		t.program = program
		there = append(there, t)
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("none of the tools is there")
	}
	return there, nil
}

func lookUp(_ context.Context, t tool, _ string) (string, error) {
	path, err := exec.LookPath(t.name)
	if err != nil {
		return "", fmt.Errorf("not on the PATH: apt-get install %s", t.name)
	}
	return path, nil
}

func buildOurs(ctx context.Context, t tool, cache string) (string, error) {
	program := filepath.Join(cache, t.name)
	return program, quietly(exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "./loadgen"))
}

// buildGo builds a command of a module: in a module of its own, so that neither
// knows of the other's dependencies.
func buildGo(path string) func(context.Context, tool, string) (string, error) {
	return func(ctx context.Context, t tool, cache string) (string, error) {
		dir := filepath.Join(cache, t.name+"-"+t.version)
		program := filepath.Join(dir, t.name)
		if _, err := os.Stat(program); err == nil {
			return program, nil
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		text := fmt.Sprintf("module peer\n\ngo 1.26.0\n\nrequire %s %s\n", path, t.version)
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
			return "", err
		}
		build := exec.CommandContext(ctx, "go", "build", "-mod=mod", "-o", program, path)
		build.Dir = dir
		return program, quietly(build)
	}
}

func buildRust(ctx context.Context, t tool, cache string) (string, error) {
	dir := filepath.Join(cache, t.name+"-"+t.version)
	program := filepath.Join(dir, "bin", t.name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if _, err := exec.LookPath("cargo"); err != nil {
		return "", fmt.Errorf("cargo is not on the PATH: cargo install --locked %s@%s", t.name, t.version)
	}
	return program, quietly(exec.CommandContext(ctx, "cargo", "install", "--quiet", "--locked", "--root", dir, t.name+"@"+t.version))
}

// quietly runs a build; the error is the last line that it said.
func quietly(c *exec.Cmd) error {
	out, err := c.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %v: %s", strings.Join(c.Args, " "), err, lines[len(lines)-1])
	}
	return nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func loadgenArgs(j job) []string {
	args := []string{"run", "-target", j.url, "-get", "/", "-duration", seconds(j.length) + "s", "-ledger", j.scratch + ".ledger", "-o", "json"}
	if j.rate == 0 {
		return append(args, "-closed", strconv.Itoa(connections))
	}
	return append(args, "-rate", strconv.Itoa(j.rate))
}

func wrkArgs(j job) []string {
	return []string{"-t1", "-c" + strconv.Itoa(connections), "-d" + seconds(j.length) + "s", j.url}
}

func ohaArgs(j job) []string {
	args := []string{"--no-tui", "-z", seconds(j.length) + "s", "-c", strconv.Itoa(connections)}
	if j.rate > 0 {
		args = append(args, "-q", strconv.Itoa(j.rate), "--latency-correction")
	}
	return append(args, j.url)
}

func vegetaArgs(j job) []string {
	return []string{"attack", "-rate", strconv.Itoa(j.rate) + "/1s", "-duration", seconds(j.length) + "s", "-connections", strconv.Itoa(connections), "-max-connections", strconv.Itoa(connections), "-output", "/dev/null"}
}

// k6Args writes the script that the arguments name.
func k6Args(j job) []string {
	script := fmt.Sprintf(`import http from 'k6/http';
export const options = {discardResponseBodies: true, scenarios: {even: {executor: 'constant-arrival-rate',
  rate: %d, timeUnit: '1s', duration: '%ss', preAllocatedVUs: %d, maxVUs: 256}}};
export default function () { http.get('%s'); }
`, j.rate, seconds(j.length), connections, j.url)
	_ = os.WriteFile(j.scratch+".js", []byte(script), 0o644) // k6 says if it is not there
	return []string{"run", "--quiet", "--no-usage-report", "--no-summary", "--no-color", j.scratch + ".js"}
}
