package size

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Line is a number of a Plan in words.
type Line struct{ What, Value, How string }

// Lines tell a Plan with the arithmetic behind each number.
func (p Plan) Lines(q Question, f Figures) []Line {
	peak := perSecond(q.Rate * q.Peak)
	lines := []Line{
		{"events", number(p.EventsPerDay) + " a day", fmt.Sprintf("%s × 86,400 s", perSecond(q.Rate))},
		{"on disk", bytes(p.BytesPerDay) + " a day", fmt.Sprintf("× %s an event × %s", bytes(q.Bytes), copies(q))},
		{"primary shards", strconv.Itoa(p.Primaries), fmt.Sprintf("peak %s × %s ÷ %s of the processors ÷ %d cores of a node",
			peak, micros(f.Indexing.Value), percent(f.IndexingShare.Value), q.Cores)},
		{"full shard", bytes(p.ShardBytes), fmt.Sprintf("%s, or %s events if that is less", f.ShardBytes.Text(), number(f.ShardEvents.Value))},
		{"rollover", "every " + span(p.Rollover), fmt.Sprintf("when its shards are full, or after %s", span(seconds(f.RolloverMost.Value)))},
		{"indices", humanize.Comma(int64(p.Indices)), fmt.Sprintf("%s of retention and one rollover ÷ rollover", Days(q.Retention))},
		{"shards", humanize.Comma(int64(p.Shards)), fmt.Sprintf("× %d × %s", p.Primaries, copies(q))},
		{"indexing", cores(p.IndexingCores), fmt.Sprintf("%.2g busy at the peak: %s × %s × %s ÷ %s",
			p.Indexing, peak, micros(f.Indexing.Value), copies(q), percent(f.IndexingShare.Value))},
	}
	for i, t := range p.Tiers {
		ratio := f.HotRatio
		if i > 0 {
			ratio = f.WarmRatio
		}
		lines = append(lines,
			Line{t.Name + ": stored", bytes(t.Stored), fmt.Sprintf("%s of %s a day", span(t.Kept), bytes(p.BytesPerDay))},
			Line{t.Name + ": disk", bytes(t.Disk), fmt.Sprintf("× (1 + %g below the watermark + %g)", f.Watermark.Value, f.Margin.Value)},
			Line{t.Name + ": nodes", strconv.Itoa(t.Nodes), t.why(q, ratio.Value)},
			Line{t.Name + ": disk of a node", bytes(t.NodeDisk), "with one node lost, if there is one to spare"},
		)
	}
	return append(lines,
		Line{"masters", p.masters(), "an election wants a majority"},
		Line{"heap of a node", memory(int64(p.Heap)), fmt.Sprintf("%s of %s, %s at most", percent(f.HeapShare.Value), memory(q.Memory), memory(int64(f.HeapMost.Value)))},
		Line{"of which a master's", memory(int64(p.HeapOfMaster)), fmt.Sprintf("%s indices ÷ %s × 1 GiB", humanize.Comma(int64(p.Indices)), number(f.HeapIndices.Value))},
		Line{"shippers", fmt.Sprintf("%d or more", p.Shippers), fmt.Sprintf("peak %s × %s ÷ %s of a core each; one on every node that logs",
			peak, micros(f.Shipping.Value), percent(f.ShipperShare.Value))},
		Line{"shipping", fmt.Sprintf("%.2g cores", p.Shipping), "busy at the peak, all shippers together"},
		Line{"memory of a shipper", memory(int64(p.ShipperMemory)), "at 10,000 events/s"},
	)
}

func (t Tier) why(q Question, ratio float64) string {
	reasons := []string{fmt.Sprintf("%d for the disk (%s × %g)", t.ByDisk, memory(q.Memory), ratio)}
	if t.ByCPU > 0 {
		reasons = append(reasons, fmt.Sprintf("%d for the processors", t.ByCPU))
	}
	reasons = append(reasons, fmt.Sprintf("%d for %s shards", t.ByShards, humanize.Comma(int64(t.Shards))))
	if t.Spare == 0 {
		return "the most of " + strings.Join(reasons, ", ")
	}
	return fmt.Sprintf("the most of %s, %d for the copies; and one to lose", strings.Join(reasons, ", "), 1+q.Replicas)
}

func (p Plan) masters() string {
	if p.Tiers[0].Nodes < 3 {
		return "the node itself"
	}
	return "3 of the hot nodes"
}

func copies(q Question) string {
	if q.Replicas == 0 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", 1+q.Replicas)
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

func perSecond(rate float64) string { return humanize.Commaf(rate) + "/s" }
func number(x float64) string       { return humanize.CommafWithDigits(x, 0) }
func bytes(x float64) string        { return humanize.Bytes(uint64(x)) }
func memory(x int64) string         { return humanize.IBytes(uint64(max(0, x))) }
func percent(x float64) string      { return fmt.Sprintf("%g %%", 100*x) }
func micros(s float64) string       { return fmt.Sprintf("%.3g µs", 1e6*s) }
func span(d time.Duration) string   { return Days(d).String() }

// Days is a time that may be said in days: 30d, 36h.
type Days time.Duration

// Set reads one, as a flag is.
func (d *Days) Set(text string) error {
	if count, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(count, 64)
		if err != nil || !(n >= 0 && n <= 36500) {
			return fmt.Errorf("want days or hours, as 30d or 36h")
		}
		*d = Days(n * float64(day))
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("want days or hours, as 30d or 36h")
	}
	*d = Days(parsed)
	return nil
}

// String is short: to the hour from a day on, to the minute from ten minutes on.
func (d Days) String() string {
	t := time.Duration(d)
	switch {
	case t >= day && t%day == 0:
		return fmt.Sprintf("%dd", t/day)
	case t >= day:
		t = t.Round(time.Hour)
		return strings.TrimSuffix(fmt.Sprintf("%dd%dh", t/day, t%day/time.Hour), "0h")
	case t >= 10*time.Minute:
		text := strings.TrimSuffix(t.Round(time.Minute).String(), "0s")
		return strings.Replace(text, "h0m", "h", 1)
	}
	return t.Round(time.Second).String()
}
