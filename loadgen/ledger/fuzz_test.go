package ledger

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever a file holds, reading it ends, in order of number and without a panic.
func FuzzReader(f *testing.F) {
	header := `{"ledger":"plumbline","format":1,"run":"r","seed":1,"rate":2,"started":"2026-01-02T15:04:05Z"}` + "\n"
	f.Add([]byte(header + `{"s":1,"at":0,"w":5,"j":"j","m":"GET","r":"/users","x":200}` + "\n" + `{"d":1,"t":9,"st":200}` + "\n" +
		`{"end":"2026-01-02T15:04:05Z","planned":1,"sent":1,"answered":1}` + "\n"))
	f.Add([]byte(header + `{"n":18446744073709551615,"at":-1}` + "\n" + `{"s":3}` + "\n" + `{"d":3,"o":"reset"}`))
	f.Add([]byte(header + `{"s":2,"w":9223372036854775807}` + "\n"))
	f.Add([]byte("{}\n"))
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, compress(t, string(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, all, _, _ := readAll(path)
		for i, a := range all {
			if a.Seq == 0 || i > 0 && a.Seq <= all[i-1].Seq {
				t.Fatalf("attempt %d comes after %d", a.Seq, all[i-1].Seq)
			}
			switch a.Outcome {
			case Answered, Timeout, Reset, Refused, Dropped, Unfinished:
			default:
				t.Fatalf("outcome %q", a.Outcome)
			}
		}
	})
}

// The same for bytes that need not be zstd at all.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add(compress(f, `{"ledger":"plumbline","format":1}`+"\n"+`{"s":1}`+"\n"))
	frame, err := encodeOutline(0, NewOutline(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(compress(f, `{"ledger":"plumbline","format":1}`+"\n"), frame...))
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, _, _ = readAll(path)
		if r, err := Open(path); err == nil {
			r.Outline()
			r.Close()
		}
	})
}
