package arrival

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"plumbline/demo-app/telemetry"
)

// aggregate knows histogram with extended_stats below it, composite of terms,
// value_count and filter.
// Sums are doubles, as Elasticsearch has them.
func (n *node) aggregate(docs []doc, aggs map[string]map[string]any) map[string]any {
	out := map[string]any{}
	for name, agg := range aggs {
		switch {
		case agg["histogram"] != nil:
			out[name] = n.histogram(docs, agg)
		case agg["composite"] != nil:
			out[name] = n.composite(docs, agg["composite"].(map[string]any))
		case agg["value_count"] != nil:
			count := 0
			for _, d := range docs {
				count += len(values(d, agg["value_count"].(map[string]any)["field"].(string)))
			}
			out[name] = map[string]any{"value": count}
		case agg["filter"] != nil:
			count := 0
			for _, d := range docs {
				if n.matches(d, agg["filter"].(map[string]any)) {
					count++
				}
			}
			out[name] = map[string]any{"doc_count": count}
		default:
			n.t.Errorf("aggregation of unknown kind: %v", agg)
		}
	}
	return out
}

func integer(v any) int64 {
	x, _ := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	return x
}

func (n *node) histogram(docs []doc, agg map[string]any) any {
	how := agg["histogram"].(map[string]any)
	interval, offset := integer(how["interval"]), integer(how["offset"])
	bounds := how["hard_bounds"].(map[string]any)
	type bucket struct {
		n            int
		sum, squares float64
	}
	buckets := map[int64]*bucket{}
	for _, d := range docs {
		numbers := values(d, how["field"].(string))
		keys := map[int64]bool{}
		for _, v := range numbers {
			// As Elasticsearch does: the bounds are held against the key without its offset.
			key := (integer(v) - offset) / interval * interval
			if key >= integer(bounds["min"]) && key <= integer(bounds["max"]) {
				keys[key+offset] = true
			}
		}
		for key := range keys {
			if buckets[key] == nil {
				buckets[key] = &bucket{}
			}
			b := buckets[key]
			b.n++
			for _, v := range numbers { // of both, whatever bucket
				x := float64(integer(v))
				b.sum += x
				b.squares += x * x
			}
		}
	}
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(buckets)) {
		b := buckets[key]
		list = append(list, map[string]any{"key": float64(key), "doc_count": b.n, "of": map[string]any{"sum": b.sum, "sum_of_squares": b.squares}})
	}
	return map[string]any{"buckets": list}
}

// composite makes a bucket of each combination of values, in the order of their JSON. A
// number that is none the mapping ignores.
func (n *node) composite(docs []doc, how map[string]any) any {
	counts := map[string]int{}
	for _, d := range docs {
		key := map[string]any{}
		for _, source := range how["sources"].([]any) {
			for name, s := range source.(map[string]any) {
				terms := s.(map[string]any)["terms"].(map[string]any)
				if terms["missing_bucket"] != true {
					n.t.Error("composite without missing_bucket leaves documents out")
				}
				field := terms["field"].(string)
				key[name] = nil
				if v := values(d, field); len(v) > 0 && field != telemetry.FieldStatus {
					key[name] = v[0]
				} else if len(v) > 0 && isInteger(v[0]) {
					key[name] = json.Number(v[0])
				}
			}
		}
		text, _ := json.Marshal(key)
		counts[string(text)]++
	}
	after, size := "", int(integer(how["size"]))
	if how["after"] != nil {
		text, _ := json.Marshal(how["after"])
		after = string(text)
	}
	list, last := []any{}, json.RawMessage("null")
	for _, at := range slices.Sorted(maps.Keys(counts)) {
		if at > after && len(list) < size {
			last = json.RawMessage(at)
			list = append(list, map[string]any{"key": last, "doc_count": counts[at]})
		}
	}
	return map[string]any{"buckets": list, "after_key": last}
}
