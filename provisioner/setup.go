package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"plumbline/cli"
	"plumbline/provisioner/elastic"
)

const setupUsage = `Usage: provisioner setup -es URL -user NAME -password-file FILE -keys-dir DIR [flags]

Makes Elasticsearch ready for the stack: waits for it, puts an ingest pipeline,
index templates and roles, makes an API key for each role, and asks with each
key what it may do. It can be run again at any time; what is as it should be
stays.

Flags:
  -es URL              address of Elasticsearch (https://127.0.0.1:9200)
  -ca FILE             PEM certificate of the authority that signed its certificate
  -user NAME           an administrator (elastic)
  -password-file FILE  file with the administrator's password
  -keys-dir DIR        where the key files go, made if missing: reader.key,
                       provisioner.key, shipper_logs.key, shipper_metrics.key,
                       loadgen.key, each one line "id:api_key", mode 0600
  -kibana-token-file FILE
                       write a token of Kibana's own account there, mode 0600
  -within DURATION     how long to wait for Elasticsearch (60s)
  -o table|json        form of the report on stdout (table)

Example:
  provisioner setup -ca ca.crt -password-file elastic.password -keys-dir secrets
`

func setupCommand() command {
	return command{name: "setup", summary: "make Elasticsearch ready: templates, roles, keys", run: runSetup}
}

func runSetup(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var (
		s      elastic.Setup
		output string
	)
	flags := flag.NewFlagSet("setup", flag.ContinueOnError)
	flags.StringVar(&s.URL, "es", "https://127.0.0.1:9200", "")
	flags.StringVar(&s.CAFile, "ca", "", "")
	flags.StringVar(&s.Username, "user", "elastic", "")
	flags.StringVar(&s.PasswordFile, "password-file", "", "")
	flags.StringVar(&s.KeysDir, "keys-dir", "", "")
	flags.StringVar(&s.KibanaToken, "kibana-token-file", "", "")
	flags.DurationVar(&s.Within, "within", time.Minute, "")
	flags.StringVar(&output, "o", "table", "")
	if err := parse(flags, setupUsage, args, 0, stdout); err != nil {
		return err
	}
	const hint = "provisioner setup -h"
	switch {
	case s.PasswordFile == "":
		return usageError(hint, "setup: -password-file is missing")
	case s.KeysDir == "":
		return usageError(hint, "setup: -keys-dir is missing")
	case s.Within <= 0:
		return usageError(hint, "setup: -within %v: want more than zero", s.Within)
	case output != "table" && output != "json":
		return usageError(hint, "setup: -o %s: want table or json", output)
	}
	steps, err := s.Steps()
	if err != nil {
		return cli.BadInput(fmt.Errorf("setup: %w", err), "")
	}
	done, err := elastic.RunSteps(ctx, steps, stderr, isTerminal(stderr))
	if err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	if output == "json" {
		report := json.NewEncoder(stdout)
		report.SetIndent("", "  ")
		return report.Encode(map[string]any{"elasticsearch": s.URL, "keys_dir": s.KeysDir, "steps": done})
	}
	fmt.Fprintf(stdout, "%s is ready; keys are in %s\n", s.URL, s.KeysDir)
	return nil
}
