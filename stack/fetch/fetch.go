// Package fetch brings the stack's programs into the cache: Elasticsearch and
// its plugins by Maven, the Beats and our own binaries by the Go tool. What a
// key of versions and sources says is there already is not made again.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/stack/progress"
	"plumbline/stack/supervise"
	"plumbline/stack/versions"
)

// Fetch says what to make and where.
type Fetch struct {
	Repository string
	Versions   versions.Versions
	Cache      func(...string) string // paths under the cache
	Logs       string                 // directory for the output of the tools
	JDK        string                 // home of the JDK for Maven
	Group      *supervise.Group       // runs the tools, so that none is left behind
	Progress   *progress.Printer
	Prometheus bool // and the programs of that profile
	Kubernetes bool // and those of a cluster
}

// Programs are the paths of what was made.
type Programs struct {
	Elasticsearch                 string // directory
	Filebeat, Metricbeat          string
	DemoApp, Loadgen, Provisioner string
	Prometheus                    string // directory of prometheus, promtool, alertmanager and amtool, with the profile
	Kubernetes                    string // directory of kube and coredns, where asked for
}

// part is one thing in the cache.
type part struct {
	name  string
	about string // what is done when it is missing
	path  string // holds the key, so a change of the sources is another path
	make  func(ctx context.Context, into string) error
}

// Run makes what is missing. Downloads and builds run side by side.
func (f Fetch) Run(ctx context.Context) (Programs, error) {
	server, err := f.elasticsearch()
	if err != nil {
		return Programs{}, err
	}
	beats, err := f.beats()
	if err != nil {
		return Programs{}, err
	}
	prometheus, err := f.prometheus()
	if err != nil {
		return Programs{}, err
	}
	kubernetes, err := f.kubernetes()
	if err != nil {
		return Programs{}, err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return f.ensure(ctx, server) })
	work.Go(func() error {
		// One after the other: each build takes every processor already.
		if err := f.own(ctx); err != nil {
			return err
		}
		wanted := []part{beats}
		if f.Prometheus {
			wanted = append(wanted, prometheus)
		}
		if f.Kubernetes {
			wanted = append(wanted, kubernetes)
		}
		for _, part := range wanted {
			if err := f.ensure(ctx, part); err != nil {
				return err
			}
		}
		return nil
	})
	if err := work.Wait(); err != nil {
		return Programs{}, err
	}
	return Programs{
		Elasticsearch: server.path,
		Filebeat:      filepath.Join(beats.path, "filebeat"),
		Metricbeat:    filepath.Join(beats.path, "metricbeat"),
		DemoApp:       f.Cache("bin", "demo-app"),
		Loadgen:       f.Cache("bin", "loadgen"),
		Provisioner:   f.Cache("bin", "provisioner"),
		Prometheus:    prometheus.path,
		Kubernetes:    kubernetes.path,
	}, nil
}

// Cached tells which parts are in the cache, by name.
func (f Fetch) Cached() (map[string]bool, error) {
	have := map[string]bool{}
	for _, describe := range []func() (part, error){f.elasticsearch, f.beats, f.prometheus} {
		p, err := describe()
		if err != nil {
			return nil, err
		}
		have[p.name] = exists(p.path)
	}
	return have, nil
}

func (f Fetch) elasticsearch() (part, error) {
	key, err := key(filepath.Join(f.Repository, "elasticsearch"), isMavenSource, f.Versions.Elastic)
	return part{
		name: "elasticsearch", about: "downloading " + f.Versions.Elastic + " with Maven and building its plugins",
		path: f.Cache("elasticsearch-" + f.Versions.Elastic + "-" + key),
		make: func(ctx context.Context, into string) error {
			mvn, err := exec.LookPath("mvn")
			if err != nil {
				return err
			}
			err = f.run(ctx, "maven", f.Repository, append(os.Environ(), "JAVA_HOME="+f.JDK),
				mvn, "-q", "-B", "-Dstyle.color=never", "-f", "elasticsearch/pom.xml", "package",
				"-Delastic.version="+f.Versions.Elastic, "-Ddistribution.directory="+into)
			if err != nil {
				return err
			}
			return readable(into)
		},
	}, err
}

