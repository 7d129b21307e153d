package fault

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// EveryRoute as the route of a rule means every route but the operational ones,
// which must be named.
const EveryRoute = "*"

// Bounds of what can be asked for.
const (
	DefaultFor = 5 * time.Minute
	MaxFor     = 24 * time.Hour
	MaxLatency = time.Minute
)

// Rule is one fault: what befalls the requests of a route, and for how long. At
// most one of drop, hang and error befalls a request.
type Rule struct {
	ID      string    `json:"id"`                // 1 to 64 of A-Z a-z 0-9 . _ -
	Route   string    `json:"route"`             // template such as /datasets/{id}, or *
	Latency *Latency  `json:"latency,omitempty"` // before anything else
	Drop    float64   `json:"drop,omitempty"`    // share of requests whose connection is cut
	Hang    float64   `json:"hang,omitempty"`    // share that gets no answer until the client leaves or its time is over
	Error   *Error    `json:"error,omitempty"`
	For     Duration  `json:"for,omitempty"` // 5m when absent, at most 24h
	Until   time.Time `json:"until,omitzero"`
}

// Error is a share of requests that is answered with one of the codes, each as
// likely as the others.
type Error struct {
	Ratio float64     `json:"ratio"`
	Codes []icat.Code `json:"codes"`
}

// Codes returns the codes that a rule may answer with.
func Codes() []icat.Code {
	return []icat.Code{
		icat.Internal, icat.Unavailable, icat.Timeout, icat.BadUpstream, icat.NotImplemented,
		icat.BadParameter, icat.InsufficientPrivileges, icat.BadSession, icat.NoSuchObject, icat.Validation,
	}
}

// code picks by a number in [0,1).
func (e *Error) code(at float64) icat.Code {
	return e.Codes[min(int(at*float64(len(e.Codes))), len(e.Codes)-1)]
}

// Latency is a distribution of delays. Its shape says which of the others it
// takes; no delay exceeds a minute.
type Latency struct {
	Share  float64  `json:"share,omitempty"`  // of the requests that are delayed, the others are not; all when absent
	Shape  string   `json:"shape"`            // constant, uniform, exponential, lognormal
	Value  Duration `json:"value,omitempty"`  // constant
	Min    Duration `json:"min,omitempty"`    // uniform
	Max    Duration `json:"max,omitempty"`    // uniform
	Mean   Duration `json:"mean,omitempty"`   // exponential
	Median Duration `json:"median,omitempty"` // lognormal
	P99    Duration `json:"p99,omitempty"`    // lognormal
}

// z99 is the standard normal distribution's 99th percentile.
const z99 = 2.3263478740408408

// draw turns a number in [0,1) into a delay, by the inverse distribution.
func (l *Latency) draw(u float64) time.Duration {
	var d float64
	switch l.Shape {
	case "constant":
		d = float64(l.Value)
	case "uniform":
		d = float64(l.Min) + u*float64(l.Max-l.Min)
	case "exponential":
		d = -float64(l.Mean) * math.Log1p(-u)
	case "lognormal":
		sigma := math.Log(float64(l.P99)/float64(l.Median)) / z99
		d = float64(l.Median) * math.Exp(sigma*math.Sqrt2*math.Erfinv(2*u-1))
	}
	return time.Duration(min(d, float64(MaxLatency)))
}

// check returns everything that is wrong with the rule, on one line.
func (r *Rule) check() error {
	var bad []string
	refuse := func(when bool, format string, args ...any) {
		if when {
			bad = append(bad, fmt.Sprintf(format, args...))
		}
	}
	refuse(!telemetry.SaneID(r.ID), "id is not 1 to 64 of A-Z a-z 0-9 . _ -")
	refuse(r.Route != EveryRoute && r.Route != telemetry.RouteUnmatched && !strings.HasPrefix(r.Route, "/"), "route is neither a template such as /datasets/{id} nor *")
	refuse(r.For < 0 || time.Duration(r.For) > MaxFor, "for is not from 0s to %s", MaxFor)
	refuse(!r.Until.IsZero(), "until is for answers; say for")
	refuse(!share(r.Drop), "drop is not from 0 to 1")
	refuse(!share(r.Hang), "hang is not from 0 to 1")
	sum := r.Drop + r.Hang
	if r.Error != nil {
		sum += r.Error.Ratio
		refuse(!share(r.Error.Ratio) || r.Error.Ratio == 0, "error.ratio is not above 0 and up to 1")
		refuse(len(r.Error.Codes) == 0, "error.codes is empty")
		refuse(slices.ContainsFunc(r.Error.Codes, func(c icat.Code) bool { return !slices.Contains(Codes(), c) }), "error.codes holds another than %v", Codes())
		refuse(len(r.Error.Codes) > len(Codes()), "error.codes is too long")
	}
	refuse(sum > 1, "drop, hang and error.ratio exceed 1 together")
	if r.Latency != nil {
		if err := r.Latency.check(); err != nil {
			bad = append(bad, "latency: "+err.Error())
		}
	}
	refuse(r.Latency == nil && sum == 0, "nothing is to befall anybody; give latency, drop, hang or error")
	if bad != nil {
		return icat.Errorf(icat.BadParameter, "fault: %s", strings.Join(bad, "; "))
	}
	return nil
}

func share(f float64) bool { return f >= 0 && f <= 1 }

func (l *Latency) check() error {
	if !share(l.Share) {
		return errors.New("share is not from 0 to 1")
	}
	// What the shape takes; all else must be absent.
	var takes []Duration
	all := []Duration{l.Value, l.Min, l.Max, l.Mean, l.Median, l.P99}
	switch l.Shape {
	case "constant":
		takes = []Duration{l.Value}
	case "uniform":
		takes = []Duration{l.Min, l.Max}
	case "exponential":
		takes = []Duration{l.Mean}
	case "lognormal":
		takes = []Duration{l.Median, l.P99}
	default:
		return errors.New("shape is not one of constant, uniform, exponential, lognormal")
	}
	if nonzero(all) > nonzero(takes) {
		return errors.New("constant takes value, uniform min and max, exponential mean, lognormal median and p99")
	}
	for _, d := range takes {
		if d < 0 || time.Duration(d) > MaxLatency {
			return fmt.Errorf("not from 0s to %s", MaxLatency)
		}
	}
	switch {
	case nonzero(takes) == 0:
		return errors.New("no delay is given")
	case l.Max < l.Min:
		return errors.New("max is below min")
	case l.Shape == "lognormal" && (l.Median == 0 || l.P99 < l.Median):
		return errors.New("median is 0 or above p99")
	}
	return nil
}

func nonzero(ds []Duration) (n int) {
	for _, d := range ds {
		if d != 0 {
			n++
		}
	}
	return n
}
