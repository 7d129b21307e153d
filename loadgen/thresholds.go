package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"plumbline/cli"
	"plumbline/loadgen/report"
)

// conditions collects the values of a flag that may be given several times.
type conditions []string

func (c *conditions) String() string { return strings.Join(*c, ", ") }

func (c *conditions) Set(text string) error {
	*c = append(*c, text)
	return nil
}

// parse reads all of them and tells of every bad one.
func (c conditions) parse() ([]report.Threshold, error) {
	var thresholds []report.Threshold
	var wrong []error
	for _, text := range c {
		t, err := report.ParseThreshold(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("-fail-if %w", err))
		}
		thresholds = append(thresholds, t)
	}
	if wrong != nil {
		return nil, cli.BadInput(errors.Join(wrong...), "for example: -fail-if 'p99>250ms' -fail-if 'errors>1%' -fail-if 'rate<199'")
	}
	return thresholds, nil
}

// checkGet refuses what has no meaning when a single path is asked for.
func checkGet(fs *flag.FlagSet, path string) (err error) {
	if path == "" {
		return nil
	}
	fs.Visit(func(f *flag.Flag) {
		if f.Name == "journey" || f.Name == "journeys" || f.Name == "think" {
			err = cli.BadInput(fmt.Errorf("-%s has no meaning with -get, which asks for one path in place of the journeys", f.Name), "leave one of the two out")
		}
	})
	return err
}

// failures are the conditions of -fail-if that came true, a line each.
func failures(verdicts []report.Verdict) []error {
	var lines []error
	for _, v := range verdicts {
		if v.Failed {
			lines = append(lines, fmt.Errorf("fails if %s: it was %s", v.Condition, v.Value))
		}
	}
	return lines
}
