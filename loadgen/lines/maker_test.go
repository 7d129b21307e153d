package lines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

const testRun = "20260102T150405Z-abc123"

func testStart() time.Time { return time.Date(2026, 1, 2, 15, 4, 5, 6_000_000, time.UTC) }

func content(f Format) Content {
	c := Content{RunID: testRun, Seed: 7, Format: f, Size: Size{500, 900}, Multiline: 0.3, Unicode: 0.3, Overlong: 4096}
	if f == Combined {
		c.Multiline = 0
	}
	return c
}

// identity is what a reader learns of a line.
type identity struct {
	Run, Seq, Trace, Time string
}

func wanted(seq uint64, at time.Time) identity {
	return identity{testRun, fmt.Sprint(seq), ledger.TraceID(testRun, seq), at.Format(telemetry.TimestampLayout)}
}

// parsers read a line as a shipper would, strictly: what they do not
// understand is an error.
func parsers() map[Format]func([]byte) (identity, error) {
	return map[Format]func([]byte) (identity, error){ECS: parseECS, Logfmt: parseLogfmt, Combined: parseCombined, Plain: parsePlain}
}

func parseECS(line []byte) (identity, error) {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if !utf8.Valid(line) {
		return identity{}, fmt.Errorf("not UTF-8")
	}
	if err := d.Decode(&doc); err != nil {
		return identity{}, err
	}
	get := func(field string) string {
		var at any = doc
		if field != telemetry.FieldTimestamp {
			for key := range strings.SplitSeq(field, ".") {
				object, _ := at.(map[string]any)
				at = object[key]
			}
		} else {
			at = doc[field]
		}
		return fmt.Sprint(at)
	}
	id := identity{get(telemetry.FieldRunID), get(telemetry.FieldRunSeq), get(telemetry.FieldTraceID), get(telemetry.FieldTimestamp)}
	at, err := time.Parse(time.RFC3339Nano, id.Time)
	if err != nil || len(id.Trace) != 32 {
		return id, fmt.Errorf("trace %s at %s: %v", id.Trace, id.Time, err)
	}
	for field, want := range map[string]string{
		telemetry.FieldMethod: Method, telemetry.FieldRoute: "ecs", telemetry.FieldStatus: "200",
		telemetry.FieldEventID: fmt.Sprintf("%012x%s", at.UnixMilli(), id.Trace[8:28]), telemetry.FieldECSVersion: telemetry.ECSVersion, telemetry.FieldEventDataset: "plumbline.lines",
	} {
		if got := get(field); got != want {
			return id, fmt.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	if n, err := strconv.Atoi(get(telemetry.FieldEventDuration)); err != nil || n <= 0 {
		return id, fmt.Errorf("%s is %s", telemetry.FieldEventDuration, get(telemetry.FieldEventDuration))
	}
	return id, nil
}

// parseLogfmt knows key=bare and key="quoted", with Go's escapes.
func parseLogfmt(line []byte) (identity, error) {
	values := map[string]string{}
	if !utf8.Valid(line) {
		return identity{}, fmt.Errorf("not UTF-8")
	}
	for rest := strings.TrimSuffix(string(line), "\n"); rest != ""; {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \"") || values[key] != "" {
			return identity{}, fmt.Errorf("bad key at %.40q", rest)
		}
		value := after
		if strings.HasPrefix(after, `"`) {
			quoted, err := strconv.QuotedPrefix(after)
			if err != nil {
				return identity{}, fmt.Errorf("value of %s: %w", key, err)
			}
			if value, err = strconv.Unquote(quoted); err != nil || strings.Contains(value, "\x00") {
				return identity{}, fmt.Errorf("value of %s is not a text: %v", key, err)
			}
			rest = after[len(quoted):]
		} else {
			value, _, _ = strings.Cut(after, " ")
			rest = after[len(value):]
		}
		values[key] = value
		if rest != "" {
			if rest[0] != ' ' {
				return identity{}, fmt.Errorf("no space after %s", key)
			}
			rest = rest[1:]
		}
	}
	return identity{values["run.id"], values["run.seq"], values["trace.id"], values["ts"]}, nil
}

// parseCombined is as strict as parsers of nginx's default format are.
func parseCombined(line []byte) (identity, error) {
	full := regexp.MustCompile(`^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (HTTP/[\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"\n$`)
	m := full.FindSubmatch(line)
	if m == nil || !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return identity{}, fmt.Errorf("not a combined line")
	}
	q := regexp.MustCompile(`^/investigations/\d+\?run\.id=([A-Za-z0-9._-]+)&run\.seq=(\d+)$`).FindSubmatch(m[6])
	if q == nil {
		return identity{}, fmt.Errorf("no identity in %s", m[6])
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(m[4]))
	return identity{string(q[1]), string(q[2]), "", at.UTC().Format(time.RFC3339)}, err
}

