package main

import (
	"context"
	"flag"
	"io"

	"plumbline/cli"
	"plumbline/doctor"
	"plumbline/doctor/docker"
)

const doctorUsage = `Usage: provisioner doctor [flags]

Looks whether the Docker of this machine is fit for compose.yaml, and changes
nothing. Each finding says how to put it right.

  -project NAME      of compose, if it was given another with -p (plumbline)
  -elastic VERSION   of Elasticsearch, as in .env
  -o table|json      form of the report (table)

In a container it sees the machine that Docker itself runs on:
  docker run --rm --user 0 -v /var/run/docker.sock:/var/run/docker.sock \
    plumbline/provisioner:dev doctor

Exit codes: 0 it is fit, 1 it is not, 64 usage.
`

func doctorCommand() command {
	return command{name: "doctor", summary: "look whether Docker is fit for compose.yaml", run: runDoctor}
}

func runDoctor(ctx context.Context, args []string, stdout, _ io.Writer) error {
	var o docker.Options
	output := ""
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.StringVar(&o.Project, "project", "", "")
	flags.StringVar(&o.Elastic, "elastic", "", "")
	flags.StringVar(&output, "o", "table", "")
	if err := parse(flags, doctorUsage, args, 0, stdout); err != nil {
		return err
	}
	if output != "table" && output != "json" {
		return usageError("provisioner doctor -h", "doctor: -o %s: want table or json", output)
	}
	findings := docker.Examine(ctx, o)
	if output == "json" {
		if err := doctor.WriteJSON(stdout, findings); err != nil {
			return err
		}
	} else {
		doctor.Write(stdout, findings)
	}
	if len(doctor.Failed(findings)) > 0 {
		return &cli.Failure{Code: cli.False}
	}
	return nil
}
