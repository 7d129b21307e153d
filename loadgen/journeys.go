package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/loadgen/journey"
)

const journeysUsage = `loadgen journeys shows what a run asks for, and checks files that define more.

Usage:
  loadgen journeys show           the built-in journeys: weight, share, what they do
  loadgen journeys show NAME      what a visit of this journey sends
  loadgen journeys check FILE     is the file right? shows what its visits send

docs/journeys.md describes the file.

Example:
  loadgen journeys check mine.yaml && loadgen run -journeys mine.yaml -ledger run.ledger
`

// runJourneys is the command loadgen journeys.
func runJourneys(args []string, stdout io.Writer) error {
	const hint = "loadgen journeys -h shows how"
	if len(args) == 0 {
		return cli.BadInput(errors.New("journeys: no command"), hint)
	}
	fs := flag.NewFlagSet("journeys", flag.ContinueOnError)
	if helped, err := parse(fs, args[1:], journeysUsage, stdout); helped || err != nil {
		return err
	}
	switch {
	case args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help":
		_, err := io.WriteString(stdout, journeysUsage)
		return err
	case args[0] == "show" && fs.NArg() == 0:
		return showMix(journey.BuiltIn(), stdout)
	case args[0] == "show" && fs.NArg() == 1:
		chosen, err := journey.Choose(journey.BuiltIn(), fs.Arg(0))
		if err != nil {
			return cli.BadInput(fmt.Errorf("journeys show: %v", err), hint)
		}
		return showVisits(chosen, stdout)
	case args[0] == "check" && fs.NArg() == 1:
		defined, err := readJourneys(fs.Arg(0))
		if err != nil {
			return err
		}
		return showVisits(defined, stdout)
	case args[0] == "check" && fs.NArg() == 0:
		return cli.BadInput(errors.New("journeys check: no file"), "for example: loadgen journeys check mine.yaml")
	case args[0] == "show" || args[0] == "check":
		return cli.BadInput(fmt.Errorf("journeys %s: unexpected argument %q", args[0], fs.Arg(1)), hint)
	}
	return cli.BadInput(fmt.Errorf("journeys: unknown command %q", args[0]), hint)
}

// chooseJourneys returns what a run may choose from: the built-in journeys and
// those of the file, if there is one; of them those named, if any are.
func chooseJourneys(names, file string) ([]journey.Journey, error) {
	all := journey.BuiltIn()
	if file != "" {
		defined, err := readJourneys(file)
		if err != nil {
			return nil, err
		}
		all = append(all, defined...)
	}
	if names == "" {
		return all, nil
	}
	var wanted []string
	for name := range strings.SplitSeq(names, ",") {
		wanted = append(wanted, strings.TrimSpace(name))
	}
	chosen, err := journey.Choose(all, wanted...)
	if err != nil {
		return nil, cli.BadInput(fmt.Errorf("-journey: %v", err), "loadgen journeys show says what they do")
	}
	return chosen, nil
}

func readJourneys(path string) ([]journey.Journey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cli.BadInput(err, "name a file as docs/journeys.md describes it")
	}
	defer f.Close()
	defined, err := journey.Read(path, f)
	if err != nil {
		return nil, cli.BadInput(err, "docs/journeys.md describes the file")
	}
	return defined, nil
}

func showMix(journeys []journey.Journey, stdout io.Writer) error {
	sum := 0
	for _, j := range journeys {
		sum += j.Weight
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "journey\tweight\tof visits\t")
	for _, j := range journeys {
		fmt.Fprintf(w, "%s\t%6d\t%8.1f%%\t%s\n", j.Name, j.Weight, 100*float64(j.Weight)/float64(sum), j.About)
	}
	return w.Flush()
}

// showVisits prints the first visit of each journey to the small facility.
func showVisits(journeys []journey.Journey, stdout io.Writer) error {
	o := journey.Options{Facility: facility.New(1, facility.Small()), Seed: 1, Run: "example", Now: time.Now()}
	for _, j := range journeys {
		fmt.Fprintf(stdout, "%s (weight %d)\n", j.Name, j.Weight)
		for _, together := range journey.Preview(o, j) {
			for i, s := range together {
				mark, expect := "  ", fmt.Sprint(s.Expect)
				if i > 0 {
					mark = "& "
				}
				if s.Expect == 0 {
					expect = "any"
				}
				if _, err := fmt.Fprintf(stdout, "  %s%-6s %s  -> %s\n", mark, s.Method, s.Path, expect); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
