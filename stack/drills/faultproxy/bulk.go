package faultproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is how bulk requests are answered in place of Elasticsearch.
type Fault int

const (
	None            Fault = iota
	TooManyRequests       // 429: its memory for indexing is used up
	Unavailable           // 503: it has not recovered its state
	SomeItems             // 429 for every third item; the others go on
)

// refusal is what Elasticsearch 8.19 answers. Reasons are of the same form, with
// numbers of our own.
type refusal struct {
	status       int
	kind, reason string
}

const rejected = "es_rejected_execution_exception"

func (f Fault) refusal() refusal {
	switch f {
	case TooManyRequests:
		return refusal{http.StatusTooManyRequests, rejected, "rejected execution of coordinating operation [coordinating_and_primary_bytes=53687091, replica_bytes=0, " +
			"all_bytes=53687091, coordinating_operation_bytes=1048576, max_coordinating_and_primary_bytes=53687091]"}
	case SomeItems:
		return refusal{http.StatusTooManyRequests, rejected, "rejected execution of primary operation [coordinating_and_primary_bytes=53687091, replica_bytes=0, " +
			"all_bytes=53687091, primary_operation_bytes=1024, max_coordinating_and_primary_bytes=53687091]"}
	case Unavailable:
		return refusal{http.StatusServiceUnavailable, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"}
	}
	return refusal{}
}

// serve passes on or refuses one request.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/_bulk") {
		p.pass.ServeHTTP(w, r)
		return
	}
	began := time.Now()
	body, err := io.ReadAll(r.Body)
	fault := p.arrived(time.Since(began), err)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch fault {
	case TooManyRequests, Unavailable:
		p.count(func(c *Counts) { c.Refused++ })
		refusal := fault.refusal()
		cause := map[string]any{"type": refusal.kind, "reason": refusal.reason}
		reply(w, refusal.status, map[string]any{
			"error":  map[string]any{"root_cause": []any{cause}, "type": refusal.kind, "reason": refusal.reason},
			"status": refusal.status,
		})
	case SomeItems:
		kept, sifted := p.sift(body)
		if len(kept) == 0 {
			reply(w, http.StatusOK, map[string]any{"took": 0, "errors": true, "items": slices.Collect(sifted.values())})
			return
		}
		p.forward(w, r.WithContext(context.WithValue(r.Context(), siftedKey{}, sifted)), kept)
	default:
		p.forward(w, r, body)
	}
}

// arrived counts a bulk request and says what is to become of it.
func (p *Proxy) arrived(took time.Duration, err error) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Bulks++
	if err != nil {
		p.counts.Torn++
	}
	if took > SlowAfter {
		p.counts.Slow++
	}
	return p.fault
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	p.pass.ServeHTTP(w, r)
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the shipper has gone: it will come again
}

// sifted are the items of a request that were refused, by position.
type sifted map[int]json.RawMessage

type siftedKey struct{}

// values yields them in order.
func (s sifted) values() func(yield func(json.RawMessage) bool) {
	return func(yield func(json.RawMessage) bool) {
		for i := range len(s) {
			if !yield(s[i]) {
				return
			}
		}
	}
}

// sift takes every third item out of a bulk request: an action, and its source
// on the next line.
func (p *Proxy) sift(body []byte) (kept []byte, out sifted) {
	out = sifted{}
	lines := bytes.SplitAfter(body, []byte("\n"))
	for i := 0; 2*i+1 < len(lines); i++ {
		action, source := lines[2*i], lines[2*i+1]
		if item := p.choose(action); item != nil {
			out[i] = item
			continue
		}
		kept = append(append(kept, action...), source...)
	}
	return kept, out
}

// choose returns the refusal of an item, nil if it may go on.
func (p *Proxy) choose(action []byte) json.RawMessage {
	var operation map[string]map[string]any
	if err := json.Unmarshal(action, &operation); err != nil {
		return nil // Elasticsearch shall say what it thinks of it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.items++; p.items%3 != 0 {
		return nil
	}
	p.counts.Sifted++
	refusal := SomeItems.refusal()
	for _, meta := range operation {
		meta["status"] = refusal.status
		meta["error"] = map[string]any{"type": refusal.kind, "reason": refusal.reason}
	}
	item, err := json.Marshal(operation)
	if err != nil {
		return nil
	}
	return item
}

// answered counts what Elasticsearch said of each item, and puts those back that
// it never saw.
func (p *Proxy) answered(res *http.Response) error {
	if !strings.HasSuffix(res.Request.URL.Path, "/_bulk") || res.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return fmt.Errorf("read the answer to a bulk request: %w", err)
	}
	var answer struct {
		Took   int64             `json:"took"`
		Errors bool              `json:"errors"`
		Items  []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &answer); err == nil {
		p.tally(answer.Items)
	}
	if refused, _ := res.Request.Context().Value(siftedKey{}).(sifted); len(refused) > 0 {
		answer.Errors = true
		for i := 0; i < len(answer.Items)+1; i++ {
			if item, ok := refused[i]; ok {
				answer.Items = slices.Insert(answer.Items, i, item)
			}
		}
		if text, err = json.Marshal(answer); err != nil {
			return fmt.Errorf("answer a bulk request: %w", err)
		}
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	res.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

func (p *Proxy) tally(items []json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, item := range items {
		var operation map[string]struct{ Status int }
		if json.Unmarshal(item, &operation) != nil {
			continue
		}
		for _, o := range operation {
			p.counts.Items[o.Status]++
		}
	}
}
