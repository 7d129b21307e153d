package lines

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

// Whatever the format and the kind, a line tells its identity once, and so does
// one that was escaped once more.
func TestEachLineTellsItsIdentity(t *testing.T) {
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			c := content(format)
			c.Malformed = 0.3
			m := NewMaker(c)
			for seq := uint64(1); seq <= 500; seq++ {
				line, kind := m.Append(nil, seq, testStart())
				want := []Identity{{testRun, seq}}
				for how, text := range map[string][]byte{
					"as written": line, "without its newline": line[:len(line)-1], "quoted": strconv.AppendQuote(nil, string(line)),
				} {
					if got := Identities(text, testRun); !slices.Equal(got, want) {
						t.Fatalf("line %d, %s, %s: got %v\n%q", seq, kind, how, got, text)
					}
				}
			}
		})
	}
}

func TestIdentities(t *testing.T) {
	plain := func(run string, seq uint64) string {
		return fmt.Sprintf("x: y trace.id=%s run.id=%s run.seq=%d", ledger.TraceID(run, seq), run, seq)
	}
	of := func(seqs ...uint64) (list []Identity) {
		for _, seq := range seqs {
			list = append(list, Identity{testRun, seq})
		}
		return list
	}
	whole := plain(testRun, 123)
	for _, row := range []struct {
		proves, text string
		want         []Identity
	}{
		{"prose about runs has none", "run 7 done; run.id is missing, run.seq=7, trace.id=abc", nil},
		{"a number that was cut is another line's, and the trace id knows whose", whole[:len(whole)-1], of(123)},
		{"of a line cut before its number the trace id is left", whole[:len(whole)-len("un.seq=123")], of(123)},
		{"of a line cut in its trace id nothing is left", whole[:30], nil},
		{"a number at the end that nothing vouches for does not count", "run.id=" + testRun + " run.seq=12", nil},
		{"a number followed by something is whole", "run.id=" + testRun + " run.seq=12\n", of(12)},
		{"two lines in one text are two", plain(testRun, 4) + "\n" + plain(testRun, 5), of(4, 5)},
		{"another run's line is that run's", plain("other", 9), []Identity{{"other", 9}}},
		{"a request's", "GET /x?run.id=" + testRun + "&run.seq=8 HTTP/1.1", of(8)},
		{"a JSON object's, with spaces", `{"run": {"id": "` + testRun + `", "seq": 8}}`, of(8)},
		{"with dotted keys", `{"run.id":"` + testRun + `","run.seq":"8"}`, of(8)},
		{"a number below one is none", "run.id=a run.seq=0 ", nil},
		{"nor is one beyond counting", "run.id=a run.seq=99999999999999999999 ", nil},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if diff := cmp.Diff(row.want, Identities([]byte(row.text), testRun)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", row.text, diff)
			}
		})
	}
}

// Text is anybody's: what is found must stand in it, and a line that is added
// must be found too, unless the text before it runs into it.
func FuzzIdentities(f *testing.F) {
	for _, text := range []string{"", "run", "run.id=", "run.id=a run.seq=1", `{"run":{"id":"a","seq":1}`, "trace.id=", "run.id=a&run.seq=18446744073709551616", "\x00run\xff"} {
		f.Add([]byte(text), uint64(7))
	}
	f.Fuzz(func(t *testing.T, text []byte, seq uint64) {
		for _, id := range Identities(text, testRun) {
			run := bytes.Contains(text, []byte(id.Run))
			if id.Seq == 0 || !run && !bytes.Contains(text, []byte(ledger.TraceID(id.Run, id.Seq))) {
				t.Errorf("%q: found %+v", text, id)
			}
		}
		seq = seq>>1 | 1
		line := fmt.Appendf(bytes.Clone(text), "\nrun.id=%s run.seq=%d\n", testRun, seq)
		if got := Identities(line, testRun); !slices.Contains(got, Identity{testRun, seq}) {
			t.Errorf("%q: found %v", line, got)
		}
	})
}

func TestContentIsRecorded(t *testing.T) {
	want := content(Plain)
	want.Malformed = 0.02
	h := ledger.Header{RunID: want.RunID, Seed: want.Seed, Lines: want.Record()}
	got, err := Recorded(h)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, row := range []struct{ proves, record string }{
		{"an older ledger has none", ""},
		{"another maker's lines are not ours", `{"revision":1,"format":"ecs","size_min":1,"size_max":2}`},
		{"a format that is none", `{"revision":3,"format":"xml","size_min":1,"size_max":2}`},
		{"sizes that cannot be", `{"revision":3,"format":"ecs","size_min":1,"size_max":99999999}`},
		{"an overlong line that would fill the memory", `{"revision":3,"format":"ecs","size_min":1,"size_max":2,"overlong":99999999999}`},
		{"shares that cannot be", `{"revision":3,"format":"ecs","size_min":1,"size_max":2,"unicode":7}`},
		{"not an object", `[]`},
	} {
		t.Run(row.proves, func(t *testing.T) {
			h.Lines = []byte(row.record)
			if c, err := Recorded(h); err == nil {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// What a content makes is part of a ledger's meaning: if this test fails, raise
// revision, so that older ledgers are not held against other lines.
func TestMakerMakesTheSameLinesAsEver(t *testing.T) {
	want := map[Format]string{
		ECS: "61921c4a0a6b8741", Logfmt: "dff7a15e58a893a0", Combined: "269d56a7d6a25b0d", Plain: "3ea78b72bf184a7d",
	}
	for _, format := range formats() {
		c := content(format)
		c.Malformed = 0.2
		m := NewMaker(c)
		sum := sha256.New()
		var line []byte
		for seq := uint64(1); seq <= 300; seq++ {
			line, _ = m.Append(line[:0], seq, testStart())
			sum.Write(line)
		}
		if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != want[format] {
			t.Errorf("revision %d: the lines in %s have the digest %s, want %s", revision, format, got, want[format])
		}
	}
}
