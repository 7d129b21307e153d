package lines

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"plumbline/loadgen/ledger"
)

// The whole way of a line, to a file and with the ledger, all of them due at once.
func BenchmarkFile(b *testing.B) {
	dir := b.TempDir()
	out, err := OpenFile(filepath.Join(dir, "out.log"), Rotation{Size: 64 << 20, Keep: 1, Style: Rename})
	if err != nil {
		b.Fatal(err)
	}
	book, err := ledger.Create(filepath.Join(dir, "run.ledger"), ledger.Header{RunID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	maker := NewMaker(Content{RunID: "bench", Seed: 1, Format: ECS, Size: Size{600, 600}, Overlong: OverlongTCP})
	s := NewShipment(Options{Maker: maker, Output: out, Ledger: book, Timeout: time.Minute, Tally: NewTally()})
	b.ReportAllocs()
	b.SetBytes(600)
	b.ResetTimer()
	err = s.Run(b.Context(), time.Now(), func(yield func(time.Duration) bool) {
		for range b.N {
			if !yield(0) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if err := book.Close(ledger.Trailer{Planned: uint64(b.N)}); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "run.ledger")); err == nil {
		b.ReportMetric(float64(info.Size())/float64(b.N), "ledger-B/op")
	}
}

func BenchmarkAppend(b *testing.B) {
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	for _, format := range formats() {
		b.Run(string(format), func(b *testing.B) {
			m := NewMaker(Content{RunID: "bench", Seed: 1, Format: format, Size: Size{600, 600}, Overlong: OverlongTCP})
			var line []byte
			b.ReportAllocs()
			for n := uint64(1); b.Loop(); n++ {
				line, _ = m.Append(line[:0], n, at)
			}
		})
	}
}

func formats() []Format { return []Format{ECS, Logfmt, Combined, Plain} }
