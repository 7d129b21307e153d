package size

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// round are figures that can be worked with by hand: 100 bytes an event, 10,000
// events per CPU second indexed, 20,000 shipped, half of either to be used.
func round() Figures {
	f := Usual()
	f.EventBytes.Value = 100
	f.ShardBytes.Value = 50e9
	f.Indexing.Value = 100e-6
	f.Shipping.Value = 50e-6
	return f
}

// ask is 10,000 events/s for 10 days, one replica, on nodes of 64 GiB and 16 cores.
func ask() Question {
	return Question{Rate: 10_000, Peak: 2, Bytes: 100, Retention: 10 * day, Hot: 10 * day, Replicas: 1, Memory: 64 * GiB, Cores: 16}
}

func TestAnswer(t *testing.T) {
	// 10,000/s × 100 B = 1 MB/s; a shard is full with 200 million events, 20 GB,
	// after 20,000 s; 10 days and those are kept, 884,000 s, in 45 indices.
	usual := Answer(ask(), round())
	want := Plan{
		EventsPerDay: 864e6, BytesPerDay: 172.8e9, ShardBytes: 20e9,
		// 20,000/s × 100 µs = 2 cores a copy, 4 for both, 8 to have them half busy.
		Indexing: 4, IndexingCores: 8, Primaries: 1,
		Rollover: 20_000 * time.Second, Kept: 884_000 * time.Second, Indices: 45, Shards: 90,
		// 884,000 s × 2 MB/s = 1.768 TB, and a quarter: 2.21 TB; a node has 64 GiB × 30
		// = 2.06 TB, so 2 nodes, and one to lose.
		Tiers: []Tier{{Name: "hot", Kept: 884_000 * time.Second, Stored: 1.768e12, Disk: 2.21e12, Shards: 90,
			ByDisk: 2, ByCPU: 1, ByShards: 1, Spare: 1, Nodes: 3, NodeDisk: 1.105e12}},
		Heap: 30 * GiB, HeapOfMaster: 45.0 / 3000 * GiB,
		// 20,000/s × 50 µs = 1 core, two shippers of half a core.
		Shipping: 1, Shippers: 2, ShipperMemory: round().ShipperMemory.Value,
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) })
	if diff := cmp.Diff(want, usual, near); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnswerFollowsItsQuestion(t *testing.T) {
	for _, row := range []struct {
		proves    string
		change    func(*Question)
		got       func(Plan) any
		want      any
		figuresOf func(*Figures)
	}{
		{"without a replica one node is enough for little", func(q *Question) { q.Replicas, q.Rate = 0, 100 }, func(p Plan) any { return p.Tiers[0].Nodes }, 1, nil},
		{"with a replica three are the least", func(q *Question) { q.Rate = 1 }, func(p Plan) any { return p.Tiers[0].Nodes }, 3, nil},
		{"with two replicas four are the least", func(q *Question) { q.Rate, q.Replicas = 1, 2 }, func(p Plan) any { return p.Tiers[0].Nodes }, 4, nil},
		{"a little is rolled over each day", func(q *Question) { q.Rate = 1 }, func(p Plan) any { return p.Rollover }, day, nil},
		{"and kept in eleven indices", func(q *Question) { q.Rate = 1 }, func(p Plan) any { return p.Indices }, 11, nil},
		{"large events fill a shard by bytes", func(q *Question) { q.Bytes = 1000 }, func(p Plan) any { return p.ShardBytes }, 50e9, nil},
		{"small ones by number", func(q *Question) { q.Bytes = 10 }, func(p Plan) any { return p.ShardBytes }, 2e9, nil},
		// 200,000/s × 100 µs = 20 cores, ÷ 50 % ÷ 16 cores = 2.5
		{"what one node cannot index is spread", func(q *Question) { q.Rate = 100_000 }, func(p Plan) any { return p.Primaries }, 3, nil},
		// both copies: 80 cores to have, 16 each
		{"processors ask for nodes", func(q *Question) { q.Rate, q.Retention, q.Hot = 100_000, time.Hour, time.Hour },
			func(p Plan) any { return [2]int{p.Tiers[0].ByCPU, p.Tiers[0].Nodes} }, [2]int{5, 6}, nil},
		{"half of a small memory is heap", func(q *Question) { q.Memory = 4 * GiB }, func(p Plan) any { return p.Heap }, 2.0 * GiB, nil},
		// 45 indices of one shard, half of them replicas; at 30 a node: 3, and a spare one
		{"a limit of shards asks for nodes", func(q *Question) {}, func(p Plan) any { return [2]int{p.Tiers[0].ByShards, p.Tiers[0].Nodes} },
			[2]int{3, 4}, func(f *Figures) { f.NodeShards.Value = 30 }},
		// a day hot and the rollover of 20,000 s: 106,400 s × 2 MB/s × 1.25
		{"hot nodes hold what is young, and an index that is not full", func(q *Question) { q.Hot = day }, func(p Plan) any { return p.Tiers[0].Disk }, 266e9, nil},
		{"warm nodes hold the rest", func(q *Question) { q.Hot = day }, func(p Plan) any { return p.Tiers[1].Disk }, 9 * 172.8e9 * 1.25, nil},
	} {
		q, f := ask(), round()
		row.change(&q)
		if row.figuresOf != nil {
			row.figuresOf(&f)
		}
		if err := q.Validate(); err != nil {
			t.Errorf("%s: %v", row.proves, err)
		}
		if got := row.got(Answer(q, f)); got != row.want {
			t.Errorf("%s: %v, want %v", row.proves, got, row.want)
		}
	}
}