func (f Fetch) beats() (part, error) {
	key, err := key(filepath.Join(f.Repository, "beats", "native"), isGoSource, f.Versions.Beats, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return part{
		name: "beats", about: "building Filebeat and Metricbeat " + f.Versions.Beats + ", some minutes the first time",
		path: f.Cache("beats-" + f.Versions.Beats + "-" + key),
		make: func(ctx context.Context, into string) error {
			if err := os.MkdirAll(into, 0o755); err != nil {
				return err
			}
			return f.goBuild(ctx, goBuild{name: "beats", dir: filepath.Join(f.Repository, "beats", "native"), into: into, packages: []string{"./filebeat", "./metricbeat"}})
		},
	}, err
}

// own builds our binaries each time: the Go tool itself knows best what changed.
func (f Fetch) own(ctx context.Context) error {
	step := f.Progress.Step("build binaries", "building demo-app, loadgen and provisioner")
	if err := os.MkdirAll(f.Cache("bin"), 0o755); err != nil {
		step.Fail()
		return err
	}
	if err := f.goBuild(ctx, goBuild{name: "binaries", dir: f.Repository, into: f.Cache("bin"), packages: []string{"./demo-app", "./loadgen", "./provisioner"}}); err != nil {
		step.Fail()
		return err
	}
	step.Done("")
	return nil
}

// goBuild says what to build and where to.
type goBuild struct {
	name      string // of the log
	dir, into string
	flags     []string
	ldflags   string
	env       []string // of the Go tool, besides ours
	packages  []string
}

// goBuild builds commands into a directory. Version control is left out: git
// refuses to look into a repository of another user, and the build with it.
// So is C: a machine need not have a compiler for it.
func (f Fetch) goBuild(ctx context.Context, b goBuild) error {
	tool, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	args := append([]string{tool, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w " + b.ldflags}, b.flags...)
	args = append(args, "-o", b.into+string(filepath.Separator))
	return f.run(ctx, b.name, b.dir, append(append(os.Environ(), "CGO_ENABLED=0"), b.env...), append(args, b.packages...)...)
}

// ensure makes a part unless it is there. It is made beside its place and
// moved there when it is whole, so an interrupted one is made again.
func (f Fetch) ensure(ctx context.Context, p part) error {
	if exists(p.path) {
		return nil
	}
	step := f.Progress.Step("fetch "+p.name, p.about)
	part := p.path + ".part"
	err := os.RemoveAll(part)
	if err == nil {
		err = p.make(ctx, part)
	}
	if err == nil {
		err = os.Rename(part, p.path)
	}
	if err != nil {
		step.Fail()
		return fmt.Errorf("fetch %s: %w", p.name, err)
	}
	step.Done("kept in " + p.path)
	return nil
}

// ToolError is a tool that ran and failed.
type ToolError struct {
	Dir     string
	Command []string
	Died    *supervise.DiedError // with its log's path and last lines
}

func (e *ToolError) Error() string {
	return fmt.Sprintf("(cd %s && %s): %v", e.Dir, strings.Join(e.Command, " "), e.Died)
}

// Hint says what to type next.
func (e *ToolError) Hint() string { return "run again: what was downloaded is kept" }

// run runs one tool to its end.
func (f Fetch) run(ctx context.Context, name, dir string, env []string, command ...string) error {
	child, err := f.Group.Start(supervise.Spec{
		Name: name, Command: command, Dir: dir, Env: env,
		Log: filepath.Join(f.Logs, "fetch-"+name+".log"), Ends: true, StopWithin: 3 * time.Second,
	})
	if err != nil {
		return err
	}
	code, err := child.Wait(ctx)
	if err != nil {
		return errors.Join(err, child.Stop())
	}
	if code != 0 {
		return &ToolError{Dir: dir, Command: command, Died: child.Died()}
	}
	return nil
}

// readable lets every user read a tree: Elasticsearch runs as another one.
func readable(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if info.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isGoSource(path string) bool {
	base := filepath.Base(path)
	return strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") || base == "go.mod" || base == "go.sum"
}

func isMavenSource(path string) bool {
	slash := filepath.ToSlash(path)
	return filepath.Base(path) == "pom.xml" || strings.Contains(slash, "/src/main/")
}

// key is a short hash over the sources of a tree that take part, and over what
// else the result depends on.
func key(root string, takesPart func(path string) bool, more ...string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", more)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "target" {
				return filepath.SkipDir
			}
			return nil
		}
		if !takesPart(path) {
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		name, _ := filepath.Rel(root, path)
		content := sha256.New()
		if _, err := io.Copy(content, file); err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %x\n", name, content.Sum(nil))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash the sources of %s: %w", root, err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
