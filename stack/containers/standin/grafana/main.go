// Command grafana stands in for Grafana in the container tests. It is a FAKE: the
// handler of package grafanafake, which asks the real data sources whether they
// are well, and draws nothing. Like Grafana's image it takes settings from
// variables GF_…, reads its provisioning directory at its start, and keeps data in
// /var/lib/grafana. A setting that it does not know is refused.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/cli"
	"plumbline/provisioner/grafana/grafanafake"
	"plumbline/stack/containers/standin"
)

func main() { os.Exit(cli.Main("grafana", run)) }

const usage = `Usage: grafana [flags]

A FAKE of Grafana for the container tests.

  -addr ADDRESS   where to listen (:3000)
  -root DIR       where the file system begins (/)
`

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("grafana", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() { fmt.Fprint(stdout, usage) }
	addr, root := flags.String("addr", ":3000", ""), flags.String("root", "/", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return cli.BadInput(err, "grafana -h")
	}
	s, err := read(os.Environ(), *root)
	if err != nil {
		return cli.BadInput(err, "compose.yaml sets them")
	}
	// Grafana's database, in a volume that has to be its user's.
	if err := os.WriteFile(filepath.Join(*root, "var/lib/grafana/grafana.db"), nil, 0o640); err != nil {
		return fmt.Errorf("keep data: %w", err)
	}
	grafana, err := grafanafake.New(grafanafake.Options{Admin: s.user, Password: s.password, Ask: true})
	if err != nil {
		return err
	}
	if err := grafana.Provision(*root, os.LookupEnv); err != nil {
		return cli.BadInput(err, "")
	}
	return standin.Fake{Name: "Grafana", Handler: grafana, Refusals: grafana.Refusals}.Serve(ctx, stdout, *addr)
}

// settings are those that make a difference to the fake.
type settings struct{ user, password string }

// read takes the settings from the environment. X__FILE names a file that holds
// X, as the entry point of Grafana's image has it.
func read(environment []string, root string) (settings, error) {
	all := map[string]string{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "GF_") {
			continue
		}
		if plain, inFile := strings.CutSuffix(name, "__FILE"); inFile {
			text, err := os.ReadFile(filepath.Join(root, value))
			if err != nil {
				return settings{}, fmt.Errorf("%s: %w", name, err)
			}
			name, value = plain, strings.TrimSpace(string(text))
		}
		if !slices.Contains(known(), name) {
			return settings{}, fmt.Errorf("%s is no setting that the fake of Grafana knows", name)
		}
		all[name] = value
	}
	s := settings{user: cmp.Or(all["GF_SECURITY_ADMIN_USER"], "admin"), password: all["GF_SECURITY_ADMIN_PASSWORD"]}
	if s.password == "" {
		return settings{}, errors.New("GF_SECURITY_ADMIN_PASSWORD is missing: Grafana's own would be admin")
	}
	return s, nil
}

func known() []string {
	return []string{
		"GF_SECURITY_ADMIN_USER", "GF_SECURITY_ADMIN_PASSWORD", "GF_SERVER_ROOT_URL", "GF_USERS_ALLOW_SIGN_UP", "GF_ANALYTICS_REPORTING_ENABLED",
		"GF_ANALYTICS_CHECK_FOR_UPDATES", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "GF_PLUGINS_PREINSTALL_DISABLED",
	}
}
