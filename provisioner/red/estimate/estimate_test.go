package estimate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/provisioner/red/exact"
)

// usual are the bounds of demo-app.
var usual = Buckets{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// samples are many sets of durations of many kinds: even, bimodal, with a heavy
// tail, all the same, on the bounds themselves, and very few.
func samples(t *testing.T) map[string]exact.Durations {
	t.Helper()
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	kinds := map[string]func() float64{
		"even":             func() float64 { return .001 + .1*random.Float64() },
		"exponential":      func() float64 { return .02 * random.ExpFloat64() },
		"heavy tail":       func() float64 { return .005 * math.Exp(2*random.NormFloat64()) },
		"bimodal":          func() float64 { return []float64{.002, .4}[random.IntN(2)] * (1 + .1*random.Float64()) },
		"all the same":     func() float64 { return .0123 },
		"on the bounds":    func() float64 { return usual[random.IntN(len(usual))] },
		"on powers of two": func() float64 { return math.Exp2(float64(random.IntN(12) - 9)) },
		"beyond the last":  func() float64 { return 20 + random.Float64() },
	}
	all := map[string]exact.Durations{}
	for kind, draw := range kinds {
		for _, n := range []int{1, 2, 3, 10, 99, 1000, 5000} {
			d := make(exact.Durations, n)
			for i := range d {
				d[i] = max(time.Duration(draw()*1e9), 1)
			}
			slices.Sort(d)
			all[fmt.Sprintf("%s, %d", kind, n)] = d
		}
	}
	return all
}

func TestAnswersLieWhereTheMethodPromises(t *testing.T) {
	for name, d := range samples(t) {
		classic := usual.Fill(d)
		for schema := Schema(0); schema <= 5; schema++ {
			native := schema.Fill(d)
			for _, q := range exact.Quantiles() {
				got := seconds(native.Exponential(q))
				if b := schema.Bound(d, q, q); !b.Holds(got) {
					t.Errorf("%s: native, schema %d, %v: %v is not from %v to %v", name, schema, q, got, b.Low, b.High)
				}
				truth := d.At(q)
				if off := math.Abs(float64(got-truth)) / float64(truth); off > schema.Error()+1e-9+1/float64(truth) {
					t.Errorf("%s: native, schema %d, %v: off by %v, more than %v", name, schema, q, off, schema.Error())
				}
			}
		}
		for _, q := range exact.Quantiles() {
			got := seconds(classic.Linear(q))
			b := usual.Bound(d, q, q)
			if !b.Holds(got) {
				t.Errorf("%s: classic, %v: %v is not from %v to %v", name, q, got, b.Low, b.High)
			}
			if truth := d.At(q); b.Why == Bucket && (truth < b.Low || truth > b.High) {
				t.Errorf("%s: classic, %v: the truth %v is not in its own bucket, %v to %v", name, q, truth, b.Low, b.High)
			}
		}
	}
}

// The histogram is another library's, as Elasticsearch's is.
func TestHDRLiesWhereItPromises(t *testing.T) {
	for name, d := range samples(t) {
		h := hdrhistogram.New(1, time.Hour.Nanoseconds(), 3)
		for _, took := range d {
			if err := h.RecordValue(took.Nanoseconds()); err != nil {
				t.Fatal(err)
			}
		}
		for _, q := range exact.Quantiles() {
			got := time.Duration(h.ValueAtQuantile(100 * q))
			if b := HDR(3).Bound(d, q, q); !b.Holds(got) {
				t.Errorf("%s: %v: %v is not from %v to %v", name, q, got, b.Low, b.High)
			}
		}
	}
}

// A source that lacks some requests and has made up others still answers with a
// value that the widened rank allows.
func TestSlackCoversWhatIsLackingAndWhatIsMadeUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for name, d := range samples(t) {
		n := len(d)
		lose, add := random.IntN(n), random.IntN(n+1)
		seen := slices.Clone(d)
		random.Shuffle(n, func(i, j int) { seen[i], seen[j] = seen[j], seen[i] })
		if random.IntN(2) == 0 { // the worst: all from one end
			slices.Sort(seen)
		}
		seen = seen[lose:]
		for range add {
			seen = append(seen, d[random.IntN(n)])
		}
		slices.Sort(seen)
		h := usual.Fill(seen)
		for _, q := range exact.Quantiles() {
			low, high := Slack(q, float64(lose)/float64(n), float64(add)/float64(n))
			if b := usual.Bound(d, low, high); !b.Holds(seconds(h.Linear(q))) {
				t.Errorf("%s without %d and with %d more: %v: %v is not from %v to %v", name, lose, add, q, h.Linear(q), b.Low, b.High)
			}
		}
	}
}

