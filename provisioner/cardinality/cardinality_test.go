package cardinality

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// histogram is a classic one with two bounds, and the native one of its name.
func histogram(name string, labels ...map[string]string) (all []map[string]string) {
	add := func(of map[string]string, name, bound string) {
		s := map[string]string{nameLabel: name}
		for k, v := range of {
			s[k] = v
		}
		if bound != "" {
			s[boundLabel] = bound
		}
		all = append(all, s)
	}
	for _, of := range labels {
		for _, bound := range []string{"0.1", "1", "+Inf"} {
			add(of, name+"_bucket", bound)
		}
		add(of, name+"_count", "")
		add(of, name+"_sum", "")
		add(of, name, "")
	}
	return all
}

func TestCount(t *testing.T) {
	series := histogram("took", map[string]string{"route": "/a", "job": "x"}, map[string]string{"route": "/b", "job": "x"})
	series = append(series, map[string]string{nameLabel: "words_count", "job": "x"}, map[string]string{nameLabel: "up"})
	want := []Metric{
		{"took", 12, []Label{{"route", 2, 6}, {boundLabel, 3, 8}, {"job", 1, 12}}},
		{"up", 1, nil},
		{"words_count", 1, []Label{{"job", 1, 1}}}, // no histogram is called words
	}
	if diff := cmp.Diff(want, Count(series)); diff != "" {
		t.Error(diff)
	}
	if got := Count(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestALabelFromClientsStandsOut(t *testing.T) {
	var labels []map[string]string
	for i := range 100 {
		labels = append(labels, map[string]string{"path": fmt.Sprint("/users/", i), "method": []string{"GET", "PUT"}[i%2]})
	}
	all := Count(append(histogram("took", labels...), map[string]string{nameLabel: "up"}))
	if first := all[0].Labels[0]; first != (Label{"path", 100, 12}) {
		t.Errorf("the label that costs most is %+v", first)
	}
	for most, want := range map[int]int{0: 2, 1: 1, 599: 1, 600: 0} {
		if got := Over(all, most); len(got) != want {
			t.Errorf("%d allowed: %d metrics have more, want %d", most, len(got), want)
		}
	}
}
