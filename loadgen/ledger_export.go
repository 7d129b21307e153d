package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/ledger/export"
)

// runExport is the command loadgen ledger export.
func runExport(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	format := flags.String("format", "", "")
	path := flags.String("out", standardOutput, "")
	files, err := parseFiles(flags, "export", 1, args, stdout)
	if files == nil || err != nil {
		return err
	}
	if !slices.Contains([]string{export.JSONL, export.CSV, export.Parquet}, *format) {
		return cli.BadInput(fmt.Errorf("-format %q: unknown format", *format), "use -format jsonl, csv or parquet")
	}
	if is, _ := terminal(stdout); is && *path == standardOutput && *format == export.Parquet {
		return cli.BadInput(errors.New("parquet is not for a terminal"), "name a file: -out run.parquet")
	}
	r, err := ledger.Open(files[0])
	if err != nil {
		return unreadable(err)
	}
	defer r.Close()
	if *path == standardOutput {
		return copyRows(ctx, r, *format, stdout)
	}
	return exportFile(ctx, r, *format, *path)
}

// exportFile leaves no file behind that looks whole and is not.
func exportFile(ctx context.Context, r *ledger.Reader, format, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return cli.BadInput(fmt.Errorf("-out %s: file exists", path), "name another file, or remove this one")
	} else if err != nil {
		return cli.BadInput(fmt.Errorf("-out: %w", err), "name a new file in a directory that exists and is writable")
	}
	err = copyRows(ctx, r, format, file)
	if closing := file.Close(); err == nil {
		err = closing
	}
	failure, ok := errors.AsType[*cli.Failure](err)
	if err != nil && (!ok || failure.Code == cli.Undone) {
		os.Remove(path)
	}
	return err
}

// copyRows writes all attempts that can be read, also of a ledger that was cut.
func copyRows(ctx context.Context, r *ledger.Reader, format string, to io.Writer) error {
	out, err := export.New(format, to)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		a, err := r.Next()
		if err != nil {
			if closing := out.Close(); closing != nil || err == io.EOF {
				return closing
			}
			return unreadable(err)
		}
		if err := out.Write(export.NewRow(r.Header, a)); err != nil {
			return err
		}
	}
	return &cli.Failure{Code: cli.Undone, Err: errors.New("export stopped by a signal")}
}
