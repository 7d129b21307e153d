package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"

	"plumbline/stack/size"
)

// plan computes what a rate of events asks for. It looks at nothing here.
func plan(_ context.Context, c call) error {
	figures := size.Usual()
	answer := size.Answer(c.question, figures)
	if c.json {
		return printJSON(c.stdout, map[string]any{"question": c.question, "plan": answer, "figures": figures.List()})
	}
	t := newTable(c.stdout)
	t.SuppressTrailingSpaces()
	for _, l := range answer.Lines(c.question, figures) {
		t.AppendRow(table.Row{l.What, l.Value, l.How})
	}
	t.Render()
	fmt.Fprintln(c.stdout, "\nThis rests on:")
	t = newTable(c.stdout)
	t.SuppressTrailingSpaces()
	for _, f := range figures.List() {
		t.AppendRow(table.Row{f.Name, f.Text(), string(f.Kind), f.Source})
	}
	t.Render()
	return nil
}

// question is what the flags of size ask.
type question struct {
	size.Question
	retention, hot size.Days
	memory         string
}

func (q *question) define(flags *flag.FlagSet) {
	q.retention = size.Days(30 * 24 * time.Hour)
	flags.Float64Var(&q.Rate, "rate", 0, "")
	flags.Float64Var(&q.Peak, "peak", 2, "")
	flags.Float64Var(&q.Bytes, "bytes", size.Usual().EventBytes.Value, "")
	flags.Var(&q.retention, "retention", "")
	flags.Var(&q.hot, "hot", "")
	flags.IntVar(&q.Replicas, "replicas", 1, "")
	flags.StringVar(&q.memory, "memory", "64GiB", "")
	flags.IntVar(&q.Cores, "cores", 16, "")
}

// read checks them, all hot where nothing else is said.
func (q *question) read() (size.Question, error) {
	asked := q.Question
	asked.Retention, asked.Hot = time.Duration(q.retention), time.Duration(q.hot)
	if asked.Hot == 0 {
		asked.Hot = asked.Retention
	}
	bytes, err := humanize.ParseBytes(q.memory)
	if err != nil || bytes > 1<<62 {
		return asked, fmt.Errorf("memory %s: want a size, as 64GiB", q.memory)
	}
	asked.Memory = int64(bytes)
	return asked, asked.Validate()
}
