// Command kibana stands in for Kibana in the container tests. It is a FAKE: the
// handler of package kibanafake, with its objects in memory; it draws nothing. Like
// Kibana's image it reads config/kibana.yml, keeps an id in data, and asks
// Elasticsearch: with its own token whether it may be one, and with what a caller
// sends who that is. A setting that it does not know is refused.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"plumbline/cli"
	"plumbline/provisioner/kibana/kibanafake"
	"plumbline/stack/containers/standin"
)

func main() { os.Exit(cli.Main("kibana", run)) }

const usage = `Usage: kibana [flags]

A FAKE of Kibana for the container tests.

  -home DIR   with config/kibana.yml, package.json and data (/usr/share/kibana)
`

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("kibana", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() { fmt.Fprint(stdout, usage) }
	home := flags.String("home", "/usr/share/kibana", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return cli.BadInput(err, "kibana -h")
	}
	text, err := os.ReadFile(filepath.Join(*home, "config", "kibana.yml"))
	if err != nil {
		return cli.BadInput(err, "")
	}
	s, err := read(text, os.LookupEnv)
	if err != nil {
		return cli.BadInput(fmt.Errorf("kibana.yml: %w", err), "images/kibana.yml is what compose.yaml mounts")
	}
	number, err := version(*home)
	if err != nil {
		return err
	}
	// Kibana's own id, in a volume that has to be its user's.
	if err := os.WriteFile(filepath.Join(*home, "data", "uuid"), []byte("00000000-0000-4000-8000-000000000000"), 0o640); err != nil {
		return fmt.Errorf("keep data: %w", err)
	}
	es, err := dial(s)
	if err != nil {
		return cli.BadInput(err, "")
	}
	gate := newGate(es, kibanafake.Config{Version: number, NoEncryptionKey: s.Objects == ""})
	return standin.Fake{Name: "Kibana", Handler: gate, Refusals: gate.refusals}.Serve(ctx, stdout, s.address())
}

// version is that of the image.
func version(home string) (string, error) {
	text, err := os.ReadFile(filepath.Join(home, "package.json"))
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	if err := json.Unmarshal(text, &about); err != nil || about.Version == "" {
		return "", fmt.Errorf("package.json: no version (%v)", err)
	}
	return about.Version, nil
}
