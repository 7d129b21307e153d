package k8s

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/stack/node"
)

// disagreements are where a container contradicts the files that own the names.
func (f facts) disagreements(c container) []string {
	found := f.wrongFlags(c)
	found = append(found, f.wrongKeys(c)...)
	switch c.program() {
	case "demo-app":
		found = append(found, f.wrongVariables(c)...)
	case "filebeat", "metricbeat":
		found = append(found, f.wrongEnvironment(c)...)
		port := f.Ports[map[string]string{"filebeat": "FilebeatStats", "metricbeat": "MetricbeatStats"}[c.program()]]
		if !strings.Contains(c.Check, "/dev/tcp/127.0.0.1/"+port+" ") && !strings.HasPrefix(c.Check, ":"+port+"/") {
			found = append(found, fmt.Sprintf("%s: the check does not ask port %s", c.Name, port))
		}
	case "elasticsearch":
		if c.Check != "" { // the server, not a script in its image
			found = append(found, f.wrongSettings(c)...)
		}
	}
	for _, m := range regexp.MustCompile(`https?://(demo-app|elasticsearch|filebeat)[a-z.-]*:(\d+)`).FindAllStringSubmatch(c.text(), -1) {
		if want := f.Ports[map[string]string{"demo-app": "API", "elasticsearch": "Elasticsearch", "filebeat": "FilebeatStats"}[m[1]]]; m[2] != want {
			found = append(found, fmt.Sprintf("%s: asks %s, which listens on %s", c.Name, m[0], want))
		}
	}
	for _, arg := range c.Args {
		port, ok := strings.CutPrefix(arg, "-addr=:")
		native := map[string]string{"demo-app": "API", "provisioner": "Board"}[c.program()]
		switch c.Args[0] {
		case "alerts":
			native = "Alerts"
		case "watch":
			native = "Canary"
		}
		if want := f.Ports[native]; ok && native != "" && port != want {
			found = append(found, fmt.Sprintf("%s: listens on %s, natively on %s", c.Name, port, want))
		}
	}
	return found
}

// wrongFlags are flags that the program does not have.
func (f facts) wrongFlags(c container) []string {
	if !slices.Contains([]string{"demo-app", "icatfake", "loadgen", "provisioner"}, c.program()) {
		return nil
	}
	var found []string
	for _, args := range [][]string{c.Args, c.CheckArgs} {
		command := c.program()
		for i, arg := range args {
			name, isFlag := strings.CutPrefix(arg, "-")
			if !isFlag && i == 0 {
				command += " " + arg
				continue
			}
			name, _, _ = strings.Cut(name, "=")
			if !isFlag || !f.Flags[command][name] {
				found = append(found, fmt.Sprintf("%s: %s takes no %s", c.Name, command, arg))
			}
		}
	}
	return found
}

// wrongVariables are settings in the environment that demo-app does not have.
func (f facts) wrongVariables(c container) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if !f.Settings[name] && !strings.Contains(c.text(), "$("+name+")") {
			found = append(found, fmt.Sprintf("%s: demo-app reads no %s", c.Name, name))
		}
	}
	return found
}

// wrongKeys are files of keys that setup does not write.
func (f facts) wrongKeys(c container) []string {
	var found []string
	for _, key := range regexp.MustCompile(`[a-z_]+\.key\b`).FindAllString(c.text(), -1) {
		if key != "node.key" && !slices.Contains(f.Keys, key) {
			found = append(found, fmt.Sprintf("%s: nobody writes %s", c.Name, key))
		}
	}
	return found
}