func TestAFalsifiedBucketIsNoticed(t *testing.T) {
	for name, d := range samples(t) {
		for what, h := range map[string]Histogram{"classic": usual.Fill(d), "native": Schema(3).Fill(d)} {
			if wrong := h.Check(d, nil); len(wrong) > 0 {
				t.Errorf("%s: %s: nothing is wrong, and yet %v", name, what, wrong)
			}
			for i := range h.Ranges {
				h.Ranges[i].Count++
				if wrong := h.Check(d, nil); len(wrong) != 1 || wrong[0].Upper != h.Ranges[i].Upper {
					t.Errorf("%s: %s: one more in the bucket to %v was found as %v", name, what, h.Ranges[i].Upper, wrong)
				}
				if wrong := h.Check(d, exact.Durations{d[0]}); h.Ranges[i].Lower < d[0].Seconds() && d[0].Seconds() <= h.Ranges[i].Upper && len(wrong) > 0 {
					t.Errorf("%s: %s: one more that may be there counts as wrong: %v", name, what, wrong)
				}
				h.Ranges[i].Count--
			}
		}
	}
}

func TestHistogramsAddUp(t *testing.T) {
	d := samples(t)["heavy tail, 1000"]
	first, second := d[:400], slices.Clone(d[300:])
	t.Run("classic", func(t *testing.T) {
		sum, err := usual.Fill(first).Plus(usual.Fill(second))
		if err != nil {
			t.Fatal(err)
		}
		rest, err := sum.Minus(usual.Fill(first))
		if wrong := rest.Check(second, nil); err != nil || len(wrong) > 0 {
			t.Errorf("%v, %v", err, wrong)
		}
	})
	t.Run("native, the coarser wins", func(t *testing.T) {
		sum, err := Schema(3).Fill(first).Plus(Schema(1).Fill(second))
		if err != nil || sum.Schema != 1 {
			t.Fatalf("schema %d, %v", sum.Schema, err)
		}
		all := append(slices.Clone(first), second...)
		slices.Sort(all)
		if wrong := sum.Check(all, nil); len(wrong) > 0 {
			t.Errorf("%v", wrong)
		}
		if got := Native(sum.Ranges, sum.Count).Schema; got != 1 {
			t.Errorf("by its bounds it is of schema %d, want 1", got)
		}
	})
	t.Run("what does not fit is refused", func(t *testing.T) {
		if _, err := usual.Fill(first).Plus(Buckets{1, 2}.Fill(first)); err == nil {
			t.Error("other bounds were added")
		}
		if _, err := usual.Fill(first).Plus(Schema(3).Fill(first)); err == nil {
			t.Error("a native histogram was added to a classic one")
		}
	})
}

// histogram_quantile's own peculiarities, as its documentation has them.
func TestLinearIsPrometheus(t *testing.T) {
	h := Classic(Buckets{1, 2, 4}, []float64{10, 10, 30}, 40)
	for _, row := range []struct {
		proves string
		q      float64
		want   float64
	}{
		{"the first bucket begins at zero", .125, .5},
		{"a rank on a bound is that bound", .25, 1},
		{"an empty bucket is passed over", .5, 3},
		{"beyond the last bound it is that bound", .99, 4},
	} {
		if got := h.Linear(row.q); math.Abs(got-row.want) > 1e-12 {
			t.Errorf("%s: %v is %v, want %v", row.proves, row.q, got, row.want)
		}
	}
	if got := (Histogram{}).Linear(.5); !math.IsNaN(got) {
		t.Errorf("nothing observed is %v, want NaN", got)
	}
}

func TestDigestIsExactWhereItKeepsAll(t *testing.T) {
	d := samples(t)["heavy tail, 1000"]
	if b := DefaultDigest.Bound(d, .5, .5); b.Low != d[498] || b.High != d[500] {
		t.Errorf("from %v to %v, want the neighbours in rank, %v and %v", b.Low, b.High, d[498], d[500])
	}
	many := samples(t)["heavy tail, 5000"]
	if b := DefaultDigest.Bound(many, .5, .5); b.Rank < .05 {
		t.Errorf("of 5000 values the rank is off by %v only, although they were merged", b.Rank)
	}
	if b := Digest(2000).Bound(many, .5, .5); b.Rank > .001 {
		t.Errorf("of 5000 values the rank is off by %v, although all are kept", b.Rank)
	}
}

func FuzzAround(f *testing.F) {
	f.Add(.25, 3)
	f.Add(1e-9, 8)
	f.Add(3600.0, -4)
	f.Fuzz(func(t *testing.T, v float64, schema int) {
		if !(v >= 1e-9 && v <= 1e6) || schema < int(coarsest) || schema > int(finest) {
			t.Skip()
		}
		lower, upper := Schema(schema).Around(v)
		if !(lower < v && v <= upper) || math.Abs(upper/lower/Schema(schema).Factor()-1) > 1e-9 {
			t.Errorf("%v is put between %v and %v at schema %d", v, lower, upper, schema)
		}
	})
}