// Elastic's own example: 100 GB a day with one replica, 30 days hot and 12 months
// warm, on nodes of 64 GB, is 5 hot nodes and 10 warm ones.
func TestElasticsExampleComesOutTheSame(t *testing.T) {
	q := Question{Memory: 64e9, Replicas: 1}
	p := Plan{BytesPerDay: 200e9, Shards: 1, Kept: 395 * day}
	hot := p.tier(Tier{Kept: 30 * day}, q, Usual(), Usual().HotRatio.Value)
	warm := p.tier(Tier{Kept: 365 * day}, q, Usual(), Usual().WarmRatio.Value)
	if hot.Nodes != 5 || warm.Nodes != 10 {
		t.Errorf("%d hot and %d warm nodes, want 5 and 10", hot.Nodes, warm.Nodes)
	}
}

func questions() *rapid.Generator[Question] {
	return rapid.Custom(func(t *rapid.T) Question {
		retention := time.Duration(rapid.Int64Range(int64(time.Hour), int64(400*day)).Draw(t, "retention"))
		return Question{
			Rate:      math.Pow(10, rapid.Float64Range(-2, 6).Draw(t, "log of the rate")),
			Peak:      rapid.Float64Range(1, 10).Draw(t, "peak"),
			Bytes:     rapid.Float64Range(20, 5000).Draw(t, "bytes"),
			Retention: retention,
			Hot:       time.Duration(rapid.Int64Range(int64(time.Hour), int64(retention)).Draw(t, "hot")),
			Replicas:  rapid.IntRange(0, 3).Draw(t, "replicas"),
			Memory:    rapid.Int64Range(1, 256).Draw(t, "GiB") * GiB,
			Cores:     rapid.IntRange(1, 64).Draw(t, "cores"),
		}
	})
}

// sum adds something up over the tiers.
func (p Plan) sum(of func(Tier) float64) (all float64) {
	for _, t := range p.Tiers {
		all += of(t)
	}
	return all
}

func TestMoreAsksForNoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := questions().Draw(t, "question")
		more := q
		factor := rapid.Float64Range(1, 100).Draw(t, "factor")
		switch rapid.SampledFrom([]string{"rate", "bytes", "peak", "replicas"}).Draw(t, "more") {
		case "rate":
			more.Rate *= factor
		case "bytes":
			more.Bytes *= factor
		case "peak":
			more.Peak *= factor
		case "replicas":
			more.Replicas++
		}
		a, b := Answer(q, Usual()), Answer(more, Usual())
		for what, of := range map[string]func(Plan) float64{
			"bytes a day": func(p Plan) float64 { return p.BytesPerDay },
			"disk":        func(p Plan) float64 { return p.sum(func(t Tier) float64 { return t.Disk }) },
			"cores":       func(p Plan) float64 { return float64(p.IndexingCores) },
			"primaries":   func(p Plan) float64 { return float64(p.Primaries) },
			"shippers":    func(p Plan) float64 { return float64(p.Shippers) },
			"by disk":     func(p Plan) float64 { return p.sum(func(t Tier) float64 { return float64(t.ByDisk) }) },
			"by CPU":      func(p Plan) float64 { return p.sum(func(t Tier) float64 { return float64(t.ByCPU) }) },
		} {
			if of(b) < of(a)*(1-1e-6) {
				t.Errorf("%s: %g for %+v, but %g for %+v", what, of(a), q, of(b), more)
			}
		}
	})
}

