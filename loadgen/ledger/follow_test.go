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