func parsePlain(record []byte) (identity, error) {
	line, stack, _ := bytes.Cut(record, []byte("\n"))
	m := regexp.MustCompile(`^(\S{30}) (?:debug|info|warn|error) [a-z.]+: [^\x00]+ trace\.id=(\S+) run\.id=(\S+) run\.seq=(\d+)$`).FindSubmatch(line)
	if m == nil || !utf8.Valid(line) {
		return identity{}, fmt.Errorf("not a plain line")
	}
	for l := range bytes.Lines(stack) {
		if !regexp.MustCompile(`^(\tat \S+\(\w+\.java:\d+\)|Caused by: .+|[a-z]+\.[\w.]+(Exception): .+)\n$`).Match(l) {
			return identity{}, fmt.Errorf("not a line of a stack trace: %q", l)
		}
	}
	return identity{string(m[3]), string(m[4]), string(m[2]), string(m[1])}, nil
}

func TestEachFormatReadsBack(t *testing.T) {
	for format, parse := range parsers() {
		t.Run(string(format), func(t *testing.T) {
			m := NewMaker(content(format))
			kinds := map[Kind]int{}
			for seq := uint64(1); seq <= 500; seq++ {
				at := testStart().Add(time.Duration(seq) * 1_234_567)
				line, kind := m.Append(nil, seq, at)
				kinds[kind]++
				got, err := parse(line)
				if err != nil {
					t.Fatalf("line %d, %s: %v\n%s", seq, kind, err, line)
				}
				want := wanted(seq, at)
				if format == Combined { // it has neither a trace nor a fraction of a second
					want.Trace, want.Time = "", at.Format(time.RFC3339)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("line %d (-want +got):\n%s\n%s", seq, diff, line)
				}
				if kind == Whole || kind == Unicode {
					if len(line) < 500 || len(line) > 900 {
						t.Fatalf("line %d has %d bytes, want 500 to 900", seq, len(line))
					}
				}
				if format != Plain && bytes.Count(line, []byte("\n")) != 1 {
					t.Fatalf("line %d has more than one physical line", seq)
				}
			}
			want := 4
			if format == Combined {
				want = 2
			}
			if len(kinds) != want {
				t.Errorf("kinds: %v", kinds)
			}
		})
	}
}

// The other side of the test above: these parsers refuse what is malformed,
// and the identity is in it as text all the same.
func TestMalformedLinesKeepTheirIdentity(t *testing.T) {
	for format, parse := range parsers() {
		t.Run(string(format), func(t *testing.T) {
			c := content(format)
			c.Malformed = 1
			m := NewMaker(c)
			kinds := map[Kind]int{}
			id := regexp.MustCompile(`run\.id=` + testRun + `[& ]run\.seq=(\d+)`)
			if format == ECS {
				id = regexp.MustCompile(`"run":{"id":"` + testRun + `","seq":(\d+)}|run\.id=` + testRun + ` run\.seq=(\d+)`)
			}
			for seq := uint64(1); seq <= 250; seq++ {
				line, kind := m.Append(nil, seq, testStart())
				kinds[kind]++
				found := id.FindSubmatch(line)
				if found == nil || string(bytes.Join(found[1:], nil)) != fmt.Sprint(seq) {
					t.Fatalf("line %d, %s: identity %q\n%q", seq, kind, found, line)
				}
				if bytes.IndexByte(line, '\n') != len(line)-1 {
					t.Fatalf("line %d, %s: not one line", seq, kind)
				}
				_, err := parse(line)
				if refused := err != nil; refused != (kind != Overlong) {
					t.Fatalf("line %d, %s: the parser says %v\n%q", seq, kind, err, line)
				}
				if (kind == Overlong) != (len(line) == 4096) {
					t.Fatalf("line %d, %s: %d bytes", seq, kind, len(line))
				}
				if (kind == InvalidUTF8 && utf8.Valid(line)) || (kind == NUL && bytes.Count(line, []byte{0}) != 4) {
					t.Fatalf("line %d is not %s", seq, kind)
				}
			}
			for _, kind := range malformedKinds() {
				if kinds[kind] < 25 || !kind.Malformed() { // 50 expected
					t.Errorf("%d of 250 are %s", kinds[kind], kind)
				}
			}
		})
	}
}

