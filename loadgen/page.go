package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline/cli"
	"plumbline/loadgen/report"
)

// openPage makes sure of the file of -html before the run, so that a long one
// does not end without its page; nil for no path. It leaves the content alone.
func openPage(path, ledger string) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	before, err := os.Stat(path)
	record, missing := os.Stat(ledger)
	if filepath.Clean(path) == filepath.Clean(ledger) || err == nil && missing == nil && os.SameFile(before, record) {
		return nil, cli.BadInput(fmt.Errorf("-html %s: is the ledger", path), "name another file")
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, cli.BadInput(fmt.Errorf("-html: %w", err), "name a file in a directory that exists and is writable")
	}
	return file, nil
}

// writePage replaces what the file holds and closes it; nil for none.
func writePage(file *os.File, r report.Report, p report.Plots) error {
	if file == nil {
		return nil
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		_ = file.Truncate(0) // else the writing fails too
	}
	if err := errors.Join(r.WriteHTML(file, p), file.Close()); err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("-html: %w", err), Next: "free space, then: loadgen ledger stats " + r.Ledger.Path + " -html FILE"}
	}
	return nil
}
