package loop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"plumbline/stack/trial"
)

// altered lets Filebeat find other lines than demo-app has written, and holds what
// the verdict says against what was done: attempt by attempt, and hop by hop.
func (l *loop) altered(t *testing.T) {
	ledger := l.path("altered.ledger")
	shipper := l.Child("filebeat")
	stop(t, shipper)
	size := l.logSize(t)
	l.load(t, ledger, "100", "3s")
	l.awaitLines(t, ledger, 300)
	taken := ""
	l.alter(t, ledger, size, map[uint64]func(line []byte) [][]byte{
		41:  func([]byte) [][]byte { return nil },
		97:  func(line []byte) [][]byte { return [][]byte{line, withID(t, line, "another")} },
		150: func(line []byte) [][]byte { return [][]byte{with(t, line, `"status_code":\d+`, `"status_code":503`)} },
		160: func(line []byte) [][]byte { taken = idOf(t, line); return [][]byte{line} },
		200: func(line []byte) [][]byte { return [][]byte{with(t, line, `"url":\{[^}]*\}`, `"url":"no object"`)} },
		220: func(line []byte) [][]byte { return [][]byte{withID(t, line, taken)} },
	})
	verify := func(more ...string) trial.Verdict {
		more = append(more, "-app-log", filepath.Join(l.Logs, "demo-app*.json"), "-shipper", l.FilebeatStats)
		return l.verdict(t, l.command(t, "provisioner", l.verify(ledger, more...)...).Run(), 1)
	}

	a := verify("-within", "1s", "-check", "arrival").Account
	if a.Lost.Count != 300 || a.Hops == nil || a.Hops.App.Count != 1 || a.Hops.Unread.Count != 299 || a.Hops.Silent == "" {
		t.Errorf("without a shipper: %d lost, hops %+v; want 300, of them 1 at hop app and 299 unread, and no answer of the shipper", a.Lost.Count, a.Hops)
	}

	if err := shipper.Restart(); err != nil {
		t.Fatal(err)
	}
	r := verify("-within", "15s")
	a = r.Account
	if a.Hops == nil || a.Hops.Counted == nil {
		t.Fatalf("hops %+v, want them with the shipper's own counters", a.Hops)
	}
	for _, row := range []struct {
		what string
		got  trial.Seqs
		want []uint64
	}{
		{"lost", a.Lost, []uint64{41, 200, 220}}, {"duplicated", a.Duplicated.Attempts, []uint64{97}}, {"corrupted", a.Corrupted.Attempts, []uint64{150}},
		{"lost: without a line", a.Hops.App, []uint64{41}}, {"lost: not a document", a.Hops.Refused, []uint64{200}},
		{"lost: the id is another's", a.Hops.Collided, []uint64{220}}, {"written twice", a.Hops.Twice, []uint64{97}},
	} {
		var want [][2]uint64
		for _, seq := range row.want {
			want = append(want, [2]uint64{seq, seq})
		}
		if !slices.Equal(row.got.Ranges, want) {
			t.Errorf("%s: %+v, want %v", row.what, row.got, row.want)
		}
	}
	if a.Delivered != 295 || a.Unexpected.Documents != 0 || a.Indeterminate.Count != 0 {
		t.Errorf("%d delivered, %d unexpected, %d indeterminate; want 295, 0, 0", a.Delivered, a.Unexpected.Documents, a.Indeterminate.Count)
	}
	if !slices.ContainsFunc(r.Panels, func(p struct{ ID, Outcome string }) bool { return p.Outcome == "differs" }) {
		t.Error("no panel differs from the ledger")
	}
}

// alter rewrites the log from an offset on: the line of each numbered attempt
// becomes the lines that its function returns.
func (l *loop) alter(t *testing.T, ledger string, from int64, change map[uint64]func(line []byte) [][]byte) {
	t.Helper()
	text, err := os.ReadFile(l.log())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	changed := 0
	for lines := bufio.NewScanner(bytes.NewReader(text[from:])); lines.Scan(); {
		line := bytes.Clone(lines.Bytes())
		var access struct {
			Run struct {
				ID  string
				Seq uint64
			}
		}
		if err := json.Unmarshal(line, &access); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		result := [][]byte{line}
		if f := change[access.Run.Seq]; f != nil && access.Run.ID == runOf(ledger) {
			result = f(line)
			changed++
		}
		for _, line := range result {
			out.Write(append(line, '\n'))
		}
	}
	if changed != len(change) {
		t.Fatalf("%d lines changed, want %d", changed, len(change))
	}
	// The service goes on appending to this very file.
	if err := os.Truncate(l.log(), from); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(l.log(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// idOf is the line's event.id.
func idOf(t *testing.T, line []byte) string {
	t.Helper()
	var access struct{ Event struct{ ID string } }
	if err := json.Unmarshal(line, &access); err != nil || access.Event.ID == "" {
		t.Fatalf("no event.id in %s", line)
	}
	return access.Event.ID
}

// withID is the same line under another event.id.
func withID(t *testing.T, line []byte, id string) []byte {
	t.Helper()
	return bytes.Replace(line, []byte(idOf(t, line)), []byte(id), 1)
}

// with is the same line with something else in place of what matches.
func with(t *testing.T, line []byte, pattern, instead string) []byte {
	t.Helper()
	altered := regexp.MustCompile(pattern).ReplaceAll(line, []byte(instead))
	if bytes.Equal(line, altered) {
		t.Fatalf("%s is not in, or no other, in %s", pattern, line)
	}
	return altered
}
