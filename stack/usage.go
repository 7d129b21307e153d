package main

import (
	"fmt"
	"strings"
	"time"

	"plumbline/stack/size"
	"plumbline/stack/workload"
)

const defaultDuration = 20 * time.Second

func usage() string {
	var b strings.Builder
	b.WriteString("Usage: stack <command> [flags]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-7s %s\n", c.name, c.summary)
	}
	b.WriteString(`
Flags of demo and smoke:
  -rate N         requests per second (200)
  -duration D     how long to send (20s)

Flags of red, which always has the profile prometheus:
  -workload LIST  all, or some of WORKLOADS
                  (USUAL)
  -rate N         requests per second, of workloads without a rate of their own (100)
  -duration D     how long to send each, likewise (30s)

Flags of lag, which starts Elasticsearch and Filebeat alone:
  -rates LIST     lines per second, one after the other (10,2000,10000)
  -duration D     how long lines are written at each (15s)
  -repeat N       rounds of all that, of which the best is shown, and how long the
                  worst took (3)

Flags of size, which measures nothing and starts nothing (docs/sizing.md):
  -rate N         events per second, on average; it must be given
  -retention D    how long they are kept, as 30d or 36h (30d)
  -hot D          how long on hot nodes, then on warm ones (all the time)
  -replicas N     copies beside the first (1)
  -peak N         how many times the rate the busiest minute has (2)
  -bytes N        bytes on disk of an event, one copy (EVENTBYTES, an access line)
  -memory SIZE    of a node of Elasticsearch (64GiB)
  -cores N        of such a node (16)

Flags of demo, smoke, red, lag, up and fetch:
  -v              print what each process logs, and at the end where time went

Flags of demo, smoke, up, fetch and doctor:
  -profile NAME   prometheus: also Prometheus, Alertmanager, and alerts as they
                  begin and end

Flags of demo, smoke and up:
  -shipper-profile NAME
                  fast: lines are searchable within half a second (the default);
                  balanced: Filebeat as it comes, which waits for seconds

Flags of status, doctor and size:
  -o table|json   form of the report (table)

Flags of doctor:
  -containers     look at Docker instead: is it fit for compose.yaml?

Flags of all commands but size:
  -state DIR      keep everything in DIR (.plumbline in the repository, or a
                  directory under /var/tmp where that one cannot be used)
  -port-offset N  add N to every port (0), for a second stack beside the first

A state directory holds cache/, what was downloaded and built, and run/, the
latest run: logs, ledger, secrets, Elasticsearch's data, and of red the reports
in red/. Each start of demo, smoke, red and up empties run/, so it begins with an empty Elasticsearch and new
secrets; after a stop it is kept for you to look into.

As root, Elasticsearch runs under a user id of its own: it refuses to be root.
It takes the newest suitable Java, or that of ES_JAVA_HOME; ES_JAVA_OPTS is
passed on to it, ELASTIC_VERSION goes before the version in .env.

Exit codes: 0 all holds, 1 it does not, 2 could not be measured or done,
64 usage.

Examples:
  stack smoke -rate 500 -duration 1m
  stack size -rate 50000 -retention 30d
`)
	var workloads []string
	for _, w := range workload.All() {
		workloads = append(workloads, w.Name)
	}
	return strings.NewReplacer("EVENTBYTES", fmt.Sprintf("%g", size.Usual().EventBytes.Value), "WORKLOADS", strings.Join(workloads, ","), "USUAL", strings.Join(workload.Usual(), ",")).Replace(b.String())
}
