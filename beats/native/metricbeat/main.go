// Metricbeat with the four modules that beats/metricbeat.yml uses:
// prometheus (collector), system (cpu, memory, process), http (json) and beat (stats,
// state), and on Kubernetes with what it asks the kubelet. Everything else is
// Elastic's own code, unchanged.
package main

import (
	"os"

	"github.com/elastic/beats/v7/libbeat/cmd"
	"github.com/elastic/beats/v7/libbeat/cmd/instance"
	"github.com/elastic/beats/v7/metricbeat/beater"

	_ "github.com/elastic/beats/v7/metricbeat/module/beat/state"
	_ "github.com/elastic/beats/v7/metricbeat/module/beat/stats"
	_ "github.com/elastic/beats/v7/metricbeat/module/http"
	_ "github.com/elastic/beats/v7/metricbeat/module/http/json"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes/container"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes/node"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes/pod"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes/system"
	_ "github.com/elastic/beats/v7/metricbeat/module/kubernetes/volume"
	_ "github.com/elastic/beats/v7/metricbeat/module/prometheus/collector"
	_ "github.com/elastic/beats/v7/metricbeat/module/system"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/cpu"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/memory"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/process"
)

func main() {
	settings := instance.Settings{Name: "metricbeat"}
	if err := cmd.GenRootCmdWithSettings(beater.DefaultCreator(), settings).Execute(); err != nil {
		os.Exit(1)
	}
}
