package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
)

// outlined writes a ledger of attempts with every outcome, the last without an end,
// and returns its path.
func outlined(t *testing.T, attempts uint64, more ...Attempt) string {
	t.Helper()
	w, path := create(t)
	for seq := uint64(1); seq <= attempts; seq++ {
		add(t, w, attempt(seq))
	}
	for _, a := range more {
		add(t, w, a)
	}
	if err := w.Send(attempt(attempts + uint64(len(more)) + 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(Trailer{Planned: attempts + 1}); err != nil {
		t.Fatal(err)
	}
	return path
}

// What the writer counted is what a reader counts of its lines.
func TestOutlineIsThatOfTheLines(t *testing.T) {
	refused := attempt(2502)
	refused.Outcome, refused.Status, refused.Service = Refused, 0, 1000
	r, err := Open(outlined(t, 2501, refused))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, ok := r.Outline()
	if !ok {
		t.Fatal("no outline")
	}
	want := NewOutline(OutlineWidth)
	for {
		a, err := r.Next()
		if err != nil {
			break
		}
		want.Add(a)
	}
	want.Trailer, ok = r.Trailer()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Outline{})); diff != "" || !ok {
		t.Errorf("outline (-lines +counted):\n%s", diff)
	}
	if len(got.Stretches) != 3 || got.Attempts != 2503 || got.Stretches[2].Sent.N == got.Stretches[2].Answered.N {
		t.Errorf("stretches %v of %d attempts", got.Stretches, got.Attempts)
	}
}

// An outline that is cut, altered or moved is none, and the lines are whole without.
func TestSpoiledOutlines(t *testing.T) {
	whole, err := os.ReadFile(outlined(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(whole, binary.LittleEndian.AppendUint32(nil, skippable))
	altered := func(place int) []byte {
		text := bytes.Clone(whole)
		text[place] ^= 0x55
		return text
	}
	frame := func(text string) []byte {
		zip, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		body := zip.EncodeAll([]byte(text), nil)
		length := uint32(len(body) + frameFoot)
		out := append(bytes.Clone(whole[:at]), binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, skippable), length)...)
		return append(binary.LittleEndian.AppendUint32(append(out, body...), length), outlineMark...)
	}
	short, err := json.Marshal(framed{int64(at), &Outline{Width: 1000, Last: 3000}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"without":             whole[:at],
		"cut":                 whole[:len(whole)-1],
		"cut in its head":     whole[:at+5],
		"of another kind":     altered(at),
		"another length":      altered(at + 4),
		"another length last": altered(len(whole) - 11),
		"altered":             altered(at + 20),
		"no JSON":             frame("{"),
		"empty":               frame("{}"),
		"too few stretches":   frame(string(short)),
		"of another ledger":   append(bytes.Clone(whole[:at]), frame(`{}`)...),
	} {
		path := filepath.Join(t.TempDir(), "spoiled.ledger")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if o, ok := r.Outline(); ok {
			t.Errorf("%s: taken for one: %+v", name, o)
		}
		r.Close()
	}
	path := filepath.Join(t.TempDir(), "without.ledger")
	if err := os.WriteFile(path, whole[:at], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, all, _, err := readAll(path); err != nil || len(all) != 101 {
		t.Errorf("without its outline: %d attempts, %v", len(all), err)
	}
}
