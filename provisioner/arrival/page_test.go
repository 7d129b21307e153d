package arrival

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"
)

// Of a valid array of what a sort can have, the columns are its elements; of anything
// else the decoder says so, or takes what is there, but does not fall over.
func FuzzSorted(f *testing.F) {
	for _, seed := range []string{
		`[0]`, `[1,2,"GET",null,"a\"b\\",9223372036854775807]`, `[ 1 , "\u00e9" , -5 ]`, `[]`, `["a","b",1,2,3,4,5,6,7,8,9,10,11,12]`, `[[1],{"a":2}]`, `7`, `["`, `[1,`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sort []byte) {
		l := auditLayout().sortedBy(allJudged()...)
		var got []string
		p := newPageDecoder(nil)
		page, err := p.decode(fmt.Appendf(nil, `{"hits":{"hits":[{"_index":"i","sort":%s}]}}`, sort), l, func(d *document) {
			for i, c := range l.sorted {
				if i > 0 {
					got = append(got, string(d.values[c]))
				}
			}
		})
		var want []any
		d := json.NewDecoder(bytes.NewReader(sort))
		d.UseNumber()
		if !utf8.Valid(sort) || d.Decode(&want) != nil || d.More() || err != nil || !flat(want) {
			return
		}
		for i, value := range want[min(1, len(want)):min(len(want), len(l.sorted))] {
			text := ""
			switch value := value.(type) {
			case string:
				text = value
			case json.Number:
				if value != sortedMissing {
					text = value.String()
				}
			}
			if got[i] != text {
				t.Errorf("%s: element %d is %q, want %q", sort, i+1, got[i], text)
			}
		}
		if len(want) > 0 && !json.Valid(page.last) {
			t.Errorf("%s: search_after would be %s", sort, page.last)
		}
	})
}

// flat reports numbers, texts and nulls only.
func flat(values []any) bool {
	for _, v := range values {
		switch v.(type) {
		case json.Number, string, nil:
		default:
			return false
		}
	}
	return true
}
