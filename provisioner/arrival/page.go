package arrival

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-faster/jx"

	"plumbline/demo-app/telemetry"
)

// column is the place of a field in a document.
type column int

const (
	colSeq column = iota
	colMethod
	colRoute
	colStatus
	colTrace
	colEvent
	colDuration
	colTimestamp
	colCreated
	colIngested
	columns
)

func columnNames() map[string]column {
	return map[string]column{
		telemetry.FieldRunSeq:        colSeq,
		telemetry.FieldMethod:        colMethod,
		telemetry.FieldRoute:         colRoute,
		telemetry.FieldStatus:        colStatus,
		telemetry.FieldTraceID:       colTrace,
		telemetry.FieldEventID:       colEvent,
		telemetry.FieldEventDuration: colDuration,
		telemetry.FieldTimestamp:     colTimestamp,
		telemetry.FieldEventCreated:  colCreated,
		telemetry.FieldEventIngested: colIngested,
	}
}

// document is one hit: the text of each field, "" where it has none and
// "a, b" where it has more than one value. It is a piece of the answer, and valid as
// long.
type document struct {
	index  []byte // backing index
	source []byte // the stored document, if the layout asks for it
	values [columns][]byte
}

// seq is the attempt's number; 0 if the document has none that is one.
func (d *document) seq() uint64 {
	n, ok := natural(d.values[colSeq])
	if !ok {
		return 0
	}
	return uint64(n)
}

// time reads a column of milliseconds since 1970.
func (d *document) time(c column) (time.Time, bool) {
	ms, ok := natural(d.values[c])
	return time.UnixMilli(ms).UTC(), ok
}

// duration reads event.duration.
func (d *document) duration() (time.Duration, bool) {
	ns, ok := natural(d.values[colDuration])
	return time.Duration(ns), ok
}

// sortedMissing is what Elasticsearch sorts a missing number as.
const sortedMissing = "9223372036854775807"

// natural reads a number of at most 18 digits.
func natural(text []byte) (n int64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, 0 < len(text) && len(text) <= 18
}

// PartialError is an answer of a part of the documents: the others would count as lost.
type PartialError struct{ Failed int } // shards; 0 for an answer that was cut off by a time limit

func (e *PartialError) Error() string {
	if e.Failed == 0 {
		return "search: Elasticsearch gave up before the end (timed_out)"
	}
	return fmt.Sprintf("search: %s did not answer", things(uint64(e.Failed), "shard"))
}

// Hint says what to try next.
func (e *PartialError) Hint() string {
	if e.Failed == 0 {
		return "is Elasticsearch overloaded? ask again"
	}
	return "is a shard missing? GET _cluster/health says red then; wait until it is yellow or green"
}

// page is what an answer says beside its hits.
type page struct {
	hits int
	last []byte // sort values of the last hit, as they go into search_after: a piece of the answer
	pit  string // id to use from now on
}

// pageDecoder reads answers hit by hit, in place: a million documents make no
// garbage beyond the answers themselves.
type pageDecoder struct {
	dec    jx.Decoder
	values jx.Decoder
	names  map[string]column
	layout layout
	doc    document
}

func newPageDecoder(n Names) *pageDecoder { return &pageDecoder{names: n.columns()} }

// decode calls yield for each hit of an answer. An answer that covers only a
// part of the shards, or that was cut off by a time limit, is an error: the
// missing documents would count as lost.
func (p *pageDecoder) decode(answer []byte, l layout, yield func(*document)) (page, error) {
	p.layout = l
	var (
		out      page
		timedOut bool
		failed   int
	)
	p.dec.ResetBytes(answer)
	err := p.dec.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "pit_id":
			out.pit, err = d.Str()
			return err
		case "timed_out":
			timedOut, err = d.Bool()
			return err
		case "_shards":
			return d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
				if string(key) != "failed" {
					return d.Skip()
				}
				failed, err = d.Int()
				return err
			})
		case "hits":
			return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
				if string(key) != "hits" {
					return d.Skip()
				}
				return d.Arr(func(d *jx.Decoder) error {
					if err := p.hit(d, &out); err != nil {
						return err
					}
					yield(&p.doc)
					return nil
				})
			})
		}
		return d.Skip()
	})
	switch {
	case err != nil:
		return page{}, fmt.Errorf("read the answer to a search: %w", err)
	case timedOut:
		return page{}, &PartialError{}
	case failed > 0:
		return page{}, &PartialError{failed}
	}
	return out, nil
}

func (p *pageDecoder) hit(d *jx.Decoder, out *page) error {
	out.hits++
	p.doc = document{values: p.layout.given}
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "_index":
			text, err := d.StrBytes()
			p.doc.index = text
			return err
		case "_source":
			raw, err := d.Raw()
			p.doc.source = raw
			return err
		case "sort":
			return p.sorted(d, out)
		case "fields":
			return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
				c, known := p.names[string(key)]
				if !known {
					return d.Skip()
				}
				return d.Arr(func(d *jx.Decoder) error { return p.value(d, c) })
			})
		}
		return d.Skip()
	})
}

// sorted takes the columns that come as sort values, and keeps all of these as they
// are for the next search_after.
func (p *pageDecoder) sorted(d *jx.Decoder, out *page) error {
	if found := d.Next(); found != jx.Array {
		return fmt.Errorf("sort is %s, want an array", found)
	}
	array, err := d.Raw()
	if err != nil {
		return err
	}
	out.last = array
	for rest, i := []byte(array[1:]), 0; i < len(p.layout.sorted); i++ {
		var value []byte
		if value, rest = element(rest); value == nil {
			return nil
		}
		c := p.layout.sorted[i]
		if c == columns {
			continue
		}
		if p.doc.values[c], err = p.text(value); err != nil {
			return err
		}
	}
	return nil
}

// element cuts the first element off the rest of a valid array of numbers, texts and
// nulls; nil if there is none.
func element(rest []byte) (value, after []byte) {
	for len(rest) > 0 && (rest[0] == ',' || rest[0] <= ' ') {
		rest = rest[1:]
	}
	end := 0
	switch {
	case len(rest) == 0 || rest[0] == ']':
		return nil, nil
	case rest[0] == '"':
		for end = 1; rest[end] != '"'; end++ {
			if rest[end] == '\\' {
				end++
			}
		}
		end++
	default:
		for rest[end] != ',' && rest[end] != ']' && rest[end] > ' ' {
			end++
		}
	}
	return rest[:end], rest[end:]
}

// text is what a sort value says: "" if the document has none.
func (p *pageDecoder) text(value []byte) ([]byte, error) {
	switch {
	case value[0] == '"' && bytes.IndexByte(value, '\\') < 0:
		return value[1 : len(value)-1], nil
	case value[0] == '"':
		p.values.ResetBytes(value)
		return p.values.StrBytes()
	case value[0] == 'n' || string(value) == sortedMissing:
		return nil, nil
	}
	return value, nil
}

// value takes one of the values that a document has in a field.
func (p *pageDecoder) value(d *jx.Decoder, c column) error {
	var (
		text []byte
		err  error
	)
	if d.Next() == jx.Number {
		text, err = d.Num()
	} else {
		text, err = d.StrBytes()
	}
	if len(p.doc.values[c]) > 0 { // what is there may be a piece of the answer
		text = fmt.Appendf(nil, "%s, %s", p.doc.values[c], text)
	}
	p.doc.values[c] = text
	return err
}
