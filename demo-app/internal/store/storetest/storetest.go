// Package storetest gives tests a catalogue of the small facility, seed 1. Under
// the race detector it takes seconds to fill one, so that all tests of a program
// get copies of the first.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/store"
)

// seeded is the file of the catalogue.
var seeded = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "small.db")
	s, err := open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func open(ctx context.Context, path string) (*store.Store, error) {
	return store.Open(ctx, store.Options{URL: path, Facility: facility.New(1, facility.Small())})
}

// Open returns a catalogue that is the test's own, and the test's to close.
func Open(t testing.TB) *store.Store {
	t.Helper()
	content, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "small.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
