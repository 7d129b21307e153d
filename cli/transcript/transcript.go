// Package transcript keeps what a program or a log writes, for tests that read
// along while it goes on.
package transcript

import (
	"bytes"
	"sync"
)

// Buffer is a bytes.Buffer that any number of goroutines may write and read.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the transcript.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
