// Helm makes the chart from the manifests: what `helm install` brings up is, object
// by object, what `kubectl apply -k` does, and a test holds them together.
//
// An overlay becomes a profile of the chart, and the numbers and names that people
// change become values. To shape anything else is for kustomize: a template of each
// field would be a second language for the same manifests.
//
//	go run .        in this directory, after a change of the manifests
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// chart is the directory that is written.
const chart = "plumbline"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "helm:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("helm", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	made, err := generate("..")
	if err != nil {
		return err
	}
	if err := write(chart, made); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d files\n", chart, len(made))
	return nil
}

// write puts the files there, and takes those away that were made once and are no
// more.
func write(dir string, made map[string][]byte) error {
	old, err := files(dir)
	if err != nil {
		return err
	}
	for name := range old {
		if made[name] == nil {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for name, text := range made {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files are those of the chart that are made, by name.
func files(dir string) (map[string][]byte, error) {
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name == "Chart.yaml" || name == filepath.Join("templates", "NOTES.txt") {
			return nil // written by hand
		}
		all[name], err = os.ReadFile(path)
		return err
	})
	return all, err
}
