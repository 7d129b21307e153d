package arrival

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTraceTellsTheApplicationFromWhatComesBehind(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for name, text := range map[string]string{
		"app.json": `{"run":{"id":"r","seq":1}}` + "\n" + `{"run":{"id":"other","seq":2}}` + "\n" + `{"message":"listening"}` + "\n" +
			"not JSON\n" + `{"run":{"id":"r","seq":7}}` + "\n" + `{"run":{"id":"r","se`,
		"app.json.1": `{"run":{"id":"r","seq":4}}` + "\n" + `{"run":{"id":"r","seq":9}}` + "\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	a := &Account{Run: "r", Answered: 9}
	for _, seq := range []uint64{1, 2, 3, 4} {
		a.Lost.Add(seq)
	}
	for _, seq := range []uint64{7, 8} {
		a.Indeterminate.Add(seq)
	}
	if err := a.Trace(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves string
		got    Seqs
		want   string
	}{
		{"lost without a line is the application's", a.Hops.App, "2-3 (2)"},
		{"lost with a line in any file is not", a.Hops.Behind, "1, 4"},
		{"indeterminate with a line was handled", a.Hops.Handled, "7"},
	} {
		if diff := cmp.Diff(row.want, row.got.Text(9)); diff != "" {
			t.Errorf("%s: %s", row.proves, diff)
		}
	}
	none := a.properties(0)[0].Text
	for _, want := range []string{"2 at hop app", "2 behind it, at the shipper or later: 1, 4"} {
		if !strings.Contains(none, want) {
			t.Errorf("the property says %q, want %q in it", none, want)
		}
	}
	if err := a.Trace(t.Context(), []string{filepath.Join(dir, "gone")}); err == nil {
		t.Error("a log that is not there is no error")
	}
}
