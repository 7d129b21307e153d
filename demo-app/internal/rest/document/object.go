package document

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any // object, []any, string, number, bool or nil
}

// obj makes an object of names and values in turn.
func obj(pairs ...any) object {
	o := make(object, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		o = append(o, member{pairs[i].(string), pairs[i+1]})
	}
	return o
}

// with returns o with one more member.
func (o object) with(name string, value any) object {
	return append(o[:len(o):len(o)], member{name, value})
}

func ref(kind, name string) object { return obj("$ref", "#/components/"+kind+"/"+name) }

// texts turns strings into JSON values.
func texts[S ~string](all []S) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// lineWidth is how long a value may be to stand on one line.
const lineWidth = 140

// format writes v as JSON: what fits on a line stands on one, in a form that a
// reader and a diff can follow.
func format(v any) []byte {
	var b bytes.Buffer
	write(&b, v, "")
	b.WriteByte('\n')
	return b.Bytes()
}

func write(b *bytes.Buffer, v any, indent string) {
	var flat bytes.Buffer
	if writeFlat(&flat, v); flat.Len()+len(indent) <= lineWidth {
		b.Write(flat.Bytes())
		return
	}
	inner := indent + "  "
	switch v := v.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			separate(b, i, ",")
			b.WriteString("\n" + inner + quoted(m.name) + ": ")
			write(b, m.value, inner)
		}
		b.WriteString("\n" + indent + "}")
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			separate(b, i, ",")
			b.WriteString("\n" + inner)
			write(b, item, inner)
		}
		b.WriteString("\n" + indent + "]")
	default:
		b.Write(flat.Bytes())
	}
}

func writeFlat(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			separate(b, i, ", ")
			b.WriteString(quoted(m.name) + ": ")
			writeFlat(b, m.value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			separate(b, i, ", ")
			writeFlat(b, item)
		}
		b.WriteByte(']')
	case string:
		b.WriteString(quoted(v))
	case nil:
		b.WriteString("null")
	case int, int64, float64, bool:
		fmt.Fprint(b, v)
	default:
		panic(fmt.Sprintf("document: no JSON for a %T", v))
	}
}

func separate(b *bytes.Buffer, i int, by string) {
	if i > 0 {
		b.WriteString(by)
	}
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
