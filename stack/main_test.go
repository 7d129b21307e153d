package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"plumbline/doctor"
)

var update = flag.Bool("update", false, "rewrite the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stack": main})
}

func TestScripts(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("REPOSITORY", here+"/..")
			e.Setenv("HOME", os.Getenv("HOME"))
			return nil
		},
		UpdateScripts: *update,
	})
}

func TestUsageShowsEveryCommandAndExitCode(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), []string{"help"}, &out, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		if !bytes.Contains(out.Bytes(), []byte("\n  "+c.name+" ")) {
			t.Errorf("usage lacks %s", c.name)
		}
	}
}

// Whatever else is wrong here, an absent Docker is good to know and no more.
func TestAnAbsentDockerKeepsNothingFromRunning(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	var out bytes.Buffer
	_ = run(t.Context(), []string{"doctor", "-state", t.TempDir() + "/state", "-port-offset", "20000", "-o", "json"}, &out, nil)
	var findings []doctor.Finding
	if err := json.Unmarshal(out.Bytes(), &findings); err != nil {
		t.Fatalf("%v:\n%s", err, &out)
	}
	last := findings[len(findings)-1]
	if last.Check != "docker: docker" || last.Level != doctor.Info || len(findings) < 5 {
		t.Errorf("%d findings, the last is %+v", len(findings), last)
	}
}