func TestTenTimesTheRateIsTenTimesTheData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := questions().Draw(t, "question")
		ten := q
		ten.Rate *= 10
		a, b := Answer(q, Usual()), Answer(ten, Usual())
		for what, pair := range map[string][2]float64{
			"events a day": {a.EventsPerDay, b.EventsPerDay}, "bytes a day": {a.BytesPerDay, b.BytesPerDay},
			"indexing": {a.Indexing, b.Indexing}, "shipping": {a.Shipping, b.Shipping},
		} {
			if math.Abs(pair[1]-10*pair[0]) > 1e-6*pair[1] {
				t.Errorf("%s: %g, and %g", what, pair[0], pair[1])
			}
		}
		// What is kept beyond the retention, a day at most, becomes less.
		disk := func(p Plan) float64 { return p.sum(func(t Tier) float64 { return t.Disk }) }
		ratio, least := disk(b)/disk(a), 10*float64(q.Retention)/float64(q.Retention+day)
		if ratio < least*(1-1e-6) || ratio > 10+1e-6 {
			t.Errorf("disk: %g times", ratio)
		}
	})
}

func TestAPlanKeepsWhatItWasMadeFor(t *testing.T) {
	f := Usual()
	rapid.Check(t, func(t *rapid.T) {
		q := questions().Draw(t, "question")
		p := Answer(q, f)
		if p.Heap > float64(q.Memory)/2 || p.Heap > 30*GiB {
			t.Errorf("a heap of %g of %d", p.Heap, q.Memory)
		}
		if p.ShardBytes > f.ShardBytes.Value || p.ShardBytes/q.Bytes > 200e6+1 {
			t.Errorf("a shard of %g bytes, %g events", p.ShardBytes, p.ShardBytes/q.Bytes)
		}
		if written := p.Rollover.Seconds() * q.Rate * q.Bytes; written > float64(p.Primaries)*p.ShardBytes*(1+1e-6) {
			t.Errorf("%g bytes until a rollover, into %d shards of %g", written, p.Primaries, p.ShardBytes)
		}
		for _, tier := range p.Tiers {
			usable := tier.Nodes - tier.Spare
			if full := tier.Stored / (float64(usable) * tier.NodeDisk); full > 0.85 {
				t.Errorf("%s: with a node lost the disks are %g full", tier.Name, full)
			}
			if q.Replicas > 0 && usable < 1+q.Replicas {
				t.Errorf("%s: %d nodes for %d copies when one is lost", tier.Name, usable, 1+q.Replicas)
			}
			if float64(tier.Shards)/float64(usable) > 1000 {
				t.Errorf("%s: %d shards on %d nodes", tier.Name, tier.Shards, usable)
			}
		}
		for _, line := range p.Lines(q, f) {
			if line.What == "" || line.Value == "" || line.How == "" || strings.Contains(line.Value+line.How, "NaN") {
				t.Errorf("%+v", line)
			}
		}
	})
}

func TestValidate(t *testing.T) {
	for _, row := range []struct {
		proves string
		change func(*Question)
		want   string
	}{
		{"the example is fine", func(*Question) {}, ""},
		{"no rate", func(q *Question) { q.Rate = 0 }, "rate 0: want"},
		{"no number", func(q *Question) { q.Rate = math.NaN() }, "rate NaN: want"},
		{"an endless rate", func(q *Question) { q.Rate = math.Inf(1) }, "rate +Inf: want"},
		{"a peak below the rate", func(q *Question) { q.Peak = 0.5 }, "peak 0.5: want"},
		{"no bytes", func(q *Question) { q.Bytes = 0 }, "bytes 0: want"},
		{"minutes of retention", func(q *Question) { q.Retention = time.Minute }, "retention 1m0s: want"},
		{"more hot than kept", func(q *Question) { q.Hot = 11 * day }, "hot 11d: want 1h to the retention, 10d"},
		{"fewer copies than one", func(q *Question) { q.Replicas = -1 }, "replicas -1: want"},
		{"no memory", func(q *Question) { q.Memory = 0 }, "memory 0 B: want"},
		{"no processor", func(q *Question) { q.Cores = 0 }, "cores 0: want"},
	} {
		q := ask()
		row.change(&q)
		var got string
		if err := q.Validate(); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, row.want) || (row.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", row.proves, got, row.want)
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]string{"30d": "30d", "1.5d": "1d12h", "36h": "1d12h", "24h": "1d", "90m": "1h30m", "2h": "2h", "23h": "23h", "32m3s": "32m", "20s": "20s", "0d": "0s"} {
		var d Days
		if err := d.Set(text); err != nil || d.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, d, err, want)
		}
	}
	for _, text := range []string{"", "30", "d", "a month", "-1d", "NaNd", "1e9d"} {
		var d Days
		if err := d.Set(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
}

func TestEveryFigureHasASource(t *testing.T) {
	for _, f := range Usual().List() {
		if f.Name == "" || f.Value <= 0 || f.Source == "" {
			t.Errorf("%+v", f)
		}
		if published := strings.HasPrefix(f.Source, "https://"); published != (f.Kind == Published) {
			t.Errorf("%s is %s, from %s", f.Name, f.Kind, f.Source)
		}
	}
}
