package lines

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// Rotation says when and how a file is put aside.
type Rotation struct {
	Size  int64 // bytes that a file holds at most, unless a single line is longer; 0 for no rotation
	Keep  int   // rotated files that are kept; 0 for all
	Style Style
}

// Style is a way to rotate.
type Style string

const (
	Rename   Style = "rename"   // FILE becomes FILE.1 and a new FILE is begun
	Truncate Style = "truncate" // FILE is copied to FILE.1 and emptied, as logrotate's copytruncate does
)

const leastRotation = 1 << 10 // bytes: below, files are rotated faster than anybody can look

// ParseRotation reads "SIZE" or "SIZE,KEEP", such as "10MiB,5"; "" is none.
func ParseRotation(text, style string) (Rotation, error) {
	r := Rotation{Style: Style(style)}
	if r.Style != Rename && r.Style != Truncate {
		return Rotation{}, fmt.Errorf("unknown style %q; known: rename, truncate", style)
	}
	if text == "" {
		return r, nil
	}
	size, keep, limited := strings.Cut(text, ",")
	n, err := humanize.ParseBytes(size)
	switch {
	case err != nil:
		return Rotation{}, fmt.Errorf("%q is not a size", size)
	case n < leastRotation || n > 1<<50:
		return Rotation{}, fmt.Errorf("%s: must be at least %d bytes and at most a PiB", size, leastRotation)
	}
	r.Size = int64(n)
	if limited {
		if r.Keep, err = strconv.Atoi(keep); err != nil || r.Keep < 1 {
			return Rotation{}, fmt.Errorf("%q: the number of files to keep must be 1 or more", keep)
		}
	}
	return r, nil
}

// File is an output to a file that is appended to and rotated. Lines are never
// split between files, and nothing is removed but what Rotation.Keep asks for.
type File struct {
	path     string
	rotation Rotation
	file     *os.File
	stream   *Stream
	size     int64
	stats    Stats
}

// NotFileError says that a path is not one of a regular file.
type NotFileError struct{ Path string }

func (e *NotFileError) Error() string { return e.Path + " is not a regular file" }

// Hint says what to do instead.
func (e *NotFileError) Hint() string { return "to feed a pipe or device, write to -out - and redirect" }

// OpenFile opens a file to append to, or makes it.
func OpenFile(path string, r Rotation) (*File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // before opening: a pipe would wait for its reader
		return nil, &NotFileError{path}
	}
	f := &File{path: path, rotation: r}
	if err := f.open(); err != nil {
		return nil, err
	}
	if f.size > 0 { // a writer that was killed may have left a piece of a line
		var last [1]byte
		_, err := f.file.ReadAt(last[:], f.size-1)
		if err != nil {
			f.file.Close()
			return nil, err
		}
		f.stream.torn = last[0] != '\n'
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	f.file, f.stream, f.size = file, NewStream(file), info.Size()
	return nil
}

// Write implements Output. A file that cannot be rotated grows on: the lines
// count for more than its size.
func (f *File) Write(text []byte, ends []int) Result {
	var rotating error
	if f.rotation.Size > 0 {
		if f.size > 0 && f.size+int64(ends[0]) > f.rotation.Size {
			rotating = f.rotate()
		}
		if rotating == nil {
			fit := 1
			for fit < len(ends) && f.size+int64(ends[fit]) <= f.rotation.Size {
				fit++
			}
			ends = ends[:fit]
		}
	}
	if f.stream.torn {
		f.size++
	}
	r := f.stream.Write(text, ends)
	if r.Done > 0 {
		f.size += int64(ends[r.Done-1])
	}
	if r.Err == nil {
		r.Err = rotating
	} else if info, err := f.file.Stat(); err == nil {
		f.size = info.Size() // a piece of a line may be there, too
	}
	return r
}

// rotate puts the file aside as number 1, after moving 1 to 2 and so on.
func (f *File) rotate() error {
	last := 0
	for ; exists(f.numbered(last + 1)); last++ {
	}
	for ; f.rotation.Keep > 0 && last >= f.rotation.Keep; last-- {
		if err := os.Remove(f.numbered(last)); err != nil {
			return err
		}
		f.stats.Removed++
	}
	for ; last > 0; last-- {
		if err := os.Rename(f.numbered(last), f.numbered(last+1)); err != nil {
			return err
		}
	}
	aside := f.rename
	if f.rotation.Style == Truncate {
		aside = f.truncate
	}
	if err := aside(); err != nil {
		return err
	}
	f.stats.Rotations++
	return nil
}

func (f *File) rename() error {
	if err := os.Rename(f.path, f.numbered(1)); err != nil {
		return err
	}
	old := f.file
	if err := f.open(); err != nil {
		return errors.Join(err, os.Rename(f.numbered(1), f.path)) // go on with the old one under its name
	}
	return old.Close()
}

func (f *File) truncate() error {
	target, err := os.OpenFile(f.numbered(1), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, io.NewSectionReader(f.file, 0, f.size))
	if err := errors.Join(err, target.Close()); err != nil {
		return errors.Join(err, os.Remove(f.numbered(1)))
	}
	if err := f.file.Truncate(0); err != nil {
		return errors.Join(err, os.Remove(f.numbered(1))) // or its lines would stand twice
	}
	f.size = 0
	return nil
}

func (f *File) numbered(n int) string { return f.path + "." + strconv.Itoa(n) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// Close implements Output.
func (f *File) Close() error { return f.file.Close() }

// Stats implements Output.
func (f *File) Stats() Stats { return f.stats }
