package attack

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reading is what came of an answer.
type reading struct {
	Status   int
	Body     string
	Complete bool
	Broken   bool
	Used     int
}

// readIn gives an answer to a reader in pieces of a size.
func readIn(wire []byte, size int, bodiless bool) reading {
	var r reader
	r.reset(bodiless, true)
	got := reading{}
	for rest := wire; len(rest) > 0 && r.part != complete; {
		piece := rest[:min(size, len(rest))]
		n, err := r.take(piece)
		got.Used += n
		if err != nil {
			got.Broken = true
			return got
		}
		rest = rest[len(piece):]
	}
	if r.end() != nil {
		got.Broken = true
		return got
	}
	got.Status, got.Body, got.Complete = r.status, string(r.body), true
	return got
}

// However the network cuts an answer, the same is read; and what net/http reads
// too, it reads the same.
func FuzzAnswer(f *testing.F) {
	for _, s := range shapes() {
		if len(s.answer) > 4096 {
			continue // would take the fuzzer's time
		}
		f.Add([]byte(s.answer), uint8(3), s.step.Method == http.MethodHead)
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx"), uint8(1), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\nhello"), uint8(1), false)
	f.Fuzz(func(t *testing.T, wire []byte, size uint8, bodiless bool) {
		whole := readIn(wire, max(1, len(wire)), bodiless)
		if diff := cmp.Diff(whole, readIn(wire, int(size)+1, bodiless)); diff != "" {
			t.Fatalf("in pieces of %d otherwise than at once (-at once +in pieces):\n%s", int(size)+1, diff)
		}
		if !whole.Complete || whole.Status < 200 {
			return
		}
		method := http.MethodGet
		if bodiless {
			method = http.MethodHead
		}
		in := bufio.NewReader(bytes.NewReader(wire))
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		for err == nil && response.StatusCode < 200 {
			response, err = http.ReadResponse(in, &http.Request{Method: method})
		}
		if err != nil {
			return
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, maxKept))
		if err == nil && (response.StatusCode != whole.Status || string(body) != whole.Body) {
			t.Fatalf("%d %q, net/http reads %d %q", whole.Status, whole.Body, response.StatusCode, body)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	wire := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 18:00:00 GMT\r\nContent-Length: 16\r\n\r\n{\"answer\":\"yes\"}")
	var r reader
	b.ReportAllocs()
	for b.Loop() {
		r.reset(false, false)
		if _, err := r.take(wire); err != nil || r.part != complete {
			b.Fatal(err)
		}
	}
}
