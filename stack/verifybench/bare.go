package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-faster/jx"
	"golang.org/x/sync/errgroup"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
	"plumbline/stack/native"
)

// bare reads the number of every document page by page, and compares nothing: what
// a program usually does that looks at each document. It is what the full audit's time
// is held against, since the machine of today is not that of yesterday.
func (r benchRun) bare(ctx context.Context, stack *native.Stack) (time.Duration, error) {
	const slices, page, keepAlive = 2, 10_000, time.Minute
	reader, err := elastic.New(elastic.Config{URL: stack.Elasticsearch, CAFile: stack.CAFile, KeyFile: stack.KeyFile("reader")})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	view, err := reader.OpenPIT(ctx, telemetry.StreamAccess, keepAlive)
	if err != nil {
		return 0, err
	}
	seen := make([]bool, r.n+1)
	var mu sync.Mutex
	group, within := errgroup.WithContext(ctx)
	for id := range slices {
		group.Go(func() error {
			var answer []byte
			body := map[string]any{
				"size": page, "track_total_hits": false, "_source": false, "stored_fields": "_none_", "sort": []string{"_shard_doc"},
				"docvalue_fields": []string{telemetry.FieldRunSeq}, "query": map[string]any{"term": map[string]any{telemetry.FieldRunID: r.id}},
				"slice": map[string]int{"id": id, "max": slices}, "pit": map[string]any{"id": view, "keep_alive": "1m"},
			}
			for {
				text, err := json.Marshal(body)
				if err != nil {
					return err
				}
				if answer, err = reader.SearchPIT(within, text, answer); err != nil {
					return err
				}
				mu.Lock()
				hits, last, err := mark(answer, seen)
				mu.Unlock()
				if err != nil || hits < page {
					return err
				}
				body["search_after"] = last
			}
		})
	}
	err = group.Wait()
	took := time.Since(began)
	if err := reader.ClosePIT(ctx, view); err != nil {
		return 0, err
	}
	missing := uint64(0)
	for _, found := range seen[1:] {
		if !found {
			missing++
		}
	}
	if err == nil && missing != 1 {
		err = fmt.Errorf("%s: %d numbers were not read, want the one that is lost", r.id, missing)
	}
	return took, err
}

// mark marks the numbers of an answer's hits, and returns how many hits it has and
// the sort values of the last.
func mark(answer []byte, seen []bool) (hits int, last json.RawMessage, err error) {
	within := func(name string, then func(*jx.Decoder) error) func(*jx.Decoder, []byte) error {
		return func(d *jx.Decoder, key []byte) error {
			if string(key) != name {
				return d.Skip()
			}
			return then(d)
		}
	}
	number := func(d *jx.Decoder) error {
		seq, err := d.UInt64()
		if err == nil && seq < uint64(len(seen)) {
			seen[seq] = true
		}
		return err
	}
	hit := func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "fields":
			return d.ObjBytes(within(telemetry.FieldRunSeq, func(d *jx.Decoder) error { return d.Arr(number) }))
		case "sort":
			raw, err := d.Raw()
			last = json.RawMessage(raw)
			return err
		}
		return d.Skip()
	}
	err = jx.DecodeBytes(answer).ObjBytes(within("hits", func(d *jx.Decoder) error {
		return d.ObjBytes(within("hits", func(d *jx.Decoder) error {
			return d.Arr(func(d *jx.Decoder) error {
				hits++
				return d.ObjBytes(hit)
			})
		}))
	}))
	return hits, last, err
}
