package ledger

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
)

func TestFollowGivesWhatIsFlushedWhileTheRunGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		r, err := Follow(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		const attempts = 50
		got := make(chan Attempt)
		ended := make(chan error, 1)
		go func() {
			for {
				a, err := r.Next()
				if err != nil {
					ended <- err
					return
				}
				got <- a
			}
		}()
		for seq := uint64(1); seq <= attempts; seq++ {
			add(t, w, attempt(seq))
			if a := <-got; a != attempt(seq) { // comes before anything else is written
				t.Fatalf("got %+v, want attempt %d", a, seq)
			}
		}
		if err := w.Close(Trailer{Planned: attempts}); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != io.EOF {
			t.Errorf("ended with %v, want io.EOF after the trailer", err)
		}
	})
}

func TestFollowEndsWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		defer w.Close(Trailer{})
		add(t, w, attempt(1))
		time.Sleep(flushEvery + time.Millisecond)
		ctx, stop := context.WithCancel(t.Context())
		r, err := Follow(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if a, err := r.Next(); err != nil || a.Seq != 1 {
			t.Fatal(a, err)
		}
		time.AfterFunc(time.Hour, stop)
		var truncated *TruncatedError
		if _, err := r.Next(); !errors.As(err, &truncated) || truncated.LastSeq != 1 {
			t.Errorf("got %v, want truncated after 1", err)
		}
	})
}

// A killed writer leaves no trailer; that it holds the file no more tells it from
// one that has nothing to write.
func TestFollowEndsWithItsWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		add(t, w, attempt(1))
		r, err := Follow(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if a, err := r.Next(); err != nil || a.Seq != 1 {
			t.Fatal(a, err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := r.Next()
			ended <- err
		}()
		time.Sleep(time.Hour)
		select {
		case err := <-ended:
			t.Fatalf("ended with %v while the writer lived", err)
		default:
		}
		w.release()
		var truncated *TruncatedError
		if err := <-ended; !errors.As(err, &truncated) || truncated.LastSeq != 1 || truncated.Writer != Gone {
			t.Errorf("got %+v, want truncated after 1 by a writer that is gone", err)
		}
		if err := w.Close(Trailer{}); err != nil {
			t.Error(err)
		}
	})
}

func TestATruncatedLedgerTellsWhetherItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, path := create(t)
		for _, want := range []Writing{Going, Gone} {
			_, _, _, err := readAll(path)
			var truncated *TruncatedError
			if !errors.As(err, &truncated) || truncated.Writer != want {
				t.Errorf("got %+v, want writer %d", err, want)
			}
			w.release()
		}
		if err := w.Close(Trailer{}); err != nil {
			t.Error(err)
		}
		if _, _, _, err := readAll(path); err != nil {
			t.Errorf("a closed ledger ends with %v", err)
		}
	})
}

func TestWhoLooksDoesNotKeepAWriterAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	look := flock.New(path)
	if free, err := look.TryRLock(); err != nil || !free {
		t.Fatal(free, err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = look.Unlock() })
	lock, err := hold(path)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	if got := writing(path); got != Going {
		t.Errorf("held by another: %d", got)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
	if got := writing(path + "-none"); got != Unknown {
		t.Errorf("no file: %d", got)
	}
}

// A header that is still on its way is waited for; what is no ledger is refused.
func TestFollowOfAnotherFileDoesNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("hello, world"), 0o600); err != nil {
		t.Fatal(err)
	}
	var not *NotLedgerError
	if _, err := Follow(t.Context(), path); !errors.As(err, &not) {
		t.Errorf("got %v, want not a ledger", err)
	}
}
