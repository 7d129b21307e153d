package drills

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// pen is a log pipe: it takes what a demo-app prints and writes it to a file
// that Filebeat reads, as programs that rotate the logs of others do. Unlike
// demo-app it can be told to begin a new file.
type pen struct {
	*app
	path string // of the file that is written
	edit func(line []byte) []byte

	mu         sync.Mutex
	file       *os.File
	generation int // of the file: each cut begins a new one
	written    []written
}

// written is one line of an attempt.
type written struct {
	line       []byte
	generation int
	at         time.Time
}

// pen starts a demo-app behind a log pipe, whose file is in a directory of its
// own that Filebeat reads.
func (r *rig) pen(t *testing.T, name string) *pen {
	t.Helper()
	dir := filepath.Join(r.logs, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := &pen{path: filepath.Join(dir, "demo-app.json"), edit: unchanged}
	p.begin(t)
	record, err := os.Create(filepath.Join(dir, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	copied := make(chan error, 1)
	go func() { copied <- p.copy(out, record) }()
	p.app = r.application(t, in, record.Name())
	in.Close() // only demo-app holds it, so that its end ends the copying
	t.Cleanup(func() {
		p.kill()
		if err := errors.Join(<-copied, out.Close(), record.Close(), p.file.Close()); err != nil {
			t.Errorf("log pipe: %v", err)
		}
	})
	return p
}

func unchanged(line []byte) []byte { return line }

// begin opens the file anew.
func (p *pen) begin(t *testing.T) {
	t.Helper()
	var err error
	if p.file, err = os.OpenFile(p.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reopen begins a new file in place of one that was put aside.
func (p *pen) reopen(t *testing.T) {
	t.Helper()
	if err := p.file.Close(); err != nil {
		t.Fatal(err)
	}
	p.begin(t)
}

// stat looks at the file that is written now.
func (p *pen) stat(t *testing.T) os.FileInfo {
	t.Helper()
	info, err := p.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func (p *pen) copy(from io.Reader, record io.Writer) error {
	for r := bufio.NewReaderSize(from, 1<<20); ; {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := record.Write(line); err != nil {
			return err
		}
		if err := p.write(line); err != nil {
			return err
		}
	}
}

func (p *pen) write(line []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = append(p.written, written{line, p.generation, time.Now()})
	_, err := p.file.Write(p.edit(line))
	return err
}

// cut does something to the file between two lines, after which those that
// follow are of another generation.
func (p *pen) cut(t *testing.T, how func()) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	how()
	p.generation++
}

// wrote returns the lines of a run, in order, by generation.
func (p *pen) wrote(run string) (generations [][]attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	generations = make([][]attempt, p.generation+1)
	for _, w := range p.written {
		if seq, ok := identify(w.line, run); ok {
			generations[w.generation] = append(generations[w.generation], attempt{seq, w.at})
		}
	}
	return generations
}

// attempt is one line of a run, and when it was written.
type attempt struct {
	seq uint64
	at  time.Time
}

// change sets what becomes of each line on its way.
func (p *pen) change(edit func(line []byte) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edit = edit
}
