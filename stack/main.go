// Stack runs the whole of Plumbline on this machine, without containers: it
// fetches and builds what is missing, starts the parts in order, sends load,
// shows the verdict, and leaves nothing behind.
//
// The commands are here and in commands.go, their usage texts in usage.go;
// package native does the work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/pace"
	"plumbline/stack/native"
	"plumbline/stack/size"
	"plumbline/stack/workload"
)

func main() {
	// A reader that has gone away must not end us before we have stopped what
	// we started: taken as a signal, it is an ordinary write error.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(cli.Main("stack", run, syscall.SIGHUP))
}

// command is one subcommand.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, c call) error
}

func commands() []command {
	return []command{
		{"demo", "start, send load, show the verdict, stay until Ctrl-C", demo},
		{"smoke", "the same, then stop and exit with the verdict's code", smoke},
		{"red", "hold every source of rate, errors and duration against the truth, under workloads", redBenchmark},
		{"lag", "how long lines take until a search finds them, hop by hop, with each profile of Filebeat", lagBenchmark},
		{"up", "start and stay until Ctrl-C, without load", up},
		{"status", "what is running, from another terminal", status},
		{"down", "stop it, from another terminal", down},
		{"doctor", "look whether this machine is fit, change nothing", examine},
		{"fetch", "download and build what is missing, start nothing", fetch},
		{"size", "what a rate of events asks for: shards, nodes, heap, disk, shippers", plan},
	}
}

// call is one invocation of a command.
type call struct {
	options        native.Options
	load           pace.Constant
	workloads      []workload.Workload
	rates          []float64 // of lines
	rounds         int
	question       size.Question
	json           bool
	containers     bool
	stdout, stderr io.Writer
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usageError("no command given: want one of %s", names())
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		fmt.Fprint(stdout, usage())
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			parsed, err := parse(c.name, args[1:], stdout, stderr)
			if err != nil {
				return err
			}
			return c.run(ctx, parsed)
		}
	}
	return usageError("unknown command %q: want one of %s", args[0], names())
}

func names() string {
	var list []string
	for _, c := range commands() {
		list = append(list, c.name)
	}
	return strings.Join(list, ", ")
}

// parse reads the flags of one command.
func parse(name string, args []string, stdout, stderr io.Writer) (call, error) {
	c := call{stdout: stdout, stderr: stderr}
	c.options.Command, c.options.Stderr = name, stderr
	output, chosen, asked := "table", "", question{}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if name != "size" { // which is arithmetic
		flags.StringVar(&c.options.State, "state", "", "")
		flags.IntVar(&c.options.PortOffset, "port-offset", 0, "")
	}
	if slices.Contains([]string{"demo", "smoke", "up", "fetch", "doctor"}, name) {
		flags.StringVar(&c.options.Profile, "profile", "", "")
	}
	if slices.Contains([]string{"demo", "smoke", "red", "lag", "up", "fetch"}, name) {
		flags.BoolVar(&c.options.Verbose, "v", false, "")
	}
	if slices.Contains([]string{"demo", "smoke", "up"}, name) {
		flags.StringVar(&c.options.Shipper, "shipper-profile", native.Shippers()[0], "")
	}
	switch name {
	case "demo", "smoke":
		flags.Float64Var(&c.load.Rate, "rate", 200, "")
		flags.DurationVar(&c.load.Duration, "duration", defaultDuration, "")
	case "red":
		c.options.Profile = native.ProfilePrometheus
		flags.Float64Var(&c.load.Rate, "rate", workload.UsualRate, "")
		flags.DurationVar(&c.load.Duration, "duration", workload.UsualLength, "")
		flags.StringVar(&chosen, "workload", strings.Join(workload.Usual(), ","), "")
	case "lag":
		flags.StringVar(&chosen, "rates", lagRates, "")
		flags.DurationVar(&c.load.Duration, "duration", lagLength, "")
		flags.IntVar(&c.rounds, "repeat", lagRounds, "")
	case "size":
		asked.define(flags)
		flags.StringVar(&output, "o", "table", "")
	case "doctor":
		flags.BoolVar(&c.containers, "containers", false, "")
		fallthrough
	case "status":
		flags.StringVar(&output, "o", "table", "")
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage())
		return c, err
	} else if err != nil {
		return c, usageError("%s: %v", name, err)
	}
	switch {
	case flags.NArg() > 0:
		return c, usageError("%s: unexpected argument %q", name, flags.Arg(0))
	case output != "table" && output != "json":
		return c, usageError("%s: -o %s: want table or json", name, output)
	case c.options.Profile != "" && !slices.Contains(native.Profiles(), c.options.Profile):
		return c, usageError("%s: -profile %s: want %s", name, c.options.Profile, strings.Join(native.Profiles(), " or "))
	case c.options.Shipper != "" && !slices.Contains(native.Shippers(), c.options.Shipper):
		return c, usageError("%s: -shipper-profile %s: want %s", name, c.options.Shipper, strings.Join(native.Shippers(), " or "))
	case c.options.PortOffset < 0 || c.options.PortOffset > native.MaxPortOffset:
		return c, usageError("%s: -port-offset %d: want 0 to %d", name, c.options.PortOffset, native.MaxPortOffset)
	}
	var err error
	if name == "demo" || name == "smoke" || name == "red" {
		if err := c.load.Validate(); err != nil {
			return c, usageError("%s: -%v", name, err)
		}
	}
	if name == "red" {
		if c.workloads, err = workload.Choose(chosen); err != nil {
			return c, usageError("red: -workload: %v", err)
		}
	}
	if name == "lag" {
		if c.rates, err = parseRates(chosen); err != nil {
			return c, usageError("lag: -rates %v", err)
		}
		if c.load.Duration < time.Second {
			return c, usageError("lag: -duration %v: want a second or more", c.load.Duration)
		}
		if c.rounds < 1 || c.rounds > 100 {
			return c, usageError("lag: -repeat %d: want 1 to 100 rounds", c.rounds)
		}
	}
	c.json = output == "json"
	if name == "size" {
		if c.question, err = asked.read(); err != nil {
			return c, usageError("size: -%v", err)
		}
		return c, nil
	}
	c.options.Repository, err = repository()
	return c, err
}

// repository finds the sources: above the working directory, or above the
// program itself.
func repository() (string, error) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if file, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(file))
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && strings.HasPrefix(string(text), "module plumbline\n") {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", cli.BadInput(errors.New("find the sources: neither this directory nor the program is inside Plumbline's repository"),
		"change into the directory that holds go.mod and stack/")
}

func usageError(format string, args ...any) error {
	return cli.BadInput(fmt.Errorf(format, args...), "stack -h")
}
