package red

import (
	"context"
	"fmt"
	"slices"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/red/exact"
)

// Cost is what it takes to know about a request from a source.
type Cost struct {
	Stored  *Stored  `json:"stored,omitempty"`
	CPU     []CPU    `json:"cpu,omitempty"`
	Visible *Visible `json:"visible,omitempty"`
}

// Stored is what a run takes on the disk.
type Stored struct {
	Bytes      float64 `json:"bytes"`
	PerRequest float64 `json:"per_request"`
	Of         string  `json:"of"` // what was counted, and how
}

// CPU is the processor time of a part during the run.
type CPU struct {
	Part       string        `json:"part"`
	Spent      time.Duration `json:"spent_ns"`
	PerRequest time.Duration `json:"per_request_ns"`
	Shared     bool          `json:"shared,omitempty"` // it does other things, too
}

// Visible is how long after its end a request is in the answers.
type Visible struct {
	P50  time.Duration `json:"p50_ns,omitempty"` // 0 if only the longest is known
	Max  time.Duration `json:"max_ns"`
	Note string        `json:"note"` // how that is known, and what is not in it
}

// stored is the disk space of so many documents of a stream, by its mean.
func stored(ctx context.Context, s Searcher, stream string, documents int64, run *exact.Run) (*Stored, error) {
	n, bytes, err := s.Stored(ctx, stream)
	if err != nil || n == 0 {
		return nil, err
	}
	mean := float64(bytes) / float64(n)
	return &Stored{
		Bytes: mean * float64(documents), PerRequest: mean * float64(documents) / float64(len(run.Requests)),
		Of: fmt.Sprintf("%s documents of %.0f bytes, the mean of %s before Elasticsearch has merged them", comma(float64(documents)), mean, stream),
	}, nil
}

// visible is how long requests waited for the scrape after them.
func (c *Coverage) visible(requests []exact.Request, note string) *Visible {
	var waits []time.Duration
	i := 0
	for _, q := range requests {
		for i < len(c.Scrapes) && !c.Scrapes[i].begun.After(q.Ended) {
			i++
		}
		if i < len(c.Scrapes) {
			waits = append(waits, c.Scrapes[i].over().Sub(q.Ended))
		}
	}
	if len(waits) == 0 {
		return nil
	}
	slices.Sort(waits)
	return &Visible{P50: waits[len(waits)/2], Max: waits[len(waits)-1], Note: note}
}

// lag is what a watch of the run has written about how long lines took to become
// searchable; nil if there was none.
func lag(ctx context.Context, s Searcher, run *exact.Run) (*Visible, error) {
	var answer struct {
		Max struct{ Value *float64 }
	}
	_, err := ask(ctx, s, telemetry.StreamLag, term(telemetry.FieldRunID, run.ID),
		object{"max": object{"max": object{"field": telemetry.FieldLagMax}}}, &answer)
	if err != nil || answer.Max.Value == nil {
		return nil, err
	}
	return &Visible{Max: time.Duration(*answer.Max.Value), Note: "seen live by provisioner verify -follow"}, nil
}

// spent picks the processor time of the parts that a source lives on: first
// those that do nothing else.
func spent(source Source, all map[string]time.Duration, requests int) []CPU {
	own, shared := source.Parts()
	var list []CPU
	for i, name := range append(slices.Clone(own), shared...) {
		if d, known := all[name]; known && requests > 0 {
			list = append(list, CPU{Part: name, Spent: d, PerRequest: d / time.Duration(requests), Shared: i >= len(own)})
		}
	}
	return list
}
