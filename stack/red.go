package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plumbline/cli"
	"plumbline/stack/native"
)

// redBenchmark starts the stack, sends each workload, and has every source of
// RED metrics held against what happened.
func redBenchmark(ctx context.Context, c call) error {
	began := time.Now()
	s, err := native.Start(ctx, c.options)
	if err != nil {
		return explain(ctx, err, "nothing was measured")
	}
	code, err := redAll(s.Context(), c, s)
	err = explain(ctx, errors.Join(err, stopAll(s)), "not every workload was measured")
	if c.options.Verbose {
		spent(c.stderr, s, time.Since(began))
	}
	if err == nil && code != 0 {
		err = &cli.Failure{Code: code} // the tables have said it
	}
	return err
}

// redAll returns the worst exit code of all workloads: a promise that is broken
// is worse than one that could not be measured.
func redAll(ctx context.Context, c call, s *native.Stack) (int, error) {
	if err := s.Warm(ctx, c.load.Rate); err != nil {
		return 0, err
	}
	worst := 0
	for _, w := range c.workloads {
		w = w.With(c.load.Rate, c.load.Duration)
		fmt.Fprintf(c.stdout, "\n%s: %s\n", w.Name, w.About)
		code, err := s.RED(ctx, w, c.stdout)
		if err != nil {
			return 0, err
		}
		if code == cli.False || worst == 0 {
			worst = code
		}
	}
	fmt.Fprintln(c.stdout, "\nWhat the counters cost in Prometheus, whatever is asked:")
	if err := s.Series(ctx, c.stdout); err != nil {
		return 0, err
	}
	fmt.Fprintf(c.stdout, "\nThe reports are in %s, each as .txt, .json and .html.\n", s.Reports())
	return worst, nil
}
