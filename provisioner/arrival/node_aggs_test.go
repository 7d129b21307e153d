package arrival

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
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

func (n *node) composite(docs []doc, how map[string]any) any {
	type key struct{ Route, Method, Status *string }
	text := func(k key) string {
		out, _ := json.Marshal(k)
		return string(out)
	}
	counts, keys := map[string]int{}, map[string]key{}
	for _, d := range docs {
		var found []*string
		for _, source := range how["sources"].([]any) {
			for _, s := range source.(map[string]any) {
				terms := s.(map[string]any)["terms"].(map[string]any)
				if terms["missing_bucket"] != true {
					n.t.Error("composite without missing_bucket leaves documents out")
				}
				v := values(d, terms["field"].(string))
				if len(v) == 0 {
					found = append(found, nil)
				} else {
					found = append(found, &v[0])
				}
			}
		}
		k := key{found[0], found[1], found[2]}
		counts[text(k)]++
		keys[text(k)] = k
	}
	after := ""
	if how["after"] != nil {
		raw, _ := json.Marshal(how["after"].(map[string]any)["place"])
		after = string(raw)
	}
	list, size := []any{}, int(integer(how["size"]))
	last := ""
	for _, at := range slices.SortedFunc(maps.Keys(counts), cmp.Compare) {
		if at <= after && after != "" || len(list) == size {
			continue
		}
		k := keys[at]
		named := map[string]any{"route": k.Route, "method": k.Method, "status": nil}
		if k.Status != nil {
			named["status"] = json.Number(*k.Status)
			if _, err := strconv.Atoi(*k.Status); err != nil {
				named["status"] = nil // malformed: the mapping ignores it
			}
		}
		list = append(list, map[string]any{"key": named, "doc_count": counts[at]})
		last = at
	}
	return map[string]any{"buckets": list, "after_key": map[string]any{"place": last}}
}
