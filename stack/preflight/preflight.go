// Package preflight looks beforehand at what the native stack needs of a
// machine, and says with each finding how to put it right. It changes nothing.
package preflight

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"

	"plumbline/doctor"
	"plumbline/stack/node"
	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
)

// Port is a port that the stack is going to listen on.
type Port struct {
	Number int
	For    string
}

// Needs is what the checks are about.
type Needs struct {
	Elastic          string // version
	State            string // state directory; it need not exist
	Ports            []Port
	NodeUID          int  // user of Elasticsearch; 0 = the caller
	ServerCached     bool // Elasticsearch need not be fetched
	BeatsCached      bool
	Prometheus       bool // runs, too
	PrometheusCached bool
	Locked           bool // the caller holds the lock
	Thorough         bool // also what takes seconds, or is only good to know
}

// Examine runs all checks, in an order one can read from top to bottom.
func Examine(ctx context.Context, n Needs) []doctor.Finding {
	var all []doctor.Finding
	all = append(all, goTool(ctx), java(n))
	all = append(all, maven(ctx, n))
	all = append(all, memory(ctx), space(ctx, n), state(n))
	all = append(all, ports(ctx, n.Ports)...)
	if !n.Locked {
		all = append(all, lock(n))
	}
	if n.Thorough {
		all = append(all, leftovers(ctx, n), chromium())
	}
	return all
}

// goLeast is the oldest Go that builds the stack: minor version of 1.x.
const goLeast = 26

func goTool(ctx context.Context) doctor.Finding {
	f := doctor.Finding{Check: "go", Fix: "install Go 1.26 or newer: https://go.dev/doc/install"}
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return f.With(doctor.Fail, "the go command does not run: %v", err)
	}
	version := strings.TrimSpace(string(out))
	parts := strings.Split(strings.TrimPrefix(version, "go"), ".")
	if len(parts) >= 2 && parts[0] == "1" {
		if minor, err := strconv.Atoi(parts[1]); err == nil && minor < goLeast {
			return f.With(doctor.Fail, "%s is too old", version)
		}
	}
	return f.With(doctor.OK, "%s", version)
}

func java(n Needs) doctor.Finding {
	f := doctor.Finding{Check: "java", Fix: "install a JDK (Debian, Ubuntu: apt-get install default-jdk-headless), or set ES_JAVA_HOME"}
	search := node.DefaultJavaSearch(Reachable(n.NodeUID))
	j, err := search.Find(n.Elastic)
	if err != nil {
		return f.With(doctor.Fail, "%v", err)
	}
	if !n.ServerCached {
		search.Compiler = true
		if _, err := search.Find(n.Elastic); err != nil {
			return f.With(doctor.Fail, "to build Elasticsearch's plugins, %v", err)
		}
	}
	return f.With(doctor.OK, "%s runs Elasticsearch %s", j, n.Elastic)
}

// Reachable returns the test whether Elasticsearch's user can run a file.
func Reachable(uid int) func(path string) error {
	return func(path string) error {
		if uid == 0 {
			return nil
		}
		closed, err := statedir.Untraversable(path)
		if err == nil && closed != "" {
			err = fmt.Errorf("the user of Elasticsearch cannot pass %s", closed)
		}
		return err
	}
}

// colour is how Maven prints its version even where nobody sees colours.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func maven(ctx context.Context, n Needs) doctor.Finding {
	f := doctor.Finding{Check: "maven", Fix: "install Maven (Debian, Ubuntu: apt-get install maven)"}
	path, err := exec.LookPath("mvn")
	switch {
	case err != nil && n.ServerCached:
		return f.With(doctor.Info, "not found; Elasticsearch is in the cache, so it is not needed")
	case err != nil:
		return f.With(doctor.Fail, "the mvn command is not in PATH, and Elasticsearch is fetched with it")
	case !n.Thorough:
		return f.With(doctor.OK, "%s", path)
	}
	out, err := exec.CommandContext(ctx, path, "-v").CombinedOutput()
	line, _, _ := strings.Cut(colour.ReplaceAllString(string(out), ""), "\n")
	if err != nil {
		return f.With(doctor.Fail, "%s does not run: %v: %s", path, err, line)
	}
	return f.With(doctor.OK, "%s", line)
}

// What the stack takes on the disk: a run's data and logs, and for the first
// run what is downloaded and built.
const (
	runSpace    = 500 << 20
	serverSpace = 400 << 20
	beatsSpace  = 2500 << 20 // with the Go build cache

	prometheusSpace = 2500 << 20 // likewise
)

func space(ctx context.Context, n Needs) doctor.Finding {
	f := doctor.Finding{Check: "disk", Fix: "free some space, or name a directory on another disk with -state"}
	at := existing(n.State)
	usage, err := disk.UsageWithContext(ctx, at)
	if err != nil {
		return f.With(doctor.Warn, "free space of %s: %v", at, err)
	}
	need := uint64(node.WatermarkLow + runSpace)
	if !n.ServerCached {
		need += serverSpace
	}
	if !n.BeatsCached {
		need += beatsSpace
	}
	if n.Prometheus && !n.PrometheusCached {
		need += prometheusSpace
	}
	if usage.Free < need {
		return f.With(doctor.Fail, "%s is free at %s, %s is needed: Elasticsearch stops taking documents near a full disk", gib(usage.Free), at, gib(need))
	}
	return f.With(doctor.OK, "%s free at %s, %s needed", gib(usage.Free), at, gib(need))
}

func state(n Needs) doctor.Finding {
	f := doctor.Finding{Check: "state", Fix: "choose another directory with -state"}
	if n.NodeUID != 0 {
		if closed, err := statedir.Untraversable(n.State); err == nil && closed != "" {
			return f.With(doctor.Fail, "%s: Elasticsearch's user cannot pass %s", n.State, closed)
		}
	}
	if err := statedir.Usable(n.State); err != nil {
		return f.With(doctor.Fail, "%v", err)
	}
	return f.With(doctor.OK, "%s", n.State)
}

func lock(n Needs) doctor.Finding {
	f := doctor.Finding{Check: "lock", Fix: "bin/stack down -state " + n.State}
	pid, held, err := statedir.Dir{Path: n.State}.Holder()
	switch {
	case err != nil:
		return f.With(doctor.Fail, "%v", err)
	case held:
		return f.With(doctor.Fail, "the stack is already running: process %d", pid)
	}
	return f.With(doctor.OK, "free")
}

func leftovers(ctx context.Context, n Needs) doctor.Finding {
	f := doctor.Finding{Check: "leftovers", Fix: "bin/stack down -state " + n.State + "; the next start does it, too"}
	if _, held, _ := (statedir.Dir{Path: n.State}).Holder(); held {
		return f.With(doctor.OK, "none: the stack is running")
	}
	orphans, err := supervise.Orphans(ctx, n.State)
	if err != nil {
		return f.With(doctor.Warn, "%v", err)
	}
	if len(orphans) > 0 {
		return f.With(doctor.Warn, "%d processes of an earlier run are alive, the first is %d: %s", len(orphans), orphans[0].PID, orphans[0].Command)
	}
	return f.With(doctor.OK, "none")
}

func chromium() doctor.Finding {
	f := doctor.Finding{Check: "chromium", Fix: "apt-get install chromium"}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return f.With(doctor.OK, "%s", path)
		}
	}
	return f.With(doctor.Info, "not found; only the board's own tests need it")
}
