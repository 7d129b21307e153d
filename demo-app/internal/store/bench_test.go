package store

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
)

// BenchmarkQueries prints what each operation takes on the full facility, one
// client alone.
func BenchmarkQueries(b *testing.B) {
	f := facility.New(1, facility.Full())
	for _, database := range []struct {
		name string
		open func(testing.TB) string
	}{
		{"SQLite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "catalogue.db") }},
		{"MariaDB", func(t testing.TB) string { return startMariaDB(t).URL() }},
	} {
		b.Run(database.name, func(b *testing.B) {
			s := open(b, database.open(b), f)
			s.now = time.Now // what is released today
			for _, op := range operations(f) {
				b.Run(strings.ReplaceAll(op.name, " ", "_"), func(b *testing.B) {
					r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano()))) // names of what is ingested differ from run to run
					took := make([]time.Duration, 0, 1024)
					for b.Loop() {
						start := time.Now()
						if err := op.run(b.Context(), s, r); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(start))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
					b.ReportMetric(float64(took[(len(took)*95)/100])/1e6, "p95-ms")
					b.ReportMetric(0, "ns/op")
				})
			}
		})
	}
}

// BenchmarkOpen is a start in memory, from nothing to ready.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.Context(), Options{URL: Memory, Facility: facility.New(1, facility.Full())})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