func TestSharesAreAsAsked(t *testing.T) {
	c := content(ECS)
	c.Multiline, c.Unicode, c.Malformed = 0.1, 0.4, 0.2
	m := NewMaker(c)
	const n = 50_000
	var multiline, unicode, malformed, rest float64
	for seq := uint64(1); seq <= n; seq++ {
		kind := m.Kind(seq)
		if kind.Malformed() {
			malformed++
			continue
		}
		rest++
		if kind == StackTrace || kind == UnicodeStack {
			multiline++
		}
		if kind == Unicode || kind == UnicodeStack {
			unicode++
		}
	}
	for name, share := range map[string][2]float64{"malformed": {malformed / n, 0.2}, "multiline": {multiline / rest, 0.1}, "unicode": {unicode / rest, 0.4}} {
		if math.Abs(share[0]-share[1]) > 0.01 { // more than four standard deviations
			t.Errorf("%s: %.4f, want %.2f", name, share[0], share[1])
		}
	}
}

func TestSameSeedSameLines(t *testing.T) {
	c := content(Plain)
	c.Malformed = 0.2
	first, second := NewMaker(c), NewMaker(c)
	c.Seed++
	other := NewMaker(c)
	differ := 0
	for seq := uint64(1); seq <= 300; seq++ {
		line, kind := first.Append(nil, seq, testStart())
		again, _ := second.Append(nil, 301-seq, testStart()) // in another order
		again, _ = second.Append(again[:0], seq, testStart())
		if !bytes.Equal(line, again) {
			t.Fatalf("line %d:\n%q\n%q", seq, line, again)
		}
		if kind != first.Kind(seq) {
			t.Fatalf("line %d is %s, then %s", seq, kind, first.Kind(seq))
		}
		if line2, _ := other.Append(nil, seq, testStart()); !bytes.Equal(line, line2) {
			differ++
		}
	}
	if differ != 300 {
		t.Errorf("another seed changed %d of 300 lines", differ)
	}
}

func TestStackTracesHave3To30Lines(t *testing.T) {
	c := content(Plain)
	c.Multiline = 1
	m := NewMaker(c)
	seen := map[int]bool{}
	for seq := uint64(1); seq <= 2000; seq++ {
		line, _ := m.Append(nil, seq, testStart())
		seen[bytes.Count(line, []byte("\n"))-1] = true
	}
	for n := range seen {
		if n < 3 || n > 30 {
			t.Errorf("a stack trace of %d lines", n)
		}
	}
	if len(seen) != 28 {
		t.Errorf("%d lengths, want all of 3 to 30", len(seen))
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	p := newProse(unicodeSentences(), 1)
	for n := range 3000 {
		got := p.fill([]byte("x"), n, n)
		if len(got) != n+1 || !utf8.Valid(got) {
			t.Fatalf("%d bytes: got %d, valid %v", n, len(got)-1, utf8.Valid(got))
		}
	}
}

func TestWrongContent(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Content)
		want   string
	}{
		{"a share above all", func(c *Content) { c.Malformed = 1.1 }, "malformed 1.1: must be 0 (none) to 1 (all)"},
		{"a negative share", func(c *Content) { c.Unicode = -0.1 }, "unicode -0.1"},
		{"a share that is no number", func(c *Content) { c.Multiline = math.NaN() }, "multiline NaN"},
		{"stack traces in an access log", func(c *Content) { c.Format, c.Multiline = Combined, 0.1 }, "has no stack traces"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := content(ECS)
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			row.change(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func FuzzParseSize(f *testing.F) {
	for _, text := range []string{"600", "200-1200", "", "-", "5-", "-5", "9-1", "0", "1e3", "99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSize(text); err == nil && (s.Min < 1 || s.Max < s.Min || s.Max > MaxSize) {
			t.Errorf("%q is %+v", text, s)
		}
	})
}

func FuzzParseRotation(f *testing.F) {
	for _, text := range []string{"", "10MiB", "10MiB,5", "1k", "1e99", ",", "2048,0", "2048,-1", "NaN", "-5MB"} {
		f.Add(text, "rename")
	}
	f.Fuzz(func(t *testing.T, text, style string) {
		r, err := ParseRotation(text, style)
		if err == nil && (r.Size != 0 && r.Size < leastRotation || (r.Size == 0) != (text == "") || r.Keep < 0) {
			t.Errorf("%q is %+v", text, r)
		}
	})
}
