package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

// numbered makes lines "FIRST\n" … "LAST\n", each of 20 bytes.
func numbered(first, last int) (text []byte, ends []int) {
	for n := first; n <= last; n++ {
		text = fmt.Appendf(text, "%019d\n", n)
		ends = append(ends, len(text))
	}
	return text, ends
}

// writeAll brings lines as often as the output wants them.
func writeAll(t *testing.T, out Output, first, last int, after func()) {
	t.Helper()
	for first <= last {
		text, ends := numbered(first, last)
		r := out.Write(text, ends)
		if r.Err != nil || r.Failed > 0 || r.Done == 0 {
			t.Fatalf("line %d: %+v", first, r)
		}
		first += r.Done
		after()
	}
}

func openFile(t *testing.T, path string, r Rotation) *File {
	t.Helper()
	f, err := OpenFile(path, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// follower reads a file as a shipper does: by its open file, which it leaves
// for the one that has taken the name when there is nothing more in it.
type follower struct {
	path string
	file *os.File
	got  bytes.Buffer
}

func (f *follower) poll(t *testing.T) {
	t.Helper()
	for {
		if f.file == nil {
			file, err := os.Open(f.path)
			if err != nil {
				t.Fatal(err)
			}
			f.file = file
		}
		if _, err := io.Copy(&f.got, f.file); err != nil {
			t.Fatal(err)
		}
		mine, err := f.file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		named, err := os.Stat(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(mine, named) {
			return
		}
		f.file.Close()
		f.file = nil
	}
}

func TestRotationLosesNothing(t *testing.T) {
	for _, style := range []Style{Rename, Truncate} {
		t.Run(string(style), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.log")
			f := openFile(t, path, Rotation{Size: 1024, Style: style}) // 51 lines
			reader := follower{path: path}
			writeAll(t, f, 1, 1000, func() {
				if style == Rename {
					reader.poll(t)
				}
			})
			want, _ := numbered(1, 1000)
			if f.Stats() != (Stats{Rotations: 19}) {
				t.Errorf("stats %+v, want 19 rotations", f.Stats())
			}
			var got strings.Builder
			for n := 19; n > 0; n-- {
				part := read(t, fmt.Sprintf("%s.%d", path, n))
				if len(part) != 1020 {
					t.Errorf("file %d has %d bytes, want 51 lines", n, len(part))
				}
				got.WriteString(part)
			}
			got.WriteString(read(t, path))
			if got.String() != string(want) {
				t.Error("the files together are not the lines that were written")
			}
			if style == Rename && reader.got.String() != string(want) {
				t.Error("a reader that follows renames has other lines than were written")
			}
		})
	}
}

func TestOldFilesBeyondKeepAreRemovedAndCounted(t *testing.T) {
	for _, style := range []Style{Rename, Truncate} {
		path := filepath.Join(t.TempDir(), "out.log")
		f := openFile(t, path, Rotation{Size: 1024, Keep: 2, Style: style})
		writeAll(t, f, 1, 51*5, func() {})
		want, _ := numbered(51*2+1, 51*5)
		if got := read(t, path+".2") + read(t, path+".1") + read(t, path); got != string(want) || exists(path+".3") {
			t.Errorf("%s: wrong files are left", style)
		}
		if f.Stats() != (Stats{Rotations: 4, Removed: 2}) {
			t.Errorf("%s: stats %+v", style, f.Stats())
		}
	}
}

func TestALineLongerThanAFileIsNotSplit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.log")
	f := openFile(t, path, Rotation{Size: 1024, Style: Rename})
	long := strings.Repeat("x", 3000) + "\n"
	for _, line := range []string{"a\n", long, long, "b\n"} {
		if r := f.Write([]byte(line), []int{len(line)}); r.Done != 1 || r.Err != nil {
			t.Fatalf("%+v", r)
		}
	}
	got := []string{read(t, path+".3"), read(t, path+".2"), read(t, path+".1"), read(t, path)}
	if diff := cmp.Diff([]string{"a\n", long, long, "b\n"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAnotherWriterLeftIsKept(t *testing.T) {
	for before, want := range map[string]string{"": "", "whole\n": "whole\n", "torn": "torn\n"} {
		path := filepath.Join(t.TempDir(), "out.log")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		f := openFile(t, path, Rotation{Style: Rename})
		writeAll(t, f, 1, 1, func() {})
		line, _ := numbered(1, 1)
		if got := read(t, path); got != want+string(line) {
			t.Errorf("after %q: %q", before, got)
		}
	}
}

// A file that cannot be put aside is no reason to lose lines.
func TestAFileThatCannotBeRotatedGrowsOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.log")
	if err := os.MkdirAll(path+".1/in the way", 0o700); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path, Rotation{Size: 1024, Keep: 1, Style: Rename})
	text, ends := numbered(1, 100)
	if r := f.Write(text, ends); r.Done != 51 || r.Err != nil {
		t.Fatalf("%+v", r)
	}
	text, ends = numbered(52, 100)
	if r := f.Write(text, ends); r.Done != 49 || r.Failed != 0 || r.Err == nil {
		t.Fatalf("%+v, want all written and a reason", r)
	}
	want, _ := numbered(1, 100)
	if got := read(t, path); got != string(want) || f.Stats() != (Stats{}) {
		t.Errorf("%d bytes, %+v", len(got), f.Stats())
	}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, t.TempDir(), os.DevNull} {
		_, err := OpenFile(path, Rotation{})
		var not *NotFileError
		if !errors.As(err, &not) || not.Path != path || not.Hint() == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// stingy takes so many bytes and then fails, once.
type stingy struct {
	bytes.Buffer
	left int
	err  error
}

func (s *stingy) Write(p []byte) (int, error) {
	if s.err != nil && len(p) > s.left {
		n, _ := s.Buffer.Write(p[:s.left])
		err := s.err
		s.err = nil
		return n, err
	}
	s.left -= len(p)
	return s.Buffer.Write(p)
}

func TestAFailedWriteIsAccountedToTheByte(t *testing.T) {
	full := syscall.ENOSPC
	for _, row := range []struct {
		name string
		took int
		err  error
		want Result
		torn bool
	}{
		{"nothing left", 0, full, Result{Failed: 5, Outcome: ledger.Refused}, false},
		{"a part of the first line left", 7, full, Result{Failed: 1, Outcome: ledger.Reset}, true},
		{"whole lines left", 40, full, Result{Done: 2, Failed: 3, Outcome: ledger.Refused}, false},
		{"two lines and a part of the third left", 45, full, Result{Done: 2, Failed: 1, Outcome: ledger.Reset}, true},
		{"a time limit in the middle of a line", 45, os.ErrDeadlineExceeded, Result{Done: 2, Failed: 1, Outcome: ledger.Timeout}, true},
		{"a time limit between lines", 40, os.ErrDeadlineExceeded, Result{Done: 2, Failed: 1, Outcome: ledger.Timeout}, false},
		{"all but the last newline left", 99, full, Result{Done: 4, Failed: 1, Outcome: ledger.Reset}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			to := &stingy{left: row.took, err: row.err}
			out := NewStream(to)
			text, ends := numbered(1, 5)
			got := out.Write(text, ends)
			row.want.Err = row.err
			if got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			next, nextEnds := numbered(6, 6)
			if r := out.Write(next, nextEnds); r.Done != 1 {
				t.Errorf("the next write: %+v", r)
			}
			want := string(text[:row.took])
			if row.torn {
				want += "\n" // so that the torn line spoils no other
			}
			if got := to.String(); got != want+string(next) {
				t.Errorf("out:\n%s", got)
			}
		})
	}
}

func TestParseRotation(t *testing.T) {
	for _, row := range []struct {
		text, style, wrong string
		want               Rotation
	}{
		{"", "rename", "", Rotation{Style: Rename}},
		{"10MiB,5", "truncate", "", Rotation{Size: 10 << 20, Keep: 5, Style: Truncate}},
		{"4096", "rename", "", Rotation{Size: 4096, Style: Rename}},
		{"10", "rename", "at least 1024 bytes", Rotation{}},
		{"big", "rename", `"big" is not a size`, Rotation{}},
		{"1MiB,0", "rename", "must be 1 or more", Rotation{}},
		{"1MiB,", "rename", "must be 1 or more", Rotation{}},
		{"1MiB", "copy", `unknown style "copy"`, Rotation{}},
	} {
		got, err := ParseRotation(row.text, row.style)
		if got != row.want || (err == nil) != (row.wrong == "") || err != nil && !strings.Contains(err.Error(), row.wrong) {
			t.Errorf("%q %s: %+v, %v", row.text, row.style, got, err)
		}
	}
}
