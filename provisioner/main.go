// Provisioner makes an Elasticsearch node ready for the stack and then proves
// that what was sent is what arrived.
//
//	provisioner setup   roles, keys and index templates, as a list of named steps
//	provisioner verify  every attempt of a ledger against Elasticsearch, by identity
//	provisioner red     the sources of RED metrics against what happened
//	provisioner series  how many series each metric of a Prometheus has
//	provisioner board   the dashboards as a web page
//	provisioner alerts  what Alertmanager sends, a line for each change
//	provisioner watch   one probe after the other, for ever, and its line looked for
//	provisioner dashboards  every panel in each form; what was changed elsewhere
//	provisioner grafana a Grafana's data sources, dashboards and alert rules
//	provisioner kibana  a Kibana's dashboards and alert rules
//	provisioner doctor  whether this machine's Docker is fit for compose.yaml
//
// Each command lives in a file of its own beside this one; the client of
// Elasticsearch is package elastic.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"plumbline/cli"
)

// A command is one subcommand: its line in the usage text and its program.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

func commands() []command {
	return []command{setupCommand(), verifyCommand(), redCommand(), seriesCommand(), boardCommand(), alertsCommand(), watchCommand(), dashboardsCommand(), grafanaCommand(), kibanaCommand(), healthcheckCommand(), doctorCommand()}
}

func main() { os.Exit(cli.Main("provisioner", run)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usageError("provisioner -h", "no command given: want one of %s", names())
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stdout, usage())
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	return usageError("provisioner -h", "unknown command %q: want one of %s", args[0], names())
}

func names() string {
	var list []string
	for _, c := range commands() {
		list = append(list, c.name)
	}
	return strings.Join(list, ", ")
}

func usage() string {
	var b strings.Builder
	b.WriteString("Usage: provisioner <command> [flags]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-11s %s\n", c.name, c.summary)
	}
	b.WriteString(`
'provisioner <command> -h' lists a command's flags.

Exit codes: 0 all holds, 1 it does not, 2 could not be measured, 64 usage.

Example:
  provisioner setup -es https://127.0.0.1:9200 -ca ca.crt \
    -password-file elastic.password -keys-dir secrets
`)
	return b.String()
}

// parse reads a command's flags. It answers -h with the command's usage text
// on stdout (flag.ErrHelp, which is reported as success), and refuses
// positional arguments beyond the number allowed.
func parse(flags *flag.FlagSet, usage string, args []string, positional int, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	hint := "provisioner " + flags.Name() + " -h"
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return err
	} else if err != nil {
		return usageError(hint, "%s: %v", flags.Name(), err)
	}
	if flags.NArg() > positional {
		return usageError(hint, "%s: unexpected argument %q", flags.Name(), flags.Arg(positional))
	}
	return nil
}

// usageError is an error of the caller's: exit code 64.
func usageError(hint, format string, args ...any) error {
	return cli.BadInput(fmt.Errorf(format, args...), hint)
}
