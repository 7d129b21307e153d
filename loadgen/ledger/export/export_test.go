package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"plumbline/loadgen/ledger"
)

func header() ledger.Header {
	return ledger.Header{RunID: "run-1", Started: time.Date(2026, 1, 2, 15, 4, 5, 6, time.UTC)}
}

// rows has an attempt of each kind, and names that need quoting.
func rows() []Row {
	var all []Row
	for i, a := range []ledger.Attempt{
		{Expect: 200, Status: 200, Outcome: ledger.Answered, Sent: 2000, Service: 1_904_210, Latency: 1_906_210},
		{Expect: 200, Status: 500, Outcome: ledger.Answered, Sent: 3000, Service: 7, Latency: 8},
		{Status: 204, Outcome: ledger.Answered, Sent: 3000, Service: 7, Latency: 8, Journey: `the "odd", one` + "\n", Route: "/ü<&>"},
		{Outcome: ledger.Timeout, Sent: 10 * time.Second, Service: time.Hour, Latency: time.Hour + 1},
		{Outcome: ledger.Dropped},
		{Outcome: ledger.Unfinished, Sent: 5},
	} {
		a.Seq, a.Scheduled, a.Method = uint64(i+1), time.Duration(i)*time.Microsecond, "GET"
		if a.Journey == "" {
			a.Journey, a.Route = "my data", "/investigations/{id}"
		}
		all = append(all, NewRow(header(), a))
	}
	return all
}

func write(t *testing.T, format string, all []Row) []byte {
	t.Helper()
	var text bytes.Buffer
	w, err := New(format, &text)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestEveryFormatGivesTheRowsBack(t *testing.T) {
	for format, read := range map[string]func(*testing.T, []byte) []Row{JSONL: readJSONL, CSV: readCSV, Parquet: readParquet} {
		t.Run(format, func(t *testing.T) {
			if diff := cmp.Diff(rows(), read(t, write(t, format, rows()))); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
			if got := read(t, write(t, format, nil)); len(got) != 0 {
				t.Errorf("a ledger without attempts gives %d rows", len(got))
			}
		})
	}
}

func readJSONL(t *testing.T, text []byte) []Row {
	var all []Row
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var r Row
		if err := decoder.Decode(&r); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

func readCSV(t *testing.T, text []byte) []Row {
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns(), records[0]); diff != "" {
		t.Fatal(diff)
	}
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && err != nil {
			t.Fatal(err)
		}
		return n
	}
	at := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	var all []Row
	for _, f := range records[1:] {
		r := Row{Run: f[0], Seq: uint64(number(f[1])), Scheduled: at(f[2]), LatencyNS: number(f[4]), ServiceNS: number(f[5]), Journey: f[6], Method: f[7],
			Route: f[8], Expect: int32(number(f[9])), Status: int32(number(f[10])), Outcome: f[11], Unexpected: f[12] == "true", TraceID: f[13]}
		if f[3] != "" {
			sent := at(f[3])
			r.Sent = &sent
		}
		all = append(all, r)
	}
	return all
}

func readParquet(t *testing.T, content []byte) []Row {
	all, err := parquet.Read[Row](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all { // instants come back in the local zone
		all[i].Scheduled = all[i].Scheduled.UTC()
		if all[i].Sent != nil {
			sent := all[i].Sent.UTC()
			all[i].Sent = &sent
		}
	}
	return all
}

// The three agree on the fields, and this is how other tools see them.
func TestParquetSchema(t *testing.T) {
	const want = `message Row {
	required binary run (STRING);
	required int64 seq (INT(64,false));
	required int64 scheduled (TIMESTAMP(isAdjustedToUTC=true,unit=NANOS));
	optional int64 sent (TIMESTAMP(isAdjustedToUTC=true,unit=NANOS));
	optional int64 latency_ns (INT(64,true));
	optional int64 service_ns (INT(64,true));
	required binary journey (STRING);
	required binary method (STRING);
	required binary route (STRING);
	optional int32 expect (INT(32,true));
	optional int32 status (INT(32,true));
	required binary outcome (STRING);
	required boolean unexpected;
	optional binary trace_id (STRING);
}`
	schema := parquet.SchemaOf(Row{})
	if diff := cmp.Diff(want, schema.String()); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, path := range schema.Columns() {
		names = append(names, strings.Join(path, "."))
	}
	if diff := cmp.Diff(columns(), names); diff != "" {
		t.Errorf("CSV and Parquet (-csv +parquet):\n%s", diff)
	}
}

func TestCSVIsRFC4180(t *testing.T) {
	text := string(write(t, CSV, rows()[2:3]))
	const want = "run,seq,scheduled,sent,latency_ns,service_ns,journey,method,route,expect,status,outcome,unexpected,trace_id\r\n" +
		`run-1,3,2026-01-02T15:04:05.000002006Z,2026-01-02T15:04:05.000003006Z,8,7,"the ""odd"", one` + "\r\n" +
		`",GET,/ü<&>,,204,answered,false,`
	if !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("got %q, want %q…", text, want)
	}
}

func TestAFullDiskIsReported(t *testing.T) {
	for _, format := range []string{JSONL, CSV, Parquet} {
		full := errors.New("full")
		w, err := New(format, failing{full})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows() {
			err = errors.Join(err, w.Write(r))
		}
		if err := errors.Join(err, w.Close()); !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", format, err, full)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// Rows leave as they come: what is held is a buffer or a row group, however
// many there are.
func TestRowsAreNotHeldToTheEnd(t *testing.T) {
	for format, held := range map[string]int{JSONL: 2000, CSV: 2000, Parquet: rowGroup} { // rows that may be
		var out counter
		w, err := New(format, &out)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 4 * held {
			if err := w.Write(NewRow(header(), ledger.Attempt{Seq: uint64(n + 1), Outcome: ledger.Unfinished})); err != nil {
				t.Fatal(err)
			}
		}
		early := out
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if early < out*7/10 {
			t.Errorf("%s: %d of %d bytes had left before the end, want most of them", format, early, out)
		}
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func BenchmarkWrite(b *testing.B) {
	for _, format := range []string{JSONL, CSV, Parquet} {
		b.Run(format, func(b *testing.B) {
			w, err := New(format, io.Discard)
			if err != nil {
				b.Fatal(err)
			}
			r := rows()[0]
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
