// Package versions reads the versions of the stack's parts from the file that
// every way to run shares: .env at the top of the repository.
package versions

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// File is the name of the versions file, relative to the repository.
const File = ".env"

// Versions are the versions that the native stack needs.
type Versions struct {
	Elastic string // Elasticsearch: ELASTIC_VERSION
	Beats   string // Filebeat and Metricbeat: BEATS_NATIVE_VERSION

	Prometheus   string // PROMETHEUS_VERSION
	Alertmanager string // ALERTMANAGER_VERSION
}

// Read reads the file at path. A variable of the environment goes before the
// file, as it does for Compose.
func Read(path string, getenv func(string) string) (Versions, error) {
	f, err := os.Open(path)
	if err != nil {
		return Versions{}, fmt.Errorf("read versions: %w", err)
	}
	defer f.Close()
	set, err := Parse(f)
	if err != nil {
		return Versions{}, fmt.Errorf("read versions: %s: %w", path, err)
	}
	var v Versions
	for _, part := range []struct {
		name  string
		value *string
	}{
		{"ELASTIC_VERSION", &v.Elastic}, {"BEATS_NATIVE_VERSION", &v.Beats},
		{"PROMETHEUS_VERSION", &v.Prometheus}, {"ALERTMANAGER_VERSION", &v.Alertmanager},
	} {
		*part.value = cmp.Or(getenv(part.name), set[part.name])
		// The value becomes part of paths and of commands.
		if !shape.MatchString(*part.value) {
			return Versions{}, fmt.Errorf("read versions: %s=%q in %s or the environment is not a version such as 8.19.7", part.name, *part.value, path)
		}
	}
	return v, nil
}

var shape = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?$`)

// Parse reads lines of NAME=value; blank lines and lines that start with # are
// skipped, one pair of quotes around a value is dropped.
func Parse(r io.Reader) (map[string]string, error) {
	set := map[string]string{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("line %d: want NAME=value, got %q", n, line)
		}
		if q := len(value); q >= 2 && (value[0] == '"' || value[0] == '\'') && value[q-1] == value[0] {
			value = value[1 : q-1]
		}
		set[name] = value
	}
	return set, lines.Err()
}
