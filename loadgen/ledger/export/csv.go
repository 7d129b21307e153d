package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

// columns are the names in the header line, in order.
func columns() []string {
	return []string{"run", "seq", "scheduled", "sent", "latency_ns", "service_ns", "journey", "method", "route", "expect", "status", "outcome", "unexpected", "trace_id"}
}

// csvWriter writes RFC 4180: a header line, commas, lines that end in CRLF.
type csvWriter struct {
	out    *csv.Writer
	record []string
}

func newCSVWriter(to io.Writer) (*csvWriter, error) {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	return &csvWriter{out, make([]string, len(columns()))}, out.Write(columns())
}

func (w *csvWriter) Write(r Row) error {
	sent := ""
	if r.Sent != nil {
		sent = r.Sent.Format(time.RFC3339Nano)
	}
	w.record = append(w.record[:0], r.Run, strconv.FormatUint(r.Seq, 10), r.Scheduled.Format(time.RFC3339Nano), sent, known(r.LatencyNS), known(r.ServiceNS),
		r.Journey, r.Method, r.Route, known(int64(r.Expect)), known(int64(r.Status)), r.Outcome, strconv.FormatBool(r.Unexpected), r.TraceID)
	return w.out.Write(w.record)
}

// known writes a value of which zero means that there is none.
func known(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}
