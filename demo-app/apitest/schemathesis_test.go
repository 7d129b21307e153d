package apitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
)

// Schemathesis makes requests of the document, good and bad ones, and looks at
// the answers: no 5xx, no status, header, type or body that the document does
// not have. Its seed is fixed, so a failure comes again.
func TestSchemathesis(t *testing.T) {
	if testing.Short() {
		t.Skip("schemathesis: skipped, it takes minutes")
	}
	st := schemathesis(t)
	a := serve(t)
	t.Run("runs", func(t *testing.T) {
		for name, run := range map[string]struct {
			user    string
			filters string
			args    []string
		}{
			"what is wrong is refused, also for who may write": {facility.IngestName, "",
				[]string{"--phases", "examples,coverage,stateful", "--max-examples", "3"}},
			"filters that reach the catalogue never break it": {facility.KarenName, "1",
				[]string{"--phases", "fuzzing", "--mode", "positive", "--max-examples", "10"}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				out, err := st.run(t, a.URL, run.user, run.filters, run.args...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if tested := regexp.MustCompile(`Tested: \d+`).FindString(out); tested == "" || tested == "Tested: 0" {
					t.Errorf("nothing was tested:\n%s", out)
				}
				t.Log(out[max(0, len(out)-800):])
			})
		}
	})
}

// A document that promises what the API does not keep must be found out.
func TestSchemathesisHasTeeth(t *testing.T) {
	if testing.Short() {
		t.Skip("schemathesis: skipped, it takes minutes")
	}
	st := schemathesis(t)
	a := serve(t)
	document, err := os.ReadFile("../internal/rest/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(document), `"const": "ICAT API OK"`, `"const": "something else"`, 1)
	if wrong == string(document) {
		t.Fatal("the document has no answer of /ping to falsify")
	}
	path := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(path, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := st.run(t, a.URL, facility.KarenName, "", "--include-operation-id", "ping", "--phases", "examples,coverage", "--url", a.URL, path)
	if err == nil || !strings.Contains(out, "something else") {
		t.Errorf("a wrong promise goes unnoticed: %v\n%s", err, out)
	}
}

// tool is an installed schemathesis.
type tool struct{ program, hooks string }

// run starts schemathesis on the API. The last of args may be the path of a
// document; without it, it is the API's own.
func (s tool) run(t *testing.T, url, user, filters string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args = append([]string{"--no-color", "--config-file", filepath.Join(s.hooks, "schemathesis.toml"), "run",
		"--seed", "1", "--continue-on-failure", "--request-timeout", "30"}, args...)
	if !strings.HasSuffix(args[len(args)-1], ".json") {
		args = append(args, url+"/openapi.json")
	}
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Dir = t.TempDir() // it leaves its findings behind
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS=fuzz", "PYTHONPATH="+s.hooks, "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1",
		"API_URL="+url, "API_USER="+user, "API_PASSWORD="+facility.Password, "FUZZ_FILTERS="+filters)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// schemathesis installs the pinned version into a cache of its own, once.
func schemathesis(t *testing.T) tool {
	t.Helper()
	const what = "schemathesis"
	python := python(t, what)
	hooks, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	version := regexp.MustCompile(`(?m)^schemathesis==(.*)$`).FindSubmatch(wanted)
	dir := filepath.Join(cache, "plumbline", "schemathesis-"+string(version[1]))
	installed := filepath.Join(dir, "installed.txt")
	if have, err := os.ReadFile(installed); err != nil || string(have) != string(wanted) {
		for _, step := range [][]string{
			{python, "-m", "venv", "--clear", dir},
			{filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			out, err := exec.CommandContext(ctx, step[0], step[1:]...).CombinedOutput()
			cancel()
			if err != nil {
				missing(t, what, strings.Join(step, " ")+": "+err.Error()+"\n"+string(out))
			}
		}
		if err := os.WriteFile(installed, wanted, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return tool{filepath.Join(dir, "bin", "st"), hooks}
}
