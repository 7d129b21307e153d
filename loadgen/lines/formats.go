package lines

import (
	"fmt"
	"strconv"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// What the ledger says of a line, and what an ECS line says of itself: the
// verdict compares the two, as it does for requests.
const (
	Method        = "LINE"
	StatusWritten = 200
)

// layOut appends a whole line. Everything but the free text is laid out first,
// since the text fills what is left of the line's size.
func (m *Maker) layOut(b []byte, p piece) ([]byte, span) {
	start := len(b)
	m.tail, m.stacked = m.tail[:0], 0
	switch m.Format {
	case ECS:
		b = m.ecs(b, p)
	case Logfmt:
		b = m.logfmt(b, p)
	case Combined:
		b = m.combined(b, p)
	default:
		b = m.plain(b, p)
	}
	text := span{from: len(b)}
	room := p.size + m.stacked - (len(b) - start) - len(m.tail) - 1
	b = p.text.fill(b, m.random.IntN(len(p.text.starts)), max(leastText, room))
	text.to = len(b)
	b = append(b, m.tail...)
	if p.stack > 0 && m.Format == Plain {
		b = m.stack(append(b, '\n'), p.stack, "\n", "\t")
	}
	return append(b, '\n'), text
}

// level draws one: a stack trace is an error's.
func (m *Maker) level(p piece) string {
	n := m.random.IntN(100)
	switch {
	case p.stack > 0 || n < 4:
		return "error"
	case n < 12:
		return "warn"
	case n < 20:
		return "debug"
	}
	return "info"
}

// ecs has the fields of package telemetry. The identity comes early, so that a
// line whose end is missing still has it.
func (m *Maker) ecs(b []byte, p piece) []byte {
	b = appendStamp(append(b, `{"@timestamp":"`...), p.at)
	b = append(append(b, `","run":{"id":"`...), m.RunID...)
	b = strconv.AppendUint(append(b, `","seq":`...), p.seq, 10)
	trace := ledger.TraceID(m.RunID, p.seq)
	b = append(append(b, `},"trace":{"id":"`...), trace...)
	// As demo-app's: the time in milliseconds, then what no other line has.
	b = fmt.Appendf(append(b, `"},"event":{"dataset":"plumbline.lines","kind":"event","id":"`...), "%012x", p.at.UnixMilli())
	b = append(b, trace[8:28]...) // the number and 40 random bits
	b = strconv.AppendInt(append(b, `","duration":`...), 100_000+m.random.Int64N(50_000_000), 10)
	b = append(b, `},"http":{"request":{"method":"`+Method+`"},"response":{"status_code":`...)
	b = strconv.AppendInt(b, StatusWritten, 10)
	b = append(b, `},"route":"`+string(ECS)+`"},"log":{"level":"`...)
	b = append(b, m.level(p)...)
	b = append(append(b, `","logger":"`...), pick(m, m.loggers)...)
	b = append(b, `"},"ecs":{"version":"`+telemetry.ECSVersion+`"},"service":{"name":"loadgen-lines"}`...)
	if p.stack > 0 {
		b = m.stack(append(b, `,"error":{"stack_trace":"`...), p.stack, `\n`, `\t`)
		b = append(b, `"}`...)
	}
	m.tail = append(m.tail, `"}`...)
	return append(b, `,"message":"`...)
}

func (m *Maker) logfmt(b []byte, p piece) []byte {
	b = appendStamp(append(b, "ts="...), p.at)
	b = append(append(b, " level="...), m.level(p)...)
	b = m.identity(append(b, ' '), p.seq)
	b = append(append(b, " trace.id="...), ledger.TraceID(m.RunID, p.seq)...)
	b = append(append(b, " logger="...), pick(m, m.loggers)...)
	if p.stack > 0 {
		b = append(m.stack(append(b, ` stack="`...), p.stack, `\n`, `\t`), '"')
	}
	m.tail = append(m.tail, '"')
	return append(b, ` msg="`...)
}

// combined puts the identity into the query: every parser of access lines keeps
// the request, while a further field at the end fails the strict ones and is
// passed over by the others.
func (m *Maker) combined(b []byte, p piece) []byte {
	b = append(b, "192.0.2."...) // the addresses of documentation
	b = strconv.AppendInt(b, 1+m.random.Int64N(254), 10)
	b = p.at.AppendFormat(append(b, " - - ["...), "02/Jan/2006:15:04:05 -0700")
	b = strconv.AppendInt(append(b, `] "GET /investigations/`...), 1+m.random.Int64N(5000), 10)
	b = append(append(b, "?run.id="...), m.RunID...)
	b = strconv.AppendUint(append(b, "&run.seq="...), p.seq, 10)
	b = strconv.AppendInt(append(b, ` HTTP/1.1" 200 `...), 200+m.random.Int64N(20_000), 10)
	m.tail = append(m.tail, '"')
	return append(b, ` "https://icat.example/" "`...)
}

func (m *Maker) plain(b []byte, p piece) []byte {
	b = appendStamp(b, p.at)
	b = append(append(b, ' '), m.level(p)...)
	b = append(append(b, ' '), pick(m, m.loggers)...)
	m.tail = append(append(m.tail, " trace.id="...), ledger.TraceID(m.RunID, p.seq)...)
	m.tail = m.identity(append(m.tail, ' '), p.seq)
	return append(b, ": "...)
}

// appendStamp appends t, which is in UTC, in telemetry.TimestampLayout. Package
// time is fast at RFC 3339 only without a fraction.
func appendStamp(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339)
	b[len(b)-1] = '.' // was Z
	nine := len(b)
	b = strconv.AppendInt(b, int64(1e9+t.Nanosecond()), 10)
	copy(b[nine:], b[nine+1:]) // drops the 1
	b[len(b)-1] = 'Z'
	return b
}
