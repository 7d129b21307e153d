package facility

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rows is All without its types.
func rows[T any](t *testing.T, f *Facility) []T {
	t.Helper()
	var all []T
	for _, kind := range f.All() {
		for row := range kind {
			if v, ok := row.(*T); ok {
				all = append(all, *v)
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no rows of type %T", all)
	}
	return all
}

func count(kind iter.Seq[any]) int {
	n := 0
	for range kind {
		n++
	}
	return n
}

// digest hashes everything a facility holds, ids that JSON hides included.
func digest(t *testing.T, f *Facility) string {
	t.Helper()
	h := sha256.New()
	for _, kind := range f.All() {
		for row := range kind {
			if err := json.NewEncoder(h).Encode(row); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(h, related(row))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The digests are constants because two processes must agree, not just two
// calls. A change here is a new demo facility: say so to its users.
func TestSameSeedSameFacility(t *testing.T) {
	for _, row := range []struct {
		proves string
		seed   uint64
		scale  Scale
		want   string
	}{
		{"small, the default seed", 1, Small(), "4104ffd77f029cca1e25077fe2dc93b1cd4e617a442c53e4beda4f09c8df4382"},
		{"small, another seed", 2, Small(), "e4da14f97fa329b584f5dd28d5c7f701e54dcc42c0112de00afc38e3f6d43c0c"},
		{"full", 1, Full(), "613cfa69c43cce8bb5dc8a7671d4261c1529435aef5862b5949175b2a51da2e5"},
		{"seed 0 is a seed like any other, not a random one", 0, Small(), "b99a4526b5f6ec8fa65a4cafce0a0d26700565eb18fa8c9c87e222916f91eec5"},
	} {
		if got := digest(t, New(row.seed, row.scale)); got != row.want {
			t.Errorf("%s: digest %s, want %s", row.proves, got, row.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, row := range []struct {
		scale Scale
		want  map[string]int
	}{
		{Small(), map[string]int{
			"Datafile": 1_799, "DatafileFormat": 9, "DatafileParameter": 2_023, "Dataset": 119, "DatasetType": 3,
			"Facility": 1, "FacilityCycle": 19, "Instrument": 14, "InstrumentScientist": 42, "Investigation": 59,
			"InvestigationFacilityCycle": 59, "InvestigationInstrument": 67, "InvestigationType": 3, "InvestigationUser": 614, "Keyword": 499,
			"ParameterType": 21, "Sample": 119, "SampleType": 30, "User": 499, "total": 5_999,
		}},
		{Full(), map[string]int{
			"Datafile": 26_399, "DatafileFormat": 9, "DatafileParameter": 29_698, "Dataset": 479, "DatasetType": 3,
			"Facility": 1, "FacilityCycle": 79, "Instrument": 14, "InstrumentScientist": 42, "Investigation": 239,
			"InvestigationFacilityCycle": 239, "InvestigationInstrument": 264, "InvestigationType": 3, "InvestigationUser": 1_168, "Keyword": 14_999,
			"ParameterType": 21, "Sample": 719, "SampleType": 30, "User": 499, "total": 74_905,
		}},
	} {
		got, total := map[string]int{}, 0
		for entity, kind := range New(1, row.scale).All() {
			got[entity] = count(kind)
			total += got[entity]
		}
		got["total"] = total
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +made):\n%s", row.scale.Name, diff)
		}
	}
}

func TestAllCanBeLeftEarly(t *testing.T) {
	f := New(1, Small())
	for _, kind := range f.All() {
		for range kind {
			break
		}
	}
	for range f.All() {
		break
	}
}

func BenchmarkNew(b *testing.B) {
	for _, scale := range []Scale{Small(), Full()} {
		b.Run(scale.Name, func(b *testing.B) {
			for b.Loop() {
				New(1, scale)
			}
		})
	}
}

func BenchmarkAll(b *testing.B) {
	for b.Loop() {
		for _, kind := range New(1, Full()).All() {
			count(kind)
		}
	}
}
