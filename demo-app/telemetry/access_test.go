package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli/transcript"
)

func anAccess() *Access {
	return &Access{
		Identity: Identity{TraceID: aTrace, SpanID: "00f067aa0ba902b7", RequestID: "req-1", RunID: "20260301T120000Z-a1b2c3", RunSeq: 17},
		Ended:    time.Date(2026, 3, 1, 13, 0, 0, 120_000_000, time.FixedZone("", 3600)), Duration: 412345 * time.Nanosecond,
		Method: "GET", Route: "/icat/{username}", Path: "/icat/Karen482", Status: 404, Bytes: 97,
		User: "Karen482", ClientIP: "127.0.0.1", UserAgent: "loadgen/1",
		Err: &AccessError{Code: "NO_SUCH_OBJECT_FOUND", Type: "icat.Error", Message: "User[name:x] not found."},
	}
}

func aLog(w io.Writer) *Log {
	return NewLog(w, Service{Name: "icat-demo-api", Version: "1.2.3", Environment: "demo", Node: `host"1`}, -1)
}

// flatten turns nested objects into dotted names, as Elasticsearch does.
func flatten(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var nested map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&nested); err != nil {
		t.Fatalf("line is not JSON: %v: %s", err, line)
	}
	flat := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for k, v := range m {
			if strings.Contains(k, ".") {
				t.Errorf("key %q is dotted, not nested", prefix+k)
			}
			if sub, ok := v.(map[string]any); ok {
				walk(prefix+k+".", sub)
			} else {
				flat[prefix+k] = v
			}
		}
	}
	walk("", nested)
	return flat
}

func TestAccessLineHasEveryFieldWithItsType(t *testing.T) {
	var out bytes.Buffer
	aLog(&out).Access(anAccess())
	got := flatten(t, out.Bytes())
	if id, _ := got[FieldEventID].(string); !isHex(id, 32) {
		t.Errorf("event.id is %v", got[FieldEventID])
	}
	delete(got, FieldEventID)
	want := map[string]any{
		FieldTimestamp: "2026-03-01T12:00:00.120000000Z", FieldLogLevel: "info", FieldMessage: "request answered", FieldECSVersion: ECSVersion,
		FieldServiceName: "icat-demo-api", FieldServiceVer: "1.2.3", FieldServiceEnv: "demo", FieldServiceNode: `host"1`,
		FieldEventDataset: DatasetAccess, FieldEventKind: "event", FieldEventCategory: []any{"web"}, FieldEventOutcome: "success",
		FieldEventDuration: json.Number("412345"), FieldRequestID: "req-1", FieldMethod: "GET", FieldStatus: json.Number("404"),
		FieldResponseBytes: json.Number("97"), FieldPath: "/icat/Karen482", FieldRoute: "/icat/{username}", FieldUserName: "Karen482",
		FieldClientIP: "127.0.0.1", FieldUserAgent: "loadgen/1", FieldTraceID: aTrace, FieldSpanID: "00f067aa0ba902b7",
		FieldErrorCode: "NO_SUCH_OBJECT_FOUND", FieldErrorType: "icat.Error", FieldErrorMessage: "User[name:x] not found.",
		FieldRunID: "20260301T120000Z-a1b2c3", FieldRunSeq: json.Number("17"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("access line (-want +got):\n%s", diff)
	}
}

func TestWhatIsAbsentIsLeftOut(t *testing.T) {
	var out bytes.Buffer
	a := anAccess()
	a.User, a.UserAgent, a.Err, a.RunID, a.RunSeq = "", "", nil, "", 0
	aLog(&out).Access(a)
	got := flatten(t, out.Bytes())
	for _, f := range []string{FieldUserName, FieldUserAgent, FieldErrorCode, FieldErrorType, FieldErrorMessage, FieldRunID, FieldRunSeq} {
		if v, ok := got[f]; ok {
			t.Errorf("%s is %v, want it left out", f, v)
		}
	}
}

func TestOutcomeIsFailureFrom500(t *testing.T) {
	for status, want := range map[int]string{200: "success", 404: "success", 499: "success", 500: "failure", 504: "failure"} {
		var out bytes.Buffer
		a := anAccess()
		a.Status = status
		aLog(&out).Access(a)
		if got := flatten(t, out.Bytes())[FieldEventOutcome]; got != want {
			t.Errorf("status %d: outcome %v, want %s", status, got, want)
		}
	}
}

func TestHostileTextStaysInsideOneLine(t *testing.T) {
	var out bytes.Buffer
	a := anAccess()
	a.Path = "/icat/\"\n\x00\xff{\"event\":1}" + strings.Repeat("é", 2000)
	a.UserAgent = strings.Repeat("\xf0", 2000)
	aLog(&out).Access(a)
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
		t.Errorf("%d newlines, want 1", n)
	}
	if got := flatten(t, out.Bytes()); len(got[FieldPath].(string)) > 2*maxPath {
		t.Errorf("path is %d bytes long", len(got[FieldPath].(string)))
	}
}

