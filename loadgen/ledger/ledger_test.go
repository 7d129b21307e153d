package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func testHeader() Header {
	return Header{RunID: "20260102T150405Z-abc123", Seed: 7, Target: "http://127.0.0.1:8000", Rate: 200, Duration: 20 * time.Second,
		Scale: "small", Started: time.Date(2026, 1, 2, 15, 4, 5, 6, time.UTC), Version: "test"}
}

// attempt makes a plausible one: the k-th of a run at 200/s.
func attempt(seq uint64) Attempt {
	scheduled := time.Duration(seq-1) * 5 * time.Millisecond
	wait := time.Duration(seq*7919%900_000) + 60_000
	service := time.Duration(seq*104_729%3_000_000) + 400_000
	a := Attempt{Seq: seq, Scheduled: scheduled, Sent: scheduled + wait, Service: service, Latency: wait + service,
		Journey: "my data", Method: "GET", Route: "/investigations/{id}", Expect: 200, Status: 200, Outcome: Answered}
	switch seq % 11 {
	case 3:
		a.Route = "/datasets/count"
	case 5:
		a.Journey, a.Route, a.Expect, a.Status = "look-up", "/icat/{username}", 404, 404
	case 7:
		a.Outcome, a.Status = Timeout, 0
	case 9:
		a.Outcome, a.Status, a.Sent, a.Service, a.Latency = Dropped, 0, 0, 0, 0
	}
	return a
}

func create(t *testing.T) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	w, err := Create(path, testHeader())
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

func add(t *testing.T, w *Writer, a Attempt) {
	t.Helper()
	if a.Outcome != Dropped {
		if err := w.Send(a); err != nil {
			t.Fatal(err)
		}
	}
	if a.Outcome == Unfinished {
		return
	}
	if err := w.Done(a); err != nil {
		t.Fatal(err)
	}
}

// readAll returns what a ledger holds and the error that ended it, nil for io.EOF.
func readAll(path string) (Header, []Attempt, Trailer, error) {
	r, err := Open(path)
	if err != nil {
		return Header{}, nil, Trailer{}, err
	}
	defer r.Close()
	var all []Attempt
	for {
		a, err := r.Next()
		if err == io.EOF {
			err = nil
			trailer, _ := r.Trailer()
			return r.Header, all, trailer, err
		}
		if err != nil {
			return r.Header, all, Trailer{}, err
		}
		all = append(all, a)
	}
}