// wrongEnvironment are variables that a Beat misses or does not know.
func (f facts) wrongEnvironment(c container) []string {
	has := map[string]bool{}
	for name := range c.Env {
		has[name] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*export ([A-Z_]+)$`).FindAllStringSubmatch(c.Script, -1) {
		has[m[1]] = true
	}
	needs := f.Needs[c.program()]
	if given := filebeatFiles(strings.Join(c.Args, " ") + " " + c.Script); len(given) > 0 && f.Needs[given[len(given)-1]] != nil {
		needs = f.Needs[given[len(given)-1]]
	}
	var found []string
	if c.program() == "filebeat" {
		for name, value := range f.Runtime {
			if delete(has, name); c.Env[name] != value {
				found = append(found, fmt.Sprintf("%s: %s: %q, natively %q", c.Name, name, c.Env[name], value))
			}
		}
	}
	for name, needed := range needs {
		if needed && !has[name] {
			found = append(found, fmt.Sprintf("%s: %s is not set", c.Name, name))
		}
	}
	for name := range has {
		if _, known := needs[name]; !known && !strings.Contains(c.text(), "$("+name+")") && !strings.Contains(c.Script, "$"+name) {
			found = append(found, fmt.Sprintf("%s: %s is set for nothing", c.Name, name))
		}
	}
	slices.Sort(found)
	return found
}

// wrongSettings are settings of Elasticsearch that differ from the native ones
// without need.
func (f facts) wrongSettings(c container) []string {
	want := map[string]string{}
	for name, value := range f.Native {
		switch {
		case slices.Contains([]string{"path.data", "path.logs", "network.host", "http.port", "transport.port"}, name):
			continue // the image's own
		case strings.Contains(name, ".watermark."):
			bytes := map[string]int64{"low": node.WatermarkLow, "high": node.WatermarkHigh, "flood_stage": node.WatermarkFlood}[name[strings.LastIndex(name, ".")+1:]]
			if value = fmt.Sprintf("%dmb", bytes>>20); bytes%(1<<30) == 0 {
				value = fmt.Sprintf("%dgb", bytes>>30)
			}
		case regexp.MustCompile(`(certificate|key|certificate_authorities)$`).MatchString(name):
			value = "certs/" + value
		}
		want[name] = value
	}
	var found []string
	for name, value := range want {
		if got := c.Env[name]; got != value && !slices.Contains([]string{"node.name", "xpack.security.transport.ssl.verification_mode"}, name) {
			found = append(found, fmt.Sprintf("%s: %s: %q, natively %q", c.Name, name, got, value))
		}
	}
	if heap := fmt.Sprintf("-Xms%dm -Xmx%[1]dm", node.Heap>>20); !strings.Contains(c.Env["ES_JAVA_OPTS"], heap) {
		found = append(found, fmt.Sprintf("%s: heap: %q, natively %q", c.Name, c.Env["ES_JAVA_OPTS"], heap))
	}
	slices.Sort(found)
	return found
}

func TestDisagreementsAreSeen(t *testing.T) {
	f := facts{
		Ports: map[string]string{"API": "8000", "Elasticsearch": "9200", "Board": "5602", "FilebeatStats": "5066", "MetricbeatStats": "5067"},
		Flags: map[string]map[string]bool{"demo-app": {"addr": true}, "provisioner board": {"addr": true, "key-file": true},
			"demo-app healthcheck": {"live": true}},
		Settings: map[string]bool{"SEED": true},
		Needs:    map[string]map[string]bool{"filebeat": {"ES_URL": true, "FILEBEAT_STATS_PORT": false}},
		Keys:     []string{"reader.key"},
		Runtime:  map[string]string{"GOGC": "300"},
		Native: map[string]string{"http.port": "", "xpack.security.enabled": "true", "xpack.security.http.ssl.key": "node.key",
			"cluster.routing.allocation.disk.watermark.low": ""},
	}
	server := map[string]string{"xpack.security.enabled": "true", "xpack.security.http.ssl.key": "certs/node.key",
		"cluster.routing.allocation.disk.watermark.low": "1gb", "ES_JAVA_OPTS": "-Xms512m -Xmx512m"}
	with := func(name, value string) map[string]string {
		changed := map[string]string{name: value}
		for k, v := range server {
			if k != name {
				changed[k] = v
			}
		}
		return changed
	}
	for _, row := range []struct {
		proves string
		c      container
		want   []string
	}{
		{"a flag that exists is accepted", container{Image: "plumbline/demo-app:dev", Args: []string{"-addr=:8000"}}, nil},
		{"a flag that does not exist is refused", container{Image: "plumbline/demo-app:dev", Args: []string{"-adr=:8000"}}, []string{"a: demo-app takes no -adr=:8000"}},
		{"a flag of another command is refused", container{Image: "plumbline/provisioner:dev", Args: []string{"setup", "-addr=:5602"}},
			[]string{"a: provisioner setup takes no -addr=:5602"}},
		{"a flag apart from its value is refused", container{Image: "plumbline/demo-app:dev", Args: []string{"-addr", ":8000"}}, []string{"a: demo-app takes no :8000"}},
		{"a health check's flag that does not exist is refused", container{Image: "plumbline/demo-app:dev", CheckArgs: []string{"healthcheck", "-live", "-lively"}},
			[]string{"a: demo-app healthcheck takes no -lively"}},
		{"a setting that does not exist is refused", container{Image: "plumbline/demo-app:dev", Env: map[string]string{"SEED": "1", "SEEED": "1"}},
			[]string{"a: demo-app reads no SEEED"}},
		{"another port is refused", container{Image: "plumbline/provisioner:dev", Args: []string{"board", "-addr=:5601"}}, []string{"a: listens on 5601, natively on 5602"}},
		{"a neighbour's wrong port is refused", container{Image: "x:1", Env: map[string]string{"U": "http://demo-app:8080/metrics"}},
			[]string{"a: asks http://demo-app:8080, which listens on 8000"}},
		{"a key that nobody writes is refused", container{Image: "plumbline/provisioner:dev", Args: []string{"board", "-key-file=/k/raeder.key"}}, []string{"a: nobody writes raeder.key"}},
		{"a Beat with its variables is accepted", container{Image: "b/filebeat:1", Env: map[string]string{"ES_URL": "", "GOGC": "300"}, Check: "/dev/tcp/127.0.0.1/5066 "}, nil},
		{"a script may export them", container{Image: "b/filebeat:1", Script: "export ES_URL\n", Env: map[string]string{"GOGC": "300"}, Check: "/dev/tcp/127.0.0.1/5066 "}, nil},
		{"a variable missing or unknown is refused", container{Image: "b/filebeat:1", Env: map[string]string{"ES_HOST": "", "GOGC": "300"}, Check: "/dev/tcp/127.0.0.1/5066 "},
			[]string{"a: ES_HOST is set for nothing", "a: ES_URL is not set"}},
		{"another garbage collector is refused", container{Image: "b/filebeat:1", Env: map[string]string{"ES_URL": "", "GOGC": "100"}, Check: "/dev/tcp/127.0.0.1/5066 "},
			[]string{`a: GOGC: "100", natively "300"`}},
		{"a check of another port is refused", container{Image: "b/filebeat:1", Env: map[string]string{"ES_URL": "", "GOGC": "300"}, Check: "/dev/tcp/127.0.0.1/5067 "},
			[]string{"a: the check does not ask port 5066"}},
		{"the native settings are accepted", container{Image: "e/elasticsearch:1", Check: "curl", Env: server}, nil},
		{"another watermark is refused", container{Image: "e/elasticsearch:1", Check: "curl", Env: with("cluster.routing.allocation.disk.watermark.low", "5%")},
			[]string{`a: cluster.routing.allocation.disk.watermark.low: "5%", natively "1gb"`}},
		{"security turned off is refused", container{Image: "e/elasticsearch:1", Check: "curl", Env: with("xpack.security.enabled", "false")},
			[]string{`a: xpack.security.enabled: "false", natively "true"`}},
		{"another heap is refused", container{Image: "e/elasticsearch:1", Check: "curl", Env: with("ES_JAVA_OPTS", "-Xmx1g")},
			[]string{`a: heap: "-Xmx1g", natively "-Xms512m -Xmx512m"`}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			row.c.Name = "a"
			if diff := cmp.Diff(row.want, f.disagreements(row.c)); diff != "" {
				t.Errorf("disagreements (-want +got):\n%s", diff)
			}
		})
	}
}
