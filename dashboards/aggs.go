package dashboards

import (
	"strconv"

	"plumbline/demo-app/telemetry"
)

// aggLast is the latest document of a group.
const aggLast = "last"

// precision is up to how many different values are told apart exactly.
const precision = 3000

// groupAggs asks for the measures of each group, or of all documents when
// there is no breakdown; in is set within a time bucket.
func (p Panel) groupAggs(s Scope, in bool) object {
	measures := p.measureAggs(in)
	if p.By.none() {
		return measures
	}
	groups := object{"meta": scopeMeta(s)}
	if p.By.Field != "" {
		groups["terms"] = object{"field": p.By.Field, "size": p.By.Size}
	} else {
		named := object{}
		for _, g := range p.By.Groups {
			named[g.Key] = g.Where.query()
		}
		groups["filters"] = object{"filters": named}
	}
	if len(measures) > 0 {
		groups["aggs"] = measures
	}
	return object{aggGroups: groups}
}

// measureAggs asks for what the measures need besides the document count.
// Percentiles of one field share a digest. Counters are looked at in time
// buckets only.
func (p Panel) measureAggs(in bool) object {
	aggs := object{}
	for i, m := range p.Measures {
		switch m.Op {
		case OpRatio, OpBurn, OpLeft:
			aggs[measureAgg(i)] = object{"filter": m.Where.query()}
		case OpMax:
			aggs[measureAgg(i)] = object{"max": object{"field": m.Field}}
		case OpMean:
			aggs[measureAgg(i)] = object{"avg": object{"field": m.Field}}
		case OpSum:
			aggs[measureAgg(i)] = object{"sum": object{"field": m.Field}}
		case OpUnique:
			aggs[measureAgg(i)] = object{"cardinality": object{"field": m.Field, "precision_threshold": precision}}
		case OpLast:
			aggs[measureAgg(i)] = object{
				"filter": object{"exists": object{"field": m.Field}},
				"aggs": object{aggLast: object{"top_hits": object{
					"size": 1, "_source": false, "fields": []string{m.Field},
					"sort": []object{{telemetry.FieldTimestamp: object{"order": "desc"}}},
				}}},
			}
		case OpIncrease, OpSpeed:
			if in {
				aggs[measureAgg(i)] = object{
					"terms": object{"field": m.Per, "size": maxCounters},
					"aggs":  object{aggLow: object{"min": object{"field": m.Field}}, aggHigh: object{"max": object{"field": m.Field}}},
				}
			}
		case OpPercentile:
			if p.digest(i) != i {
				continue
			}
			var percents []float64
			for j, other := range p.Measures {
				if other.Op == OpPercentile && p.digest(j) == i {
					percents = append(percents, percent(other.Quantile))
				}
			}
			aggs[measureAgg(i)] = object{"percentiles": object{
				"field": m.Field, "percents": percents, "keyed": false,
				"tdigest": object{"compression": compression},
			}}
		}
	}
	return aggs
}

// measureAgg names the aggregation of the i-th measure.
func measureAgg(i int) string { return "measure_" + strconv.Itoa(i) }

// digest is the index of the first percentile measure on the same field: the
// one whose aggregation holds the i-th measure's value.
func (p Panel) digest(i int) int {
	for j, m := range p.Measures {
		if m.Op == OpPercentile && m.Field == p.Measures[i].Field {
			return j
		}
	}
	return i
}

// percent turns 0.999 into 99.9, without the noise of binary fractions.
func percent(q float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(q*100, 'g', 12, 64), 64)
	return v
}
