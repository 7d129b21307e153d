package icat

import (
	"fmt"
	"time"
)

// layout is RFC 3339 with a numeric offset, as ICAT clients have always seen
// it: 2009-02-18T13:40:27+00:00. Fractions appear only when there are any.
const layout = "2006-01-02T15:04:05.999-07:00"

// Time is a catalogue date: UTC, to the millisecond. Its zero value is "no date".
type Time struct{ t time.Time }

// At returns the catalogue date of t.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// FromMillis returns the date that is ms milliseconds after 1970 began.
func FromMillis(ms int64) Time { return Time{time.UnixMilli(ms).UTC()} }

// ParseTime reads an RFC 3339 date or date-time, a space accepted for the T.
func ParseTime(s string) (Time, error) {
	for _, l := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(l, s); err == nil && t.Year() >= 0 && t.Year() <= 9999 {
			return At(t), nil
		}
	}
	return Time{}, fmt.Errorf("not an RFC 3339 date")
}

// parseMinute reads ICAT's date of a search: yyyyMMddHHmm, UTC.
func parseMinute(s string) (Time, error) {
	t, err := time.Parse("200601021504", s)
	return At(t), err
}

// IsZero reports whether there is no date.
func (t Time) IsZero() bool { return t.t.IsZero() }

// Time returns the instant.
func (t Time) Time() time.Time { return t.t }

// Millis returns milliseconds since 1970 began.
func (t Time) Millis() int64 { return t.t.UnixMilli() }

// String returns the date as JSON carries it, without quotes.
func (t Time) String() string { return t.t.Format(layout) }

// MarshalJSON writes the date as a string.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.appendJSON(make([]byte, 0, len(layout)+2)), nil
}

func (t Time) appendJSON(b []byte) []byte {
	b = append(b, '"')
	b = t.t.AppendFormat(b, layout)
	return append(b, '"')
}

// UnmarshalJSON reads a date that ParseTime accepts.
func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("date %s: not a string", b)
	}
	p, err := ParseTime(string(b[1 : len(b)-1]))
	if err != nil {
		return fmt.Errorf("date %s: %w", b, err)
	}
	*t = p
	return nil
}
