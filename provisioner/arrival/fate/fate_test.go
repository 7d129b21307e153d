package fate

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOf(t *testing.T) {
	const line = "2026 info: Messgerät geöffnet run.seq=7"
	for _, row := range []struct {
		proves, got string
		want        Finding
	}{
		{"the same is whole", line, Finding{Fate: Whole}},
		{"a newline left in is nothing", line + "\n", Finding{Fate: Whole}},
		{"nor is one of Windows", line + "\r\n", Finding{Fate: Whole}},
		{"the end is missing", line[:9], Finding{Fate: Cut, To: 9}},
		{"the beginning is missing", line[5:], Finding{Fate: Cut, From: 5, To: len(line)}},
		{"both are", line[5:9], Finding{Fate: Cut, From: 5, To: 9}},
		{"cut within a character", line[:18] + "\ufffd\ufffd", Finding{Fate: Cut, To: 18}},
		{"something stands before it", "<13>" + line, Finding{Fate: Longer, From: 4, To: 4 + len(line)}},
		{"something follows it", line + "\nmore", Finding{Fate: Longer, To: len(line)}},
		{"a character became another", strings.Replace(line, "ä", "?", 1), Finding{Fate: Altered, At: 18}},
		{"the case is another", strings.ToUpper(line), Finding{Fate: Altered, At: 5}},
		{"nothing is left", "", Finding{Fate: Altered}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if diff := cmp.Diff(row.want, Of([]byte(line), []byte(row.got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOfMalformed(t *testing.T) {
	const line = "run.id=a run.seq=7 \xff\x00\xc3\x28abc defgh"
	for _, row := range []struct {
		proves, got string
		want        Fate
	}{
		{"the same is whole", line, Whole},
		{"a character in place of each byte", "run.id=a run.seq=7 \ufffd\x00\ufffd(abc defgh", Replaced},
		{"one in place of all", "run.id=a run.seq=7 \ufffd(abc defgh", Replaced},
		{"spaces in their place", "run.id=a run.seq=7    (abc defgh", Replaced},
		{"left out", "run.id=a run.seq=7 (abc defgh", Replaced},
		{"cut at the NUL", "run.id=a run.seq=7 ", Cut},
		{"cut behind it, bytes replaced", "run.id=a run.seq=7 \ufffd\ufffd(abc", Cut},
		{"another text", "run.id=a run.seq=7 \ufffd\ufffd(abd defgh", Altered},
		{"escaped", `run.id=a run.seq=7 \xff\x00\xc3(abc defgh`, Altered},
		{"with more behind it", "run.id=a run.seq=7 \ufffd(abc defgh ijk", Longer},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := OfMalformed([]byte(line), []byte(row.got)).Fate; got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}

// What a finding says must be so.
func FuzzOf(f *testing.F) {
	f.Add([]byte("run.seq=7 äöü"), []byte("run.seq=7 \ufffd"))
	f.Add([]byte("a\nb"), []byte("b\n"))
	f.Add([]byte{}, []byte("x"))
	f.Fuzz(func(t *testing.T, want, got []byte) {
		switch f := Of(want, got); f.Fate {
		case Whole:
			if !bytes.Equal(want, got) && !bytes.Equal(want, unended(got)) {
				t.Errorf("%q and %q are not the same", want, got)
			}
		case Cut:
			if f.To <= f.From || f.To > len(want) || !bytes.Contains(got, want[f.From:f.To]) {
				t.Errorf("%q of %q: %+v", got, want, f)
			}
		case Longer:
			if !bytes.Equal(unended(got)[f.From:f.To], want) {
				t.Errorf("%q around %q: %+v", got, want, f)
			}
		case Altered:
			if f.At > len(want) || f.At > len(got) || bytes.Equal(want, got) {
				t.Errorf("%q for %q: %+v", got, want, f)
			}
		}
		if f := OfMalformed(want, want); f.Fate != Whole {
			t.Errorf("%q is not itself: %+v", want, f)
		}
	})
}

func TestPieces(t *testing.T) {
	stack := "head run.seq=7\njava.lang.X: y\n\tat a.b(C.java:1)\n\tat a.b(C.java:2)\nCaused by: z"
	head := strings.Index(stack, "\n")
	long := strings.Repeat("0123456789", 300)
	for _, row := range []struct {
		proves   string
		line     string
		from, to int
		pieces   []string
		n        int
		left     uint64
	}{
		{"each physical line of a stack trace is a document", stack, 0, head, strings.Split(stack[head+1:], "\n"), 4, 0},
		{"some of them may have lost their tabs", stack, 0, head, strings.Split(strings.ReplaceAll(stack[head+1:], "\t", ""), "\n"), 4, 0},
		{"others' pieces stay", stack, 0, head, append(strings.Split(stack[head+1:], "\n"), "\tat a.b(C.java:1)", "x"), 4, 2},
		{"without one of them none is taken", stack, 0, head, strings.Split(stack[head+1:], "\n")[1:], 0, 3},
		{"one document cannot stand for two", "h\na\na", 0, 1, []string{"a"}, 0, 1},
		{"a long line was split where a buffer was full", long, 0, 1000, []string{long[1000:2000], long[2000:]}, 2, 0},
		{"the identity was in the last piece", long, 2000, 3000, []string{long[:1000], long[1000:2000]}, 2, 0},
		{"the identity was in the middle", long, 1000, 2000, []string{long[2000:], long[:1000]}, 2, 0},
		{"a part that lacks nothing was not split", long, 0, len(long), []string{long[1000:2000]}, 0, 1},
	} {
		t.Run(row.proves, func(t *testing.T) {
			p := NewPieces()
			for _, text := range row.pieces {
				p.Add([]byte(text))
			}
			n, ok := p.Complete([]byte(row.line), row.from, row.to)
			if n != row.n || ok != (row.n > 0) || p.Len() != row.left {
				t.Errorf("%d pieces (%v), %d left; want %d, %d left", n, ok, p.Len(), row.n, row.left)
			}
		})
	}
	t.Run("of a line cut before its identity the beginning is found, once", func(t *testing.T) {
		p := NewPieces()
		p.Add([]byte(long[:2048]))
		if n, ok := p.Beginning([]byte(long)); !ok || n != 2048 {
			t.Errorf("got %d, %v", n, ok)
		}
		if n, ok := p.Beginning([]byte(long)); ok {
			t.Errorf("and again: %d", n)
		}
	})
}

func TestFields(t *testing.T) {
	for _, row := range []struct {
		proves string
		parse  func([]byte) (Fields, error)
		text   string
		want   Fields
	}{
		{"nested and dotted keys are one", ParseJSON, `{"run":{"id":"a"},"run.seq":7,"b":[1,"x",{"c":true}],"n":null}`,
			Fields{"run.id": "a", "run.seq": "7", "b": "1, x", "b.c": "true"}},
		{"bytes that are none become one character", ParseJSON, "{\"a\":\"x\xff\xfey\"}", Fields{"a": "x\ufffdy"}},
		{"a list is no record", ParseJSON, `[1]`, nil},
		{"half an object is none", ParseJSON, `{"a":"b`, nil},
		{"bare and quoted values", ParseLogfmt, `ts=1 msg="a \"b\"\tc" empty= x=y`, Fields{"ts": "1", "msg": "a \"b\"\tc", "empty": "", "x": "y"}},
		{"prose is no logfmt", ParseLogfmt, `hello there`, nil},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got, err := row.parse([]byte(row.text))
			if diff := cmp.Diff(row.want, got); diff != "" || (err == nil) != (row.want != nil) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDiffer(t *testing.T) {
	want := Fields{"a": "1", "b": "x", "c": "y", "d": "2e3"}
	got := Fields{"a": "1.0", "b": "z", "d": "2000", "more": "is the shipper's"}
	if diff := cmp.Diff([]Difference{{"b", "x", "z"}, {"c", "y", ""}}, Differ(want, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzFields(f *testing.F) {
	for _, text := range []string{`{"a":1}`, `{"a":{"b":[1,2]}}`, `a=1 b="c"`, `a="`, "{", "\xff=\x00", `a=` + "`x`", `{"":{"":1}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, parse := range []func([]byte) (Fields, error){ParseJSON, ParseLogfmt} {
			fields, err := parse(text)
			if err != nil && fields != nil {
				t.Errorf("%q: fields %v beside the error %v", text, fields, err)
			}
			if len(Differ(fields, fields)) > 0 {
				t.Errorf("%q: %v differs from itself", text, fields)
			}
		}
	})
}
