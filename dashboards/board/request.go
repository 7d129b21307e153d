package board

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

const (
	defaultRange = 15 * time.Minute
	longestRange = 366 * 24 * time.Hour
	longestValue = 1024 // bytes: what a keyword field keeps
)

// scope reads from, to, run and the fields that the dashboard can be narrowed by
// of a request. A time is RFC 3339, milliseconds since 1970, "now", or "now-15m";
// without any, it is the last 15 minutes. A range that ends now is aligned to whole
// time buckets.
func (s *server) scope(r *http.Request, d dashboards.Dashboard) (dashboards.Scope, error) {
	now := s.Now()
	query := r.URL.Query()
	live := false
	scope := dashboards.Scope{From: now.Add(-defaultRange), To: now, RunID: query.Get("run"), Only: map[string]string{}}
	for _, field := range d.Narrow {
		v := query.Get(field)
		if len(v) > longestValue || strings.ContainsFunc(v, unicode.IsControl) {
			return scope, fmt.Errorf("%s is not a value of that field: want up to %d printable characters", field, longestValue)
		}
		if v != "" {
			scope.Only[field] = v
		}
	}
	if scope.RunID != "" && !telemetry.SaneID(scope.RunID) {
		return scope, fmt.Errorf("run %q is not a run id: want up to 64 letters, digits, dots, dashes and underscores", scope.RunID)
	}
	var err error
	if v := query.Get("from"); v != "" {
		if scope.From, _, err = readTime(v, now); err != nil {
			return scope, fmt.Errorf("from: %w", err)
		}
	}
	if v := query.Get("to"); v != "" {
		if scope.To, live, err = readTime(v, now); err != nil {
			return scope, fmt.Errorf("to: %w", err)
		}
	} else {
		live = true
	}
	switch span := scope.To.Sub(scope.From); {
	case span <= 0:
		return scope, fmt.Errorf("from %s is not before to %s", scope.From.UTC().Format(time.RFC3339), scope.To.UTC().Format(time.RFC3339))
	case span > longestRange:
		return scope, fmt.Errorf("the range is %s long; a year is the longest", span)
	case span < time.Second:
		return scope, fmt.Errorf("the range is %s long; a second is the shortest", span)
	}
	if live {
		// A bucket is drawn when its time is over; the oldest one makes room.
		step := scope.Step()
		scope = scope.Aligned()
		if !scope.From.Before(scope.To) {
			scope.From = scope.To.Add(-step)
		}
	}
	return scope, nil
}

func readTime(v string, now time.Time) (t time.Time, relative bool, err error) {
	if ago, ok := strings.CutPrefix(v, "now"); ok {
		if ago == "" {
			return now, true, nil
		}
		d, err := time.ParseDuration(strings.TrimPrefix(ago, "-"))
		if err != nil || !strings.HasPrefix(ago, "-") || d < 0 {
			return now, false, fmt.Errorf("%q is not a time before now: want for example now-15m", v)
		}
		return now.Add(-d), true, nil
	}
	if ms, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), false, nil
	}
	t, err = time.Parse(time.RFC3339, v)
	if err != nil {
		return t, false, fmt.Errorf("%q is not a time: want RFC 3339, milliseconds since 1970, now, or now-15m", v)
	}
	return t, false, nil
}
