// Package prometheus is the configuration of the profile of that name: what
// Prometheus scrapes (prometheus.yml), which rules it evaluates (rules/), whom
// Alertmanager tells (alertmanager.yml), and a page that Prometheus itself draws
// (consoles/). All three ways to run use these files; what differs are addresses.
//
// The tests beside hold the files to the metrics that the programs really have,
// run Prometheus' own tools on them, and see alerts fire and resolve. native/ is
// a module of its own that says which versions are built.
package prometheus

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

//go:embed prometheus.yml alertmanager.yml rules/*.yml consoles/*.html
var files embed.FS

// Features are what Prometheus has to be started with: --enable-feature. Exemplars
// lead from a bucket to a trace. A counter that is born with a value, as the first
// error of a route is, counts from 0 and not from its first scrape.
const Features = "exemplar-storage,created-timestamp-zero-ingestion"

// Addresses are what differs from one way to run to the next.
type Addresses struct {
	Targets      []Target
	Alertmanager string // host:port
	Receiver     string // URL that takes Alertmanager's notifications
}

// Target is who is scraped, at /metrics.
type Target struct{ Job, Address string } // Address is host:port

// group is an entry of file_sd.
type group struct {
	Labels  map[string]string `yaml:"labels,omitempty,flow"`
	Targets []string          `yaml:"targets,flow"`
}

// Lay writes the configuration into a directory that exists: prometheus.yml and
// alertmanager.yml, each with what it refers to. Both programs want to be started
// there: receiver.url is looked for in the working directory.
func Lay(dir string, a Addresses) error {
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("lay Prometheus' configuration: %w", err)
	}
	var targets []group
	for _, t := range a.Targets {
		targets = append(targets, group{map[string]string{"job": t.Job}, []string{t.Address}})
	}
	for _, file := range []struct {
		name   string
		groups []group
	}{
		{"targets.yml", targets},
		{"alertmanagers.yml", []group{{Targets: []string{a.Alertmanager}}}},
	} {
		text, err := yaml.Marshal(file.groups)
		if err != nil {
			return fmt.Errorf("lay Prometheus' configuration: %s: %w", file.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, file.name), text, 0o600); err != nil {
			return fmt.Errorf("lay Prometheus' configuration: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "receiver.url"), []byte(a.Receiver+"\n"), 0o600); err != nil {
		return fmt.Errorf("lay Prometheus' configuration: %w", err)
	}
	return nil
}
