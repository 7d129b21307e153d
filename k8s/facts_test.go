package k8s

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"plumbline/stack/native"
)

// facts are what other files of the repository say, read from them.
type facts struct {
	Elastic string                     // version, of .env
	Ports   map[string]string          // by their names in the native runner
	Flags   map[string]map[string]bool // by program and command: "demo-app", "provisioner verify"

	Settings map[string]bool            // variables of demo-app
	Needs    map[string]map[string]bool // by Beat, or by the last file that it is given: variables in its files, true if there is no default
	Keys     []string                   // files that setup writes
	Native   map[string]string          // elasticsearch.yml of the native runner; "" where it is worked out
	Runtime  map[string]string          // Filebeat's Go runtime in the native runner
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func learn(t *testing.T) facts {
	t.Helper()
	f := facts{Ports: map[string]string{}, Flags: map[string]map[string]bool{}, Settings: map[string]bool{}, Needs: map[string]map[string]bool{}}
	version := regexp.MustCompile(`(?m)^ELASTIC_VERSION=(\S+)$`).FindStringSubmatch(read(t, ".env"))
	if version == nil {
		t.Fatal(".env: no ELASTIC_VERSION")
	}
	f.Elastic = version[1]
	for _, m := range regexp.MustCompile(`(\w+):\s+(\d+) \+ offset`).FindAllStringSubmatch(read(t, "stack/native/ports.go"), -1) {
		f.Ports[m[1]] = m[2]
	}
	// demo-app's settings are a table of its own; a test holds the README to it.
	f.Flags["demo-app"] = map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| (?:`-([a-z-]+)`)? \\| (.*?) \\|").FindAllStringSubmatch(read(t, "README.md"), -1) {
		if m[1] != "" {
			f.Flags["demo-app"][m[1]] = true
		}
		for _, v := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(m[2], -1) {
			f.Settings[v[1]] = true
		}
	}
	for _, command := range []string{"worker", "healthcheck"} { // the table does not always tell which takes what
		f.Flags["demo-app "+command] = f.Flags["demo-app"]
	}
	for _, program := range []string{"loadgen", "provisioner", "demo-app/icatfake"} {
		for command, flags := range flagSets(t, program) {
			name := path.Base(program)
			f.Flags[strings.TrimSpace(name+" "+strings.TrimPrefix(command, name))] = flags
		}
	}
	for _, beat := range []string{"filebeat", "metricbeat"} {
		f.Needs[beat] = variables(read(t, "beats/"+beat+".yml") + read(t, "k8s/base/beats/"+beat+"-containers.yml"))
	}
	for _, file := range []string{"metricbeat-once.yml", "metricbeat-node.yml"} {
		f.Needs[file] = variables(enabled(t, file) + read(t, "k8s/base/beats/"+file))
	}
	f.Needs["filebeat-sidecar.yml"] = variables(read(t, "beats/filebeat.yml") + read(t, "k8s/components/sidecar/filebeat-sidecar.yml"))
	f.Needs["filebeat-hints.yml"] = variables(strings.ReplaceAll(read(t, "beats/filebeat.yml"), "${DEMO_APP_LOGS}", "") + read(t, "k8s/components/hints/filebeat-hints.yml"))
	roles, err := filepath.Glob("../elasticsearch/roles/*.json")
	if err != nil || len(roles) == 0 {
		t.Fatalf("roles: %v, %v", roles, err)
	}
	for _, role := range roles {
		f.Keys = append(f.Keys, strings.TrimSuffix(filepath.Base(role), ".json")+".key")
	}
	f.Native, f.Runtime = nativeSettings(t), native.FilebeatRuntime()
	return f
}

// enabled is Metricbeat's own configuration without the modules that a file which
// is merged over it turns off.
func enabled(t *testing.T, file string) string {
	t.Helper()
	var own map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "beats/metricbeat.yml")), &own); err != nil {
		t.Fatal(err)
	}
	_, merged := mergedModules(t, file)
	var on []any
	for i, m := range own["metricbeat.modules"].([]any) {
		if merged[i].Enabled != false {
			on = append(on, m)
		}
	}
	own["metricbeat.modules"] = on
	text, err := yaml.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flagSets are the flags that each flag.NewFlagSet of a program's main package
