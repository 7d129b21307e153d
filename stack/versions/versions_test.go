package versions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		proves, text string
		want         map[string]string
		err          string
	}{
		{"comments and blank lines are skipped", "# a\n\n  # b\nA=1\n", map[string]string{"A": "1"}, ""},
		{"one pair of quotes is dropped", "A=\"1\"\nB='2'\nC=\"\n", map[string]string{"A": "1", "B": "2", "C": `"`}, ""},
		{"a shell's export is fine", "export A=1", map[string]string{"A": "1"}, ""},
		{"a value may hold =", "A=b=c", map[string]string{"A": "b=c"}, ""},
		{"the last line of a name counts", "A=1\nA=2", map[string]string{"A": "2"}, ""},
		{"Windows line ends are no part of a value", "A=1\r\n", map[string]string{"A": "1"}, ""},
		{"a line without = is an error that names the line", "A=1\nnonsense\n", nil, `line 2: want NAME=value, got "nonsense"`},
		{"a name with a space is an error", "A B=1", nil, `line 1: want NAME=value, got "A B=1"`},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got, err := Parse(strings.NewReader(row.text))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (row.err == "") || err != nil && err.Error() != row.err {
				t.Errorf("error: got %v, want %q", err, row.err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("A=1\n#\nexport B='2'")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		for name := range set {
			if name == "" || strings.ContainsAny(name, " \t\"'=\n") {
				t.Errorf("name %q", name)
			}
		}
	})
}

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), File)
	if err := os.WriteFile(file, []byte("ELASTIC_VERSION=8.19.7\nBEATS_NATIVE_VERSION=7.17.29\nPROMETHEUS_VERSION=3.13.5\nALERTMANAGER_VERSION=0.31.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves, elastic string
		want            Versions
		fails           bool
	}{
		{"the file's versions", "", Versions{"8.19.7", "7.17.29", "3.13.5", "0.31.1"}, false},
		{"the environment goes first", "9.2.0", Versions{"9.2.0", "7.17.29", "3.13.5", "0.31.1"}, false},
		{"a pre-release is a version", "9.3.0-rc.1", Versions{"9.3.0-rc.1", "7.17.29", "3.13.5", "0.31.1"}, false},
		{"a path is no version", "../8.19.7", Versions{}, true},
		{"a flag is no version", "8.19.7 -Dx=y", Versions{}, true},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got, err := Read(file, func(name string) string {
				return map[string]string{"ELASTIC_VERSION": row.elastic}[name]
			})
			if got != row.want || (err != nil) != row.fails {
				t.Errorf("got %+v, %v, want %+v", got, err, row.want)
			}
		})
	}
}

func TestTheRepositorysFileIsRead(t *testing.T) {
	if _, err := Read("../../"+File, func(string) string { return "" }); err != nil {
		t.Error(err)
	}
}
