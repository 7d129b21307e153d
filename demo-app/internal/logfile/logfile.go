// Package logfile writes lines to a file for a shipper beside the process, where
// nobody keeps its standard output. The file is renamed when it is full, the older
// ones further on, and the oldest goes: path, path.1, path.2 and so on.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Size is how many bytes a file may hold, and Older how many full ones are kept.
const (
	Size  = 20 << 20
	Older = 4
)

// File is a log. It is for one goroutine at a time.
type File struct {
	path  string
	full  int64 // bytes
	older int
	out   *os.File
	size  int64
	torn  bool // what was written last has no end yet
}

// Open goes on with the file at path, or makes it.
func Open(path string) (*File, error) { return open(path, Size, Older) }

func open(path string, full int64, older int) (*File, error) {
	f := &File{path: path, full: full, older: older}
	if err := f.reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) reopen() error {
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	about, err := out.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open log: %w", err), out.Close())
	}
	f.out, f.size, f.torn = out, about.Size(), false
	return nil
}

// Write appends whole lines. Those of one call stay in one file, and so does the
// rest of a line of which a disk took only a part.
func (f *File) Write(lines []byte) (int, error) {
	if f.size > 0 && !f.torn && f.size+int64(len(lines)) > f.full {
		if err := f.turn(); err != nil {
			return 0, err
		}
	}
	n, err := f.out.Write(lines)
	f.size += int64(n)
	if n > 0 {
		f.torn = lines[n-1] != '\n'
	}
	return n, err
}

// turn makes room for a new file. On an error the old one goes on.
func (f *File) turn() error {
	for i := f.older; i > 0; i-- {
		err := os.Rename(f.name(i-1), f.name(i))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("turn log: %w", err)
		}
	}
	full := f.out
	if err := f.reopen(); err != nil {
		return err
	}
	return full.Close()
}

func (f *File) name(i int) string {
	if i == 0 {
		return f.path
	}
	return fmt.Sprintf("%s.%d", f.path, i)
}

// Close ends the file.
func (f *File) Close() error { return f.out.Close() }
