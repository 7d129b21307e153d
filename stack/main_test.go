package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