func TestRoundTrip(t *testing.T) {
	w, path := create(t)
	var want []Attempt
	for seq := uint64(1); seq <= 500; seq++ {
		want = append(want, attempt(seq))
		add(t, w, attempt(seq))
	}
	ended := time.Date(2026, 1, 2, 15, 4, 9, 0, time.UTC)
	if err := w.Close(Trailer{Planned: 600, Ended: ended, Stopped: "interrupted"}); err != nil {
		t.Fatal(err)
	}
	header, got, trailer, err := readAll(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testHeader(), header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	wantTrailer := Trailer{Planned: 600, Sent: 455, Answered: 410, Timeout: 45, Dropped: 45, Ended: ended, Stopped: "interrupted"}
	if diff := cmp.Diff(wantTrailer, trailer); diff != "" {
		t.Errorf("trailer (-want +got):\n%s", diff)
	}
	if err := w.Send(attempt(501)); err == nil {
		t.Error("send after close: no error")
	}
}

func TestAttemptsComeInOrderWhateverEndsFirst(t *testing.T) {
	w, path := create(t)
	for _, seq := range []uint64{2, 1, 3, 4} {
		if err := w.Send(Attempt{Seq: seq, Method: "GET", Route: "/users"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, seq := range []uint64{4, 2, 1} {
		if err := w.Done(Attempt{Seq: seq, Outcome: Answered, Status: 200}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(Trailer{Planned: 4}); err != nil {
		t.Fatal(err)
	}
	_, all, _, err := readAll(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range all {
		got = append(got, fmt.Sprint(a.Seq, " ", a.Outcome))
	}
	if diff := cmp.Diff([]string{"1 answered", "2 answered", "3 open", "4 answered"}, got); diff != "" {
		t.Error(diff)
	}
}

// Memory follows what is in flight: with two requests at a time the reader
// never holds more, however long the run.
func TestReaderHoldsOnlyWhatIsInFlight(t *testing.T) {
	w, path := create(t)
	add(t, w, attempt(1))
	for seq := uint64(2); seq <= 5_000; seq++ {
		a := attempt(seq)
		a.Outcome, a.Status = Answered, 200
		add(t, w, a)
	}
	if err := w.Close(Trailer{Planned: 5_000}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	held, read := 0, 0
	for {
		_, err := r.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		read++
		held = max(held, len(r.waiting.numbers()))
	}
	if read != 5_000 || held > 2 {
		t.Errorf("read %d and held %d at once, want 5000 and at most 2", read, held)
	}
}

func TestConcurrentUse(t *testing.T) {
	w, path := create(t)
	var seqs sync.Mutex
	next := uint64(0)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				seqs.Lock()
				next++
				a := attempt(next)
				seqs.Unlock()
				if a.Outcome != Dropped {
					if err := w.Send(a); err != nil {
						t.Error(err)
					}
				}
				if err := w.Done(a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := w.Close(Trailer{Planned: 4000}); err != nil {
		t.Fatal(err)
	}
	_, got, _, err := readAll(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range got {
		if diff := cmp.Diff(attempt(uint64(i+1)), a); diff != "" {
			t.Fatal(diff)
		}
	}
	if len(got) != 4000 {
		t.Errorf("read %d attempts, want 4000", len(got))
	}
}

func TestFlushedEachSecondIsReadableWithoutClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		for seq := uint64(1); seq <= 100; seq++ {
			add(t, w, attempt(seq))
		}
		time.Sleep(flushEvery + time.Millisecond)
		synctest.Wait()
		for seq := uint64(101); seq <= 120; seq++ { // not yet flushed
			add(t, w, attempt(seq))
		}
		header, got, _, err := readAll(path)
		if header.RunID != testHeader().RunID || len(got) != 100 {
			t.Errorf("read run %q with %d attempts, want all 100", header.RunID, len(got))
		}
		var truncated *TruncatedError
		if !errors.As(err, &truncated) || truncated.LastSeq != 100 {
			t.Errorf("ended with %v, want truncated after 100", err)
		}
		if err := w.Close(Trailer{}); err != nil {
			t.Error(err)
		}
	})
}

// Whatever byte a ledger is cut at, the reader gives the attempts before the cut
// and says that it is cut; a longer piece never gives less.
func TestCutAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		flushed := map[int64]int{} // file size at a flush → attempts in it
		const attempts = 100
		for seq := uint64(1); seq <= attempts; seq++ {
			add(t, w, attempt(seq))
			if seq%20 == 0 {
				time.Sleep(flushEvery + time.Millisecond)
				synctest.Wait()
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				flushed[info.Size()] = int(seq)
			}
		}
		if err := w.Close(Trailer{Planned: attempts}); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(flushed) < 5 {
			t.Fatalf("only %d flushes seen", len(flushed))
		}
		cutPath := filepath.Join(t.TempDir(), "cut.ledger")
		least, ended := 0, -1
		for cut := range len(whole) {
			if err := os.WriteFile(cutPath, whole[:cut], 0o600); err != nil {
				t.Fatal(err)
			}
			if n, ok := flushed[int64(cut)]; ok {
				least = n
			}
			_, got, _, err := readAll(cutPath)
			if len(got) < least {
				t.Fatalf("cut at %d: %d attempts, want at least %d", cut, len(got), least)
			}
			least = max(least, len(got))
			for i, a := range got {
				if a.Seq != uint64(i+1) {
					t.Fatalf("cut at %d: attempt %d in place %d", cut, a.Seq, i+1)
				}
			}
			var truncated *TruncatedError
			switch {
			case err == nil && ended < 0:
				ended = cut // the trailer is out; only the frame's checksum lacks
			case err == nil:
			case ended >= 0:
				t.Fatalf("cut at %d: %v, but whole when cut at %d", cut, err, ended)
			case !errors.As(err, &truncated):
				t.Fatalf("cut at %d: %v, want truncated", cut, err)
			case len(got) > 0 && truncated.LastSeq != got[len(got)-1].Seq:
				t.Fatalf("cut at %d: truncated after %d, want %d", cut, truncated.LastSeq, got[len(got)-1].Seq)
			}
		}
		// Behind the lines is the outline, without which they are whole.
		if lines := bytes.LastIndex(whole, binary.LittleEndian.AppendUint32(nil, skippable)); ended >= 0 && ended < lines-8 {
			t.Errorf("passed as whole when cut at %d of %d", ended, lines)
		}
	})
}

func TestDeadDiskIsReportedByEveryCall(t *testing.T) {
	r, file, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w, err := start(file, testHeader())
		if err != nil {
			t.Fatal(err)
		}
		r.Close() // from here on every write fails
		add(t, w, attempt(1))
		time.Sleep(flushEvery + time.Millisecond)
		synctest.Wait()
		for name, err := range map[string]error{"send": w.Send(attempt(2)), "done": w.Done(attempt(1)), "err": w.Err(), "close": w.Close(Trailer{})} {
			if err == nil || !strings.Contains(err.Error(), "broken pipe") {
				t.Errorf("%s: got %v, want the disk's error", name, err)
			}
		}
	})
}

func TestCreateRefusesAnExistingFile(t *testing.T) {
	w, path := create(t)
	if err := w.Close(Trailer{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, testHeader()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	if _, _, _, err := readAll(path); err != nil {
		t.Errorf("the first ledger was touched: %v", err)
	}
}

func TestWrongFiles(t *testing.T) {
	header := `{"ledger":"plumbline","format":1,"run":"r"}` + "\n"
	for _, row := range []struct{ name, text, want string }{
		{"another format is named", `{"ledger":"plumbline","format":2}` + "\n", "has format 2, this program reads 1"},
		{"compressed JSON of another kind", `{"a":1}` + "\n", "is not a ledger"},
		{"compressed text", "hello\n", "is not a ledger"},
		{"a line that is not JSON", header + "{\n", "is damaged after attempt 0"},
		{"a line of no kind", header + `{"z":1}` + "\n", "a line of unknown kind"},
		{"an end without a beginning", header + `{"d":4,"t":1,"st":200}` + "\n", "attempt 4 ends without having begun"},
		{"a second end", header + `{"s":1}` + "\n" + `{"s":2}` + "\n" + `{"d":2,"t":1,"st":200}` + "\n" + `{"d":2,"t":1,"st":200}` + "\n", "attempt 2 ends without having begun"},
		{"a second beginning", header + `{"s":1}` + "\n" + `{"s":1}` + "\n", "attempt 1 begins twice"},
		{"an outcome that is none", header + `{"s":1}` + "\n" + `{"d":1,"o":"lucky"}` + "\n", `unknown outcome "lucky"`},
		{"a status that is none", header + `{"s":1}` + "\n" + `{"d":1,"st":7}` + "\n", "a status of 7"},
		{"a trailer that counts otherwise", header + `{"s":1}` + "\n" + `{"d":1,"st":200}` + "\n" + `{"end":"2026-01-02T15:04:05Z","sent":2,"answered":2}` + "\n", "the trailer counts 2 sent, the lines 1"},
		{"lines after the trailer", header + `{"end":"2026-01-02T15:04:05Z"}` + "\n" + `{"s":1}` + "\n", "something follows the trailer"},
		{"a line without end", header + `{"s":1,"j":"` + strings.Repeat("x", maxLine), "buffer full"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, compress(t, row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			wantError(t, path, row.want)
		})
	}
	for _, row := range []struct{ name, text, want string }{
		{"an empty file is a cut ledger", "", "ends after attempt 0 without a trailer"},
		{"plain text", "hello, world, this is text\n", "is not a ledger"},
		{"less than a magic number", "x", "is not a ledger"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			wantError(t, path, row.want)
		})
	}
	t.Run("a directory", func(t *testing.T) { wantError(t, t.TempDir(), "is a directory") })
	t.Run("no file", func(t *testing.T) { wantError(t, filepath.Join(t.TempDir(), "none"), "no such file") })
}

func TestFlippedBitIsNoticed(t *testing.T) {
	w, path := create(t)
	for seq := uint64(1); seq <= 60; seq++ {
		add(t, w, attempt(seq))
	}
	if err := w.Close(Trailer{Planned: 60}); err != nil {
		t.Fatal(err)
	}
	_, want, _, err := readAll(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		whole[at] ^= 0x10
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, got, _, err := readAll(path); err == nil && !cmp.Equal(want, got) {
			t.Errorf("byte %d flipped: read other attempts without an error", at)
		}
		whole[at] ^= 0x10
	}
}

func wantError(t *testing.T, path, want string) {
	t.Helper()
	_, _, _, err := readAll(path)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with %q", err, want)
	}
}

func compress(t testing.TB, text string) []byte {
	zip, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zip.Close()
	return zip.EncodeAll([]byte(text), nil)
}

func TestIdentity(t *testing.T) {
	// The run, the number, and the start of SHA-256("run/1"); its bytes 16 to 24.
	const trace, span = "b70234620000000001a7becdaa54de67", "80ff4484d57630ef"
	if got := TraceID("run", 1); got != trace {
		t.Errorf("trace id %s, want %s", got, trace)
	}
	if got, want := string(new(TracesOf("run")).AppendParent(nil, 1)), "00-"+trace+"-"+span+"-01"; got != want {
		t.Errorf("traceparent %s, want %s", got, want)
	}
	if TraceID("run", 1) == TraceID("run", 2) || TraceID("run", 1) == TraceID("run2", 1) {
		t.Error("two attempts share a trace id")
	}
	for _, seq := range []uint64{1, 255, 256, 1<<32 - 1, 1 << 32} {
		if TraceID("run", seq) >= TraceID("run", seq+1) {
			t.Errorf("the trace id of %d does not come before the next one's", seq)
		}
	}
}

// A trace id tells its attempt, to those who know the run.
func TestTraceSeq(t *testing.T) {
	for _, seq := range []uint64{1, 7, 1 << 20, 1<<40 - 1} {
		id := TraceID("a", seq)
		if got, ok := TraceSeq("a", id); !ok || got != seq {
			t.Errorf("%d: got %d, %v", seq, got, ok)
		}
		for _, other := range []string{id[:31], id + "0", "0" + id[1:], id[:31] + "x", ""} {
			if got, ok := TraceSeq("a", other); ok && other != id {
				t.Errorf("%q is said to be of %d", other, got)
			}
		}
		if got, ok := TraceSeq("b", id); ok {
			t.Errorf("another run's is said to be of %d", got)
		}
	}
}
