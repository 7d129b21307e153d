package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decodeSeeds() []string {
	return []string{
		`{"s":7,"at":30000000,"w":81250,"j":"my data","m":"GET","r":"/investigations","x":200}` + "\n",
		`{"s":7,"at":0,"w":0,"j":"my \"data\"","m":"GET","r":"/ü"}` + "\n",
		`{"n":9,"at":40000000,"j":"look-up","m":"GET","r":"/icat/{username}","x":404}` + "\n",
		`{"d":7,"t":1904210,"st":200}` + "\n",
		`{"d":8,"t":10000312980,"o":"timeout"}` + "\n",
		`{"s":7,"at":1,"w":2,"j":"a","m":"GET","r":"/","at":5}` + "\n", // says more after the step than the step
		`{"s":07,"at":1,"w":2,"j":"a","m":"GET","r":"/"}` + "\n",
		`{"s":-7,"at":-1,"w":-2,"j":"a","m":"GET","r":"/"}` + "\n",
		`{"s":9999999999999999999,"at":1,"w":1}` + "\n",
		`{"d":7,"t":1,"st":99}` + "\n", `{"d":7,"t":1,"st":200} ` + "\n", `{"d":0,"t":1,"st":200}` + "\n",
		`{"d":7,"t":999999999999999999,"st":200}` + "\n", `{"d":7,"t":9999999999999999999,"st":200}` + "\n",
		`{"d":,"t":1,"st":200}` + "\n", `{"d":7,"t":1,"st":0200}` + "\n",
	}
}

// The quick way never says anything else than the parser, whatever came before.
func FuzzQuickWay(f *testing.F) {
	for _, text := range decodeSeeds() {
		f.Add([]byte(text), []byte(decodeSeeds()[0]))
	}
	f.Fuzz(func(t *testing.T, text, before []byte) {
		quick := newDecoder()
		var first, l line
		_ = quick.decode(before, &first)
		_ = quick.decode(text, &l) // learns its tail
		if !quick.quick(text, &l) {
			return
		}
		parser := newDecoder()
		var want line
		if err := parser.parse(text, &want); err != nil {
			t.Fatalf("%q passes the quick way, the parser says: %v", text, err)
		}
		if l != want {
			t.Fatalf("%q: quick %+v, parsed %+v", text, l, want)
		}
	})
}

// Negative control: if these went through the parser, it would be no quick way.
func TestOwnLinesGoTheQuickWay(t *testing.T) {
	e := encoder{tails: map[step][]byte{}}
	for seq := uint64(1); seq <= 22; seq++ {
		a := attempt(seq)
		lines := [][]byte{e.send(nil, &a), e.done(nil, &a)}
		switch a.Outcome {
		case Dropped:
			lines = [][]byte{e.drop(nil, &a)}
		case Timeout:
			lines = lines[:1] // its end is rare enough for the parser
		}
		for _, text := range lines {
			d := newDecoder()
			var learned, quick line
			if err := d.decode(text, &learned); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !d.quick(text, &quick) {
				t.Errorf("%s does not go the quick way", text)
			}
			if diff := cmp.Diff(learned.attempt, quick.attempt); diff != "" {
				t.Error(diff)
			}
		}
	}
}