// gets in the same function.
func flagSets(t *testing.T, program string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../" + program + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			name, flags := "", map[string]bool{}
			ast.Inspect(declaration, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				method, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				place := 0 // of the name among the arguments
				if strings.HasSuffix(method.Sel.Name, "Var") || method.Sel.Name == "Func" && len(call.Args) > 3 {
					place = 1
				}
				if place >= len(call.Args) {
					return true
				}
				literal, ok := call.Args[place].(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				switch method.Sel.Name {
				case "NewFlagSet":
					name = text
				case "String", "StringVar", "Bool", "BoolVar", "Duration", "DurationVar", "Float64", "Float64Var", "Uint64Var", "IntVar", "Uint64", "Int":
					flags[text] = true
				}
				return true
			})
			if name != "" {
				sets[name] = flags
			}
		}
	}
	return sets
}

// variables of a Beat's configuration; true if one has no default.
func variables(text string) map[string]bool {
	needs := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)(:?)`).FindAllStringSubmatch(line, -1) {
			needs[m[1]] = needs[m[1]] || m[2] == ""
		}
	}
	return needs
}

// nativeSettings are the native runner's elasticsearch.yml by dotted name.
func nativeSettings(t *testing.T) map[string]string {
	t.Helper()
	source := read(t, "stack/node/node.go")
	m := regexp.MustCompile("(?s)Parse\\(`(cluster\\.name.*?)`\\)").FindStringSubmatch(source)
	if m == nil {
		t.Fatal("stack/node/node.go: the template of elasticsearch.yml is not where it was")
	}
	var document map[string]any
	if err := yaml.Unmarshal([]byte(regexp.MustCompile(`\{\{.*?\}\}b?`).ReplaceAllString(m[1], `""`)), &document); err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	flatten(flat, "", document)
	return flat
}

func flatten(into map[string]string, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			flatten(into, strings.TrimPrefix(path+"."+key, "."), child)
		}
	case []any:
		var texts []string
		for _, v := range value {
			texts = append(texts, fmt.Sprint(v))
		}
		into[path] = strings.Join(texts, ",")
	default:
		into[path] = fmt.Sprint(value)
	}
}

func TestFactsAreFound(t *testing.T) {
	f := learn(t)
	for _, name := range []string{"API", "Elasticsearch", "Board", "FilebeatStats", "MetricbeatStats", "Prometheus", "Alertmanager", "Alerts", "Canary"} {
		if f.Ports[name] == "" {
			t.Errorf("no port %s in the native runner", name)
		}
	}
	for _, row := range []struct{ command, flag string }{
		{"demo-app", "addr"}, {"loadgen run", "ledger"}, {"provisioner setup", "keys-dir"}, {"provisioner verify", "follow"}, {"provisioner board", "addr"},
		{"icatfake", "ca-out"}, {"icatfake healthcheck", "ca"}, {"loadgen healthcheck", "listen"}, {"provisioner healthcheck", "addr"}, {"demo-app worker", "probe-addr"},
	} {
		if !f.Flags[row.command][row.flag] {
			t.Errorf("%s has no flag -%s, but %v", row.command, row.flag, f.Flags[row.command])
		}
		if f.Flags[row.command]["no-such-flag"] {
			t.Errorf("%s is said to have every flag", row.command)
		}
	}
	if !f.Needs["filebeat"]["ES_URL"] || f.Needs["filebeat"]["FILEBEAT_STATS_PORT"] {
		t.Errorf("variables of Filebeat: %v", f.Needs["filebeat"])
	}
	if !slices.Contains(f.Keys, "reader.key") {
		t.Errorf("keys: %v", f.Keys)
	}
	if f.Native["xpack.security.http.ssl.enabled"] != "true" {
		t.Errorf("native settings: %v", f.Native)
	}
}
