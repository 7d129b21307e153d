// Package statedir is the one directory in which the native stack keeps all it
// makes: cache/ for what is downloaded and built, run/ for the latest run. It
// chooses the place, locks it against a second copy, and records what runs.
package statedir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// marker is the file that says a directory is ours to fill and to empty.
const marker = "plumbline-state"

// Dir is an opened state directory.
type Dir struct{ Path string } // absolute, without symbolic links

// Cache returns a path under cache/: kept from run to run.
func (d Dir) Cache(parts ...string) string {
	return filepath.Join(append([]string{d.Path, "cache"}, parts...)...)
}

// Run returns a path under run/: emptied by Reset.
func (d Dir) Run(parts ...string) string {
	return filepath.Join(append([]string{d.Path, "run"}, parts...)...)
}

// Choose returns the default state directory of a repository: .plumbline in
// it, or one under /var/tmp when that cannot work, and then why. Root needs a
// place that Elasticsearch's user can reach, anybody needs one to write to.
func Choose(repository string, uid int) (path, why string) {
	inside := filepath.Join(repository, ".plumbline")
	hash := sha256.Sum256([]byte(repository))
	outside := fmt.Sprintf("/var/tmp/plumbline-%d-%x", uid, hash[:4])
	if uid == 0 {
		if closed, err := Untraversable(repository); err == nil && closed != "" {
			return outside, "other users cannot enter " + closed + ", and Elasticsearch refuses to run as root"
		}
		return inside, ""
	}
	if _, err := os.Stat(inside); errors.Is(err, fs.ErrNotExist) && !writable(repository) {
		return outside, "you cannot write to " + repository
	}
	return inside, ""
}

// Untraversable returns the first directory on the way to path, or path
// itself, that users other than its owner and group cannot pass; "" if none.
func Untraversable(path string) (string, error) {
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && at != "/" {
				continue
			}
			return "", err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", nil
		}
	}
}

// writable tells whether a file can be made in dir.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".plumbline-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

// ForeignError is a directory that exists and is not a state directory.
type ForeignError struct{ Path, Why string }

func (e *ForeignError) Error() string { return "state directory " + e.Path + ": " + e.Why }

// Hint says what to type next.
func (e *ForeignError) Hint() string { return "name another directory: -state DIR" }

// Usable tells why a directory cannot be a state directory: it has another
// owner, other content, or cannot be written to. It makes nothing; a directory
// that does not exist yet is judged by the one it will be made in.
func Usable(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		for errors.Is(err, fs.ErrNotExist) {
			path = filepath.Dir(path)
			_, err = os.Stat(path)
		}
		if err == nil && !writable(path) {
			err = &ForeignError{Path: path, Why: "you cannot write to it"}
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if !info.IsDir() {
		return &ForeignError{Path: path, Why: "it is not a directory"}
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Getuid() {
		return &ForeignError{Path: path, Why: fmt.Sprintf("it belongs to user %d and you are user %d", owner, os.Getuid())}
	}
	if _, err := os.Stat(filepath.Join(path, marker)); err != nil {
		entries, err := os.ReadDir(path)
		if err != nil {
			return fmt.Errorf("state directory: %w", err)
		}
		if len(entries) > 0 {
			return &ForeignError{Path: path, Why: "it holds other files (" + entries[0].Name() + "), and the stack empties part of its directory at each start"}
		}
	}
	if !writable(path) {
		return &ForeignError{Path: path, Why: "you cannot write to it"}
	}
	return nil
}

// Resolve returns the absolute path without symbolic links of a directory that
// need not exist yet: the name by which a run's processes are marked.
func Resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	missing := ""
	for at := path; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, missing), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return "", fmt.Errorf("state directory: %w", err)
		}
		missing = filepath.Join(filepath.Base(at), missing)
	}
}

// Open makes the directory when it is missing, and refuses one that is not
// Usable. The path is a resolved one.
func Open(path string) (Dir, error) {
	if err := Usable(path); err != nil {
		return Dir{}, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return Dir{}, fmt.Errorf("state directory: %w", err)
	}
	d := Dir{Path: path}
	text := "The native stack of Plumbline keeps its downloads (cache/) and its latest run (run/) here.\nAll of it may be deleted when the stack is down.\n"
	if err := os.WriteFile(filepath.Join(path, marker), []byte(text), 0o644); err != nil {
		return Dir{}, fmt.Errorf("state directory: %w", err)
	}
	for _, sub := range []string{d.Path, d.Cache(), d.Run()} {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return Dir{}, fmt.Errorf("state directory: %w", err)
		}
		if os.Getuid() != 0 {
			continue
		}
		// Root's strict umask must not shut Elasticsearch's user out.
		if err := os.Chmod(sub, 0o755); err != nil {
			return Dir{}, fmt.Errorf("state directory: %w", err)
		}
	}
	return d, nil
}

// Reset deletes what the last run left under run/, but for the lock. The
// caller must hold the lock.
func (d Dir) Reset() error {
	entries, err := os.ReadDir(d.Run())
	if err != nil {
		return fmt.Errorf("reset %s: %w", d.Run(), err)
	}
	for _, e := range entries {
		if e.Name() == lockName {
			continue
		}
		if err := os.RemoveAll(d.Run(e.Name())); err != nil {
			return fmt.Errorf("reset %s: %w", d.Run(), err)
		}
	}
	return nil
}
