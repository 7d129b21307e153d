// Package export writes a ledger's attempts in the forms that other tools read:
// JSON Lines, CSV and Parquet. All three have the same fields, one row an
// attempt, and write rows as they come: memory does not follow the run's length.
//
// Reading ledgers is package ledger's, choosing attempts the command line's.
package export

import (
	"fmt"
	"io"
	"time"

	"plumbline/loadgen/ledger"
)

// Row is an attempt on its own: with its run, and times of the calendar. In CSV
// and JSON Lines, timestamps are RFC 3339 in UTC with up to nine decimals. What
// an attempt does not have (a dropped one was not sent) is empty in CSV,
// absent in JSON Lines and null in Parquet.
type Row struct {
	Run        string     `json:"run" parquet:"run,dict"`
	Seq        uint64     `json:"seq" parquet:"seq,delta"` // number of the attempt, from 1
	Scheduled  time.Time  `json:"scheduled" parquet:"scheduled,timestamp(nanosecond)"`
	Sent       *time.Time `json:"sent,omitempty" parquet:"sent,optional,timestamp(nanosecond)"`
	LatencyNS  int64      `json:"latency_ns,omitempty" parquet:"latency_ns,optional"` // nanoseconds from scheduled to the end
	ServiceNS  int64      `json:"service_ns,omitempty" parquet:"service_ns,optional"` // nanoseconds from sent to the end
	Journey    string     `json:"journey" parquet:"journey,dict"`
	Method     string     `json:"method" parquet:"method,dict"`
	Route      string     `json:"route" parquet:"route,dict"`                     // template, as in http.route
	Expect     int32      `json:"expect,omitempty" parquet:"expect,optional"`     // HTTP status that the journey expects; none for any
	Status     int32      `json:"status,omitempty" parquet:"status,optional"`     // HTTP status that came; none unless answered
	Outcome    string     `json:"outcome" parquet:"outcome,dict"`                 // answered, timeout, reset, refused, dropped, open
	Unexpected bool       `json:"unexpected" parquet:"unexpected"`                // answered with another status than expected
	TraceID    string     `json:"trace_id,omitempty" parquet:"trace_id,optional"` // W3C trace id, 32 hex digits; none if dropped
}

// NewRow gives an attempt of the run h.
func NewRow(h ledger.Header, a ledger.Attempt) Row {
	r := Row{
		Run: h.RunID, Seq: a.Seq, Scheduled: h.Started.Add(a.Scheduled).UTC(), LatencyNS: int64(a.Latency), ServiceNS: int64(a.Service),
		Journey: a.Journey, Method: a.Method, Route: a.Route, Expect: int32(a.Expect), Status: int32(a.Status),
		Outcome: string(a.Outcome), Unexpected: a.Unexpected(),
	}
	if a.Outcome != ledger.Dropped {
		sent := h.Started.Add(a.Sent).UTC()
		r.Sent, r.TraceID = &sent, ledger.TraceID(h.RunID, a.Seq)
	}
	return r
}

// Writer writes rows. What was written is complete only after Close, which
// leaves the writer below open.
type Writer interface {
	Write(Row) error
	Close() error
}

// The formats that New knows.
const (
	JSONL   = "jsonl"
	CSV     = "csv"
	Parquet = "parquet"
)

// New begins an export.
func New(format string, to io.Writer) (Writer, error) {
	switch format {
	case JSONL:
		return newJSONLWriter(to), nil
	case CSV:
		return newCSVWriter(to)
	case Parquet:
		return newParquetWriter(to), nil
	default:
		return nil, fmt.Errorf("unknown format %q", format)
	}
}
