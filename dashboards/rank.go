package dashboards

import (
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// compression is the TDigest's, stated in every query. It is the smallest that
// leaves the percentiles of a short run exact and those of a long one close.
const compression = 2000

// PanelCompression is the compression that the panels ask for.
func PanelCompression() float64 { return compression }

// RankTolerance is the percentile rule: a value that Elasticsearch gives for the
// quantile q of n values is right when its rank among the exact values is
// within q ± RankTolerance.
//
// Elasticsearch keeps up to 20·compression values and sorts them, so that a
// percentile is exact but for the interpolation between two neighbours: 1/n.
// Beyond, it merges neighbouring values into centroids. One centroid around q
// holds at most the share w = Z·q·(1−q)/compression of all values, where
// Z = 4·ln(n/compression) + 24 (the digest's scale function K_2). A percentile
// is interpolated between the means of two centroids as if half of each lay on
// either side, so it is off by at most half of the one and all of the other:
// 1.5·w, and a little more as w changes from one to the next: 2·w + 1/n.
//
// The textbook w = 4·q·(1−q)/compression belongs to the digest of
// execution_hint high_accuracy. That one is about eight times slower, and
// front ends do not ask for it.
func RankTolerance(compression, q float64, n int64) float64 {
	if n == 0 {
		return 0
	}
	between := 1 / float64(n)
	if float64(n) < 20*compression {
		return between
	}
	z := 4*math.Log(float64(n)/compression) + 24
	return 2*z*q*(1-q)/compression + between
}

// spread is a distribution of exact durations, as its recorder tells them
// apart: a value has the rank of its whole recorder bin.
type spread struct {
	bins  []hdrhistogram.Bar // not empty, ascending
	below []int64            // durations in the bins before
	total int64
}

func newSpread(h *hdrhistogram.Histogram) spread {
	var s spread
	for _, bin := range h.Distribution() {
		if bin.Count == 0 {
			continue
		}
		s.bins = append(s.bins, bin)
		s.below = append(s.below, s.total)
		s.total += bin.Count
	}
	return s
}

// rank is the share of durations certainly below v, and the share of those
// not certainly above it.
func (s spread) rank(v float64) (low, high float64) {
	if s.total == 0 {
		return 0, 0
	}
	// i is the first bin that reaches v or lies above it.
	i, _ := slices.BinarySearchFunc(s.bins, v, func(bin hdrhistogram.Bar, v float64) int {
		if float64(bin.To) < v {
			return -1
		}
		return 1
	})
	if i == len(s.bins) {
		return 1, 1
	}
	low = float64(s.below[i]) / float64(s.total)
	if float64(s.bins[i].From) > v {
		return low, low
	}
	return low, float64(s.below[i]+s.bins[i].Count) / float64(s.total)
}

// at is the duration at rank q, to the recorder's three digits.
func (s spread) at(q float64) int64 {
	for i, bin := range s.bins {
		if float64(s.below[i]+bin.Count) >= q*float64(s.total) {
			return bin.To
		}
	}
	return 0
}
