package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Threshold is a condition under which a run counts as failed.
type Threshold struct {
	metric  string
	service bool // the latency from the sending
	over    string
	limit   float64 // nanoseconds, percent, per second or a count
	percent bool
	text    string
}

// Verdict says whether a condition came true in a run.
type Verdict struct {
	Condition string `json:"condition"` // as it was given
	Value     string `json:"value"`     // what it was compared with
	Failed    bool   `json:"failed"`    // it came true, or there was nothing to measure
}

func (v Verdict) word() string {
	if v.Failed {
		return "FAILS"
	}
	return "holds"
}

var condition = regexp.MustCompile(`^\s*(service\.)?([a-z0-9.]+)\s*(>=|<=|>|<)\s*([0-9][0-9a-zµ.]*)(%|/s)?\s*$`)

// ParseThreshold reads a condition: a metric, one of > >= < <= and a limit.
//
//	p50 p90 p95 p99 p99.9 max mean    latency from the schedule: p99>250ms
//	service.p99 and so on             from the sending
//	errors unexpected dropped         how many, or of all arrivals: errors>1%
//	rate                              sent per second: rate<199.5
//
// Errors are the unexpected answers and the requests without an answer.
func ParseThreshold(text string) (Threshold, error) {
	parts := condition.FindStringSubmatch(text)
	if parts == nil {
		return Threshold{}, fmt.Errorf("%q: is not a metric, one of > >= < <= and a limit", text)
	}
	t := Threshold{service: parts[1] != "", metric: parts[2], over: parts[3], percent: parts[5] == "%", text: strings.TrimSpace(text)}
	limit, unit := parts[4], parts[5]
	var err error
	switch t.metric {
	case "p50", "p90", "p95", "p99", "p99.9", "max", "mean":
		d, wrong := time.ParseDuration(limit)
		if wrong != nil || unit != "" {
			return Threshold{}, fmt.Errorf("%q: %s%s is not a duration such as 250ms", text, limit, unit)
		}
		t.limit = float64(d)
		return t, nil
	case "errors", "unexpected", "dropped":
		t.limit, err = strconv.ParseFloat(limit, 64)
		if err != nil || strings.Trim(limit, "0123456789.") != "" || unit == "/s" || !t.percent && strings.Contains(limit, ".") || t.percent && t.limit > 100 {
			return Threshold{}, fmt.Errorf("%q: %s%s is neither a count such as 10 nor a share such as 1%%", text, limit, unit)
		}
	case "rate":
		t.limit, err = strconv.ParseFloat(limit, 64)
		if err != nil || strings.Trim(limit, "0123456789.") != "" || t.percent {
			return Threshold{}, fmt.Errorf("%q: %s%s is not a number per second such as 199.5", text, limit, unit)
		}
	default:
		return Threshold{}, fmt.Errorf("%q: unknown metric %s", text, t.metric)
	}
	if t.service {
		return Threshold{}, fmt.Errorf("%q: service. is for latencies alone", text)
	}
	return t, nil
}

func (t Threshold) String() string { return t.text }

// Judge adds a verdict on each threshold to r, and reports whether none failed.
func (r *Report) Judge(thresholds []Threshold) (hold bool) {
	hold = true
	for _, t := range thresholds {
		v := t.judge(*r)
		r.Thresholds = append(r.Thresholds, v)
		hold = hold && !v.Failed
	}
	return hold
}

func (t Threshold) judge(r Report) Verdict {
	value, shown, measured := t.value(r)
	if !measured {
		return Verdict{t.text, "nothing measured", true}
	}
	came := value > t.limit
	switch t.over {
	case ">=":
		came = value >= t.limit
	case "<":
		came = value < t.limit
	case "<=":
		came = value <= t.limit
	}
	return Verdict{t.text, shown, came}
}

// value is what the limit is compared with, and the same for a reader.
func (t Threshold) value(r Report) (value float64, shown string, measured bool) {
	arrivals := r.Sent + r.Outcomes["dropped"]
	switch t.metric {
	case "rate":
		return r.RateAchieved, fmt.Sprintf("%.2f/s", r.RateAchieved), r.Sent > 0
	case "errors":
		return t.count(r.Unexpected+r.Sent-r.Outcomes["answered"], arrivals)
	case "unexpected":
		return t.count(r.Unexpected, arrivals)
	case "dropped":
		return t.count(r.Outcomes["dropped"], arrivals)
	}
	p := r.Latency
	if t.service {
		p = r.Service
	}
	d := map[string]time.Duration{"p50": p.P50, "p90": p.P90, "p95": p.P95, "p99": p.P99, "p99.9": p.P999, "max": p.Max, "mean": p.Mean}[t.metric]
	return float64(d), short(d), p.Count > 0
}

func (t Threshold) count(n, of uint64) (float64, string, bool) {
	if !t.percent {
		return float64(n), comma(n), of > 0
	}
	share := 100 * float64(n) / float64(max(of, 1))
	return share, fmt.Sprintf("%.3g%% (%s of %s)", share, comma(n), comma(of)), of > 0
}
