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
// "a, b" where it has more than one value. It is valid until the next hit.
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
	return fmt.Sprintf("search: %d shards did not answer", e.Failed)
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
	last []byte // sort values of the last hit, as they go into search_after
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
	p.doc.index, p.doc.source = p.doc.index[:0], p.doc.source[:0]
	for i := range p.doc.values {
		p.doc.values[i] = p.doc.values[i][:0]
	}
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "_index":
			text, err := d.StrBytes()
			p.doc.index = append(p.doc.index, text...)
			return err
		case "_source":
			raw, err := d.Raw()
			p.doc.source = append(p.doc.source, raw...)
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
	i := 0
	out.last = append(out.last[:0], '[')
	err := d.Arr(func(d *jx.Decoder) error {
		raw, err := d.Raw()
		if err != nil {
			return err
		}
		if i > 0 {
			out.last = append(out.last, ',')
		}
		out.last = append(out.last, raw...)
		c := columns
		if i < len(p.layout.sorted) {
			c = p.layout.sorted[i]
		}
		i++
		if c == columns {
			return nil
		}
		text, err := p.text(raw)
		p.doc.values[c] = append(p.doc.values[c], text...)
		return err
	})
	out.last = append(out.last, ']')
	return err
}

// text is what a sort value says: "" if the document has none.
func (p *pageDecoder) text(raw jx.Raw) ([]byte, error) {
	switch {
	case raw.Type() == jx.Number && string(raw) != sortedMissing:
		return raw, nil
	case raw.Type() != jx.String:
		return nil, nil
	case bytes.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1], nil
	}
	p.values.ResetBytes(raw)
	return p.values.StrBytes()
}

func (p *pageDecoder) value(d *jx.Decoder, c column) error {
	if len(p.doc.values[c]) > 0 {
		p.doc.values[c] = append(p.doc.values[c], ", "...)
	}
	var (
		text []byte
		err  error
	)
	if d.Next() == jx.Number {
		text, err = d.Num()
	} else {
		text, err = d.StrBytes()
	}
	p.doc.values[c] = append(p.doc.values[c], text...)
	return err
}
