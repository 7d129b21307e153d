package fate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/jx"
)

// Fields are the values of a record by dotted path; several under one path are
// joined by ", ".
type Fields map[string]string

// ParseJSON reads an object, whose keys may be nested or dotted. Bytes that are
// no UTF-8 count as U+FFFD, as in most shippers' decoders.
func ParseJSON(text []byte) (Fields, error) {
	d := jx.DecodeBytes(bytes.ToValidUTF8(text, replacement()))
	f := Fields{}
	if d.Next() != jx.Object {
		return nil, fmt.Errorf("not a JSON object")
	}
	if err := f.read(d, ""); err != nil {
		return nil, err
	}
	return f, nil
}

func (f Fields) read(d *jx.Decoder, path string) error {
	switch d.Next() {
	case jx.Object:
		return d.Obj(func(d *jx.Decoder, key string) error {
			if path != "" {
				key = path + "." + key
			}
			return f.read(d, key)
		})
	case jx.Array:
		return d.Arr(func(d *jx.Decoder) error { return f.read(d, path) })
	case jx.String:
		text, err := d.Str()
		f.add(path, text)
		return err
	case jx.Null:
		return d.Null()
	default:
		raw, err := d.Raw()
		f.add(path, string(raw))
		return err
	}
}

func (f Fields) add(path, value string) {
	if before, more := f[path]; more {
		value = before + ", " + value
	}
	f[path] = value
}

// ParseLogfmt reads key=bare and key="quoted", with Go's escapes.
func ParseLogfmt(line []byte) (Fields, error) {
	f := Fields{}
	for rest := string(bytes.ToValidUTF8(line, replacement())); rest != ""; {
		key, value, found := strings.Cut(rest, "=")
		if !found || key == "" || strings.ContainsAny(key, " \"") {
			return nil, fmt.Errorf("no key=value at %.40q", rest)
		}
		if quoted, err := strconv.QuotedPrefix(value); err == nil && quoted[0] == '"' {
			rest = value[len(quoted):]
			if value, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
		} else {
			value, _, _ = strings.Cut(value, " ")
			rest = rest[len(key)+1+len(value):]
		}
		f.add(key, value)
		rest = strings.TrimPrefix(rest, " ")
	}
	return f, nil
}

// Difference is a field that is not what the line says; Got is "" if it is missing.
type Difference struct{ Field, Want, Got string }

// Differ lists the fields of a line that a document does not have as they are,
// by name. What the document has beyond them is the shipper's.
func Differ(want, got Fields) []Difference {
	var list []Difference
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !same(want[name], got[name]) {
			list = append(list, Difference{name, want[name], got[name]})
		}
	}
	return list
}

// same takes 7, 7.0 and "7" for the same, for that is a matter of notation.
func same(a, b string) bool {
	if a == b {
		return true
	}
	x, wrong := strconv.ParseFloat(a, 64)
	y, also := strconv.ParseFloat(b, 64)
	return wrong == nil && also == nil && x == y
}
