package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"plumbline/stack/fetch"
)

// programs are files in place of ours.
func programs(t *testing.T, content string) Sources {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return Sources{Programs: fetch.Programs{DemoApp: file("demo-app"), Loadgen: file("loadgen"), Provisioner: file("provisioner")}}
}

func own(t *testing.T, s Sources) []Image {
	t.Helper()
	all, err := s.Own()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOwnImagesHoldTheProgramAndWhoToTrust(t *testing.T) {
	for _, i := range own(t, programs(t, "text")) {
		var written bytes.Buffer
		if err := i.Write(&written); err != nil {
			t.Fatal(err)
		}
		var files []string
		for reader := tar.NewReader(&written); ; {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if header.Typeflag == tar.TypeReg {
				files = append(files, header.Name)
			}
		}
		want := []string{"etc/ssl/certs/ca-certificates.crt", filepath.Base(i.Official)}
		if !slices.Equal(files, want) {
			t.Errorf("%s holds %q, want %q", i.Name, files, want)
		}
	}
}

func TestSumFollowsWhatAnImageIsMadeOf(t *testing.T) {
	sum := func(i Image) string {
		t.Helper()
		sum, err := i.Sum()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	want := sum(own(t, programs(t, "text"))[0])
	other := own(t, programs(t, "text"))[0]
	other.Config = append(other.Config, "EXPOSE 8000")
	for _, row := range []struct {
		proves string
		image  Image
		same   bool
	}{
		{"the same program elsewhere is the same", own(t, programs(t, "text"))[0], true},
		{"another program is another", own(t, programs(t, "more"))[0], false},
		{"another setting is another", other, false},
		{"another name is another", own(t, programs(t, "text"))[1], false},
	} {
		if got := sum(row.image); (got == want) != row.same {
			t.Errorf("%s: %s, and before it was %s", row.proves, got, want)
		}
	}
}
