package ledger

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// Writing is what is known of a ledger's writer.
type Writing int

const (
	Unknown Writing = iota // the file system has no locks, or this one cannot be looked at
	Going                  // the writer lives
	Gone                   // nobody writes the file any more
)

// hold locks a new ledger for as long as its writer lives: the kernel drops the
// lock with the process, however that ends. Nil means that there are no locks
// here. On Windows there are none of this kind: they keep readers out.
func hold(path string) (*flock.Flock, error) {
	if runtime.GOOS == "windows" {
		return nil, nil
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	limit, cancel := context.WithTimeout(context.Background(), time.Second) // a reader that only looks is soon gone
	defer cancel()
	switch _, err := lock.TryLockContext(limit, 5*time.Millisecond); {
	case err == nil:
		return lock, nil
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errors.New("another program keeps it locked")
	default:
		return nil, nil
	}
}

// writing looks whether the writer of a ledger holds it.
func writing(path string) Writing {
	if runtime.GOOS == "windows" {
		return Unknown
	}
	// A shared lock, so that two who only look never see each other.
	look := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := look.TryRLock()
	switch {
	case err != nil:
		return Unknown
	case !free:
		return Going
	}
	_ = look.Unlock() // closing the file would do as well
	return Gone
}
