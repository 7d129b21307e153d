// Package plumbline holds the repository's own rules: who may import whom,
// which big dependency lives where, and how long a file may be.
package plumbline

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath                         string
	Doc                                string
	Imports, TestImports, XTestImports []string
	Dir                                string
	GoFiles                            []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,Imports,TestImports,XTestImports,Dir,GoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func under(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		return path == "plumbline/"+dir || strings.HasPrefix(path, "plumbline/"+dir+"/")
	})
}

// misplaced returns "package imports module" for each import outside its home.
func misplaced(all []pkg, homes map[string][]string) []string {
	var wrong []string
	for _, p := range all {
		for _, imported := range p.Imports {
			for module, dirs := range homes {
				if (imported == module || strings.HasPrefix(imported, module+"/")) && !under(p.ImportPath, dirs) {
					wrong = append(wrong, p.ImportPath+" imports "+imported)
				}
			}
		}
	}
	return wrong
}

// homes are the packages that may import a big dependency, so that replacing
// it touches one place.
func homes() map[string][]string {
	return map[string][]string{
		"github.com/elastic":                      {"provisioner/elastic"},
		"github.com/brianvoe/gofakeit/v7":         {"demo-app/facility"},
		"github.com/KimMachineGun/automemlimit":   {"demo-app"},
		"github.com/prometheus/client_golang":     {"demo-app", "loadgen/console", "provisioner"},
		"github.com/prometheus/client_golang/api": {"provisioner/promql"},
		"github.com/prometheus/common":            {"provisioner/promql"},
		"github.com/rs/zerolog":                   {"demo-app/telemetry", "stack/drills/faultproxy"}, // which Toxiproxy asks for
		"github.com/Shopify/toxiproxy/v2":         {"stack/drills/faultproxy"},
		"modernc.org/sqlite":                      {"demo-app/internal/store"},
		"github.com/pressly/goose/v3":             {"demo-app/internal/store"},
		"github.com/prometheus/prometheus":        {},
		"github.com/grafana":                      {"provisioner/grafana"},
		"github.com/go-openapi":                   {"provisioner/grafana"},
		"github.com/klauspost/compress":           {"loadgen/ledger", "provisioner/promql"},
		"github.com/go-faster/jx":                 {"loadgen/ledger", "provisioner/arrival", "demo-app/telemetry", "stack/verifybench"},
		"github.com/HdrHistogram/hdrhistogram-go": {"loadgen", "provisioner/arrival", "dashboards"},
		"github.com/parquet-go/parquet-go":        {"loadgen/ledger/export"},
		"github.com/chromedp":                     {"localweb/browser"},
		"github.com/swaggest/swgui":               {"demo-app/internal/rest"},
		"github.com/vearutop/statigz":             {"demo-app/internal/rest"},
		"github.com/cenkalti/backoff/v5":          {"demo-app/telemetry/spans"},
		"github.com/shirou/gopsutil/v4":           {"stack"},
		"github.com/gofrs/flock":                  {"stack/statedir", "demo-app/internal/store", "loadgen/ledger", "provisioner/canary"},
		"github.com/go-sql-driver/mysql":          {"demo-app/internal/store", "demo-app/internal/parts"},
		"github.com/redis/go-redis/v9":            {"demo-app"},
		"github.com/maypok86/otter/v2":            {"demo-app/internal/cache"},
		"github.com/wneessen/go-mail":             {"demo-app/internal/jobs"},
		"go.opentelemetry.io/otel/sdk":            {"demo-app/telemetry/spans"},
		"go.opentelemetry.io/otel/exporters":      {"demo-app/telemetry/spans"},
		"go.opentelemetry.io/proto":               {"demo-app/telemetry/spans"},
		"plumbline/demo-app/internal":             {"demo-app"},
		"plumbline/stack":                         {"stack"},
		"plumbline/loadgen/attack":                {"loadgen"},
		"plumbline/provisioner/arrival":           {"provisioner"},
		"plumbline/provisioner/elastic":           {"provisioner", "loadgen/truth", "stack/verifybench"},
		"plumbline/elasticsearch":                 {"provisioner/elastic"},
		"plumbline/dashboards":                    {"dashboards", "provisioner"},
		"plumbline/doctor/docker":                 {"doctor", "provisioner", "stack"},
		"github.com/santhosh-tekuri/jsonschema":   {"dashboards/grafana/schema", "provisioner/arrival", "k8s/schema"},
		"plumbline/dashboards/grafana/schema":     {"provisioner/grafana/grafanafake"},
		"plumbline/dashboards/grafana/panels":     {"provisioner/proof"},
		"plumbline/dashboards/kibana/lens":        {"provisioner/proof"},
		"testing":                                 {"provisioner/elastic/expired", "demo-app/internal/store/storetest"},
	}
}

func TestEachBigDependencyHasItsHome(t *testing.T) {
	all := packages(t)
	for _, wrong := range misplaced(all, homes()) {
		t.Error(wrong)
	}
	t.Run("and the check can fail", func(t *testing.T) {
		stray := []pkg{{ImportPath: "plumbline/loadgen/pace", Imports: []string{"modernc.org/sqlite", "time"}}}
		if got := misplaced(stray, homes()); len(got) != 1 {
			t.Errorf("got %q, want one misplaced import", got)
		}
	})
}

func TestSharedPackagesStandOnLittle(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath != "plumbline/demo-app/icat" && p.ImportPath != "plumbline/localweb" {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") || first == "plumbline" {
				t.Errorf("%s imports %s: it is for the standard library alone", p.ImportPath, imported)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func TestFilesStayReadable(t *testing.T) {
	const limit = 500
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if n := bytes.Count(text, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, more than %d", path, n, limit)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
