package red

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/red/exact"
)

// elasticsearch answers from a world the aggregations that this package asks,
// and refuses others.
type elasticsearch struct{ *world }

func (e elasticsearch) Stored(_ context.Context, stream string) (documents, bytes int64, err error) {
	return 100, map[string]int64{telemetry.StreamAccess: 60_000, telemetry.StreamPrometheus: 20_000}[stream], nil
}

func (e elasticsearch) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	var asked struct {
		Query json.RawMessage
		Aggs  map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	answer := func(total int, aggregations object) ([]byte, error) {
		return json.Marshal(object{"timed_out": false, "_shards": object{"failed": 0}, "hits": object{"total": object{"value": total}}, "aggregations": aggregations})
	}
	if asked.Aggs["addresses"] != nil {
		buckets := []object{{"key": "http://a"}}
		if e.beside != nil {
			buckets = append(buckets, object{"key": "http://b"})
		}
		return answer(1, object{"addresses": object{"sum_other_doc_count": 0, "buckets": buckets}})
	}
	if strings.Contains(string(asked.Query), `"http://b"`) {
		e = elasticsearch{e.beside}
	}
	switch {
	case index == telemetry.StreamLag:
		return nil, &elastic.Error{Op: "search " + index, Status: http.StatusNotFound}
	case asked.Aggs == nil:
		return answer(700, nil)
	case asked.Aggs["routes"] != nil:
		return answer(len(e.requests), e.routes())
	case asked.Aggs["times"] != nil:
		return answer(1, e.times())
	case asked.Aggs["kinds"] != nil:
		return answer(1, e.kinds(asked.Query))
	case asked.Aggs["counts"] != nil:
		return answer(1, e.counts(asked.Query))
	case asked.Aggs["series"] != nil:
		return answer(1, e.series(asked.Query))
	}
	return nil, fmt.Errorf("unknown search %s", body)
}

// group is what Elasticsearch says of some lines, with percentiles as exact as
// it has them of a few values.
func (e elasticsearch) group(key string, some []exact.Request) object {
	var values []object
	d := exact.DurationsOf(some)
	for _, q := range exact.Quantiles() {
		values = append(values, object{"key": 100 * q, "value": float64(d.At(q))})
	}
	return object{"key": key, "doc_count": len(some), "errors": object{"doc_count": exact.Failures(some)}, "durations": object{"values": values}}
}

func (e elasticsearch) routes() object {
	run := exact.Run{Requests: e.requests}
	all := e.group("", e.requests)
	var buckets []object
	for _, route := range run.Routes() {
		buckets = append(buckets, e.group(route, run.Select(route, nil)))
	}
	all["routes"] = object{"sum_other_doc_count": 0, "buckets": buckets}
	return all
}

func (e elasticsearch) times() object {
	buckets := []object{{"key": began.Add(-time.Minute).UnixMilli(), "process": object{"value": nil}, "took": object{"value": 1e6}, "users": object{"doc_count": 0, "requests": object{"value": 0}}}} // did not reach the application
	for _, instant := range e.instants() {
		s := e.at(instant)
		buckets = append(buckets, object{"key": s.At.UnixMilli(), "process": object{"value": float64(s.Process.UnixMilli()) / 1000},
			"took": object{"value": s.Took}, "users": object{"doc_count": len(e.counted(instant)), "requests": object{"value": s.Total}}})
	}
	return object{"times": object{"sum_other_doc_count": 0, "buckets": buckets}}
}

// counts is what the counters held at one scrape.
func (e elasticsearch) counts(query json.RawMessage) object {
	counters, _ := e.Counters(context.Background(), Scrape{At: instantOf(query)})
	buckets := []object{}
	for _, c := range counters {
		buckets = append(buckets, object{"key": object{"route": c.Route, "status": c.Status}, "n": object{"value": c.Held.Count}})
	}
	return object{"counts": object{"buckets": buckets}}
}

// instantOf is the scrape that a query is about.
func instantOf(query json.RawMessage) time.Time {
	var asked struct {
		Bool struct {
			Filter []struct {
				Range map[string]struct{ GTE int64 }
			}
		}
	}
	_ = json.Unmarshal(query, &asked)
	return time.UnixMilli(asked.Bool.Filter[0].Range[telemetry.FieldTimestamp].GTE)
}

func (e elasticsearch) series(query json.RawMessage) object {
	counters, _ := e.Counters(context.Background(), Scrape{At: instantOf(query)})
	buckets := []object{}
	for _, c := range counters {
		atMost := 0.0
		for _, r := range c.Held.Ranges {
			atMost += r.Count
			bound := strconv.FormatFloat(r.Upper, 'g', -1, 64)
			if math.IsInf(r.Upper, 1) {
				bound = "+Inf"
			}
			buckets = append(buckets, object{"key": object{"route": c.Route, "status": c.Status, "bound": bound}, "n": object{"value": atMost}})
		}
	}
	slices.Reverse(buckets)
	return object{"series": object{"buckets": buckets}}
}

// kinds counts lines by route and status, in a range of time, with or without those
// of the run.
func (e elasticsearch) kinds(query json.RawMessage) object {
	var asked struct {
		Bool struct {
			Filter []struct {
				Range map[string]struct{ GTE, LTE int64 }
				Bool  struct {
					MustNot json.RawMessage `json:"must_not"`
				}
			}
		}
	}
	_ = json.Unmarshal(query, &asked)
	lines := slices.Concat(e.requests, e.strangers)
	if e.beside != nil {
		lines = slices.Concat(lines, e.beside.requests, e.beside.strangers)
	}
	if last := asked.Bool.Filter[len(asked.Bool.Filter)-1]; last.Bool.MustNot != nil {
		lines = e.strangers
	}
	span := asked.Bool.Filter[0].Range[telemetry.FieldTimestamp]
	counts := map[arrival.Kind]int{}
	for _, q := range lines {
		if at := q.Ended.UnixMilli(); span.GTE <= at && at <= span.LTE {
			counts[arrival.Kind{Route: q.Route, Status: q.Status}]++
		}
	}
	buckets := []object{}
	for k, n := range counts {
		buckets = append(buckets, object{"key": object{"route": k.Route, "status": k.Status}, "doc_count": n})
	}
	return object{"kinds": object{"buckets": buckets}}
}