func TestLevelBoundsAppLinesOnly(t *testing.T) {
	var out bytes.Buffer
	level, err := ParseLevel("error")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog(&out, Service{}, level)
	l.Info().Str("k", "v").Msg("not written")
	Failure(l.Warn(), Identity{}, "c", "t", "m", nil).Msg("not written")
	l.Access(anAccess())
	l.Error().Msg("written")
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 2 {
		t.Errorf("%d lines, want the access line and the error:\n%s", n, out.Bytes())
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error("level loud is accepted")
	}
}

func TestAppLine(t *testing.T) {
	var out bytes.Buffer
	Failure(aLog(&out).Error(), anAccess().Identity, "INTERNAL", "string", "boom", []byte("stack\n")).Msg("handler panicked")
	got := flatten(t, out.Bytes())
	if stamp, _ := got[FieldTimestamp].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$`).MatchString(stamp) {
		t.Errorf("@timestamp is %v", got[FieldTimestamp])
	}
	want := []string{
		FieldTimestamp, FieldECSVersion, FieldErrorCode, FieldErrorMessage, FieldErrorStack, FieldErrorType, FieldEventDataset, FieldEventID,
		FieldEventKind, FieldLogLevel, FieldMessage, FieldRequestID, FieldServiceEnv, FieldServiceName, FieldServiceNode, FieldServiceVer, FieldSpanID, FieldTraceID,
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("app line's fields (-want +got):\n%s", diff)
	}
}

// Whatever a client sends, the line is one line of JSON that the standard
// library reads back as it was, but for bytes that are not UTF-8.
func FuzzAccessLine(f *testing.F) {
	f.Add("/icat/Karen482", "curl/8", "Karen482", "message")
	f.Add("/\"\\\n\x00\x1f\x7f", "\xff\xfe", "é\u2028\u2029<&>", "\xed\xa0\x80")
	f.Add(strings.Repeat("é", maxPath), strings.Repeat("\U0001F600", maxUserAgent), "\ufffd", "\b\f\r\t/")
	f.Fuzz(func(t *testing.T, path, agent, user, message string) {
		var out bytes.Buffer
		a := anAccess()
		a.Path, a.UserAgent, a.User, a.Err.Message = path, agent, user, message
		a.Route, a.Method, a.ClientIP = path, agent, message
		aLog(&out).Access(a)
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 || !bytes.HasSuffix(out.Bytes(), []byte("}\n")) {
			t.Errorf("%d newlines in %q", n, out.Bytes())
		}
		if !utf8.Valid(out.Bytes()) {
			t.Errorf("not UTF-8: %q", out.Bytes())
		}
		got := flatten(t, out.Bytes())
		for field, text := range map[string]string{
			FieldPath: cut(path, maxPath), FieldUserAgent: cut(agent, maxUserAgent), FieldUserName: user, FieldErrorMessage: message,
			FieldRoute: path, FieldMethod: agent, FieldClientIP: message,
		} {
			want := strings.ToValidUTF8(text, "\uFFFD")
			if v, ok := got[field]; ok != (text != "" || field != FieldUserName && field != FieldUserAgent) || ok && v != want {
				t.Errorf("%s is %q, want %q", field, v, want)
			}
		}
	})
}

func TestStampsHaveNineDigits(t *testing.T) {
	var c clock
	for _, nanos := range []int64{0, 1, 999_999_999, 120_000_000, 1_772_366_400_000_000_009} {
		at := time.Unix(0, nanos).In(time.FixedZone("", -5*3600))
		if got, want := string(c.append(nil, at)), at.UTC().Format(TimestampLayout); got != want {
			t.Errorf("stamp %s, want %s", got, want)
		}
	}
}

func TestTheLevelCanChangeUnderLoad(t *testing.T) {
	var out transcript.Buffer
	l := NewLog(&out, Service{}, 0)
	var wg sync.WaitGroup
	const writers, each = 4, 500
	for range writers {
		wg.Go(func() {
			for i := range each {
				l.SetLevel(Level(i % 4))
				l.Info().Msg("maybe")
				l.Access(anAccess())
			}
		})
	}
	wg.Wait()
	if n := strings.Count(out.String(), DatasetAccess); n != writers*each {
		t.Errorf("%d access lines of %d", n, writers*each)
	}
	l.SetLevel(3)
	if l.Warn() != nil || l.Error() == nil {
		t.Error("at level error a warning is written, or an error is not")
	}
}

func TestAnAccessLineAllocatesNothing(t *testing.T) {
	l, a := aLog(NewLines(io.Discard)), anAccess()
	if n := testing.AllocsPerRun(1000, func() { l.Access(a) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

func BenchmarkAccessLine(b *testing.B) {
	l, a := aLog(NewLines(io.Discard)), anAccess()
	a.Err, a.Status = nil, 200
	b.ReportAllocs()
	for b.Loop() {
		l.Access(a)
	}
}
