package ledger

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeRun writes n attempts of a plausible mix at 10,000/s and returns the file.
func writeRun(tb testing.TB, n uint64) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "run.ledger")
	w, err := Create(path, testHeader())
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	steps := []Attempt{
		{Journey: "my data", Method: "POST", Route: "/sessions", Expect: 201},
		{Journey: "my data", Method: "GET", Route: "/investigations", Expect: 200},
		{Journey: "my data", Method: "GET", Route: "/investigations/count", Expect: 200},
		{Journey: "my data", Method: "GET", Route: "/investigations/{id}", Expect: 200},
		{Journey: "my data", Method: "GET", Route: "/datasets", Expect: 200},
		{Journey: "look-up", Method: "GET", Route: "/icat/{username}", Expect: 200},
		{Journey: "look-up", Method: "GET", Route: "/icat/{username}", Expect: 404},
		{Journey: "misuse", Method: "POST", Route: "/sessions", Expect: 403},
	}
	for seq := range n {
		a := steps[random.IntN(len(steps))]
		a.Seq, a.Scheduled = seq+1, time.Duration(seq)*100*time.Microsecond
		a.Sent = a.Scheduled + time.Duration(random.ExpFloat64()*300e3) + 50e3
		a.Service = time.Duration(random.ExpFloat64()*2e6) + 300e3
		a.Status, a.Outcome = a.Expect, Answered
		if err := w.Send(a); err != nil {
			tb.Fatal(err)
		}
		if err := w.Done(a); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(Trailer{Planned: n}); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestSizeOnDisk(t *testing.T) {
	const attempts, limit = 20_000, 40
	info, err := os.Stat(writeRun(t, attempts))
	if err != nil {
		t.Fatal(err)
	}
	perAttempt := float64(info.Size()) / attempts
	t.Logf("%.1f bytes an attempt", perAttempt)
	if perAttempt > limit {
		t.Errorf("%.1f bytes an attempt, want at most %d", perAttempt, limit)
	}
}

func BenchmarkSendDone(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "run.ledger"), testHeader())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		a := attempt(1)
		if w.Send(a) != nil || w.Done(a) != nil {
			b.Fatal(w.Err())
		}
	}
	if err := w.Close(Trailer{}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkWrite writes 100,000 attempts per round, to the closed file: with
// -cpu 1 its time is the whole cost in processor time, compression included.
func BenchmarkWrite(b *testing.B) {
	const attempts = 100_000
	b.ReportAllocs()
	var size int64
	for b.Loop() {
		info, err := os.Stat(writeRun(b, attempts))
		if err != nil {
			b.Fatal(err)
		}
		size = info.Size()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/attempts, "ns/attempt")
	b.ReportMetric(float64(size)/attempts, "B/attempt")
}

// BenchmarkRead reads 100,000 attempts per round.
func BenchmarkRead(b *testing.B) {
	path := writeRun(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, all, _, err := readAll(path); err != nil || len(all) != 100_000 {
			b.Fatal(len(all), err)
		}
	}
}
