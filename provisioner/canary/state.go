package canary

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"plumbline/demo-app/telemetry"
)

// What a state file says of itself. The revision is raised when an older program
// would misread it.
const (
	stateKind     = "plumbline canary"
	stateRevision = 1
	mostState     = 8 << 20 // bytes; MostProbes need a quarter of it
)

// StateError is a state file that cannot be used.
type StateError struct{ Path, Why, Next string }

func (e *StateError) Error() string { return "state " + e.Path + ": " + e.Why }

// Hint says what to do about it.
func (e *StateError) Hint() string { return e.Next }

// state is a state file: JSON, replaced as a whole.
type state struct {
	Kind     string `json:"kind"`
	Revision int    `json:"revision"`
	*account
}

// file is where an account is kept. One process has it: the lock is on a file
// beside it, since the file itself is replaced, and the kernel drops it with the
// process.
type file struct {
	path string
	lock *flock.Flock
}

// openFile locks a state file and reads it, nil if there is none yet. Its account
// has to be about the same subject.
func openFile(path, watching string) (*file, *account, error) {
	unusable := func(err error) error {
		return &StateError{path, err.Error(), "name a file in a directory of this user's own: -state FILE"}
	}
	f := &file{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
	switch held, err := f.lock.TryLock(); {
	case err != nil:
		return nil, nil, unusable(err)
	case !held:
		return nil, nil, &StateError{path, "another process keeps it", "stop that one, or name another file: -state FILE"}
	}
	kept, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil, nil
	}
	if err == nil && kept.Watching != watching {
		err = &StateError{path, fmt.Sprintf("it is of %s, not of %s", kept.Watching, watching), "name another file: -state FILE"}
	}
	if err == nil {
		return f, kept, nil
	}
	f.close()
	if known, ok := errors.AsType[*StateError](err); ok {
		known.Path = path
		return nil, nil, known
	}
	return nil, nil, unusable(err)
}

func (f *file) close() error { return f.lock.Unlock() }

func readFile(path string) (*account, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostState+1))
	if err != nil {
		return nil, err
	}
	return readState(text)
}

// readState refuses whatever this program would not have written.
func readState(text []byte) (*account, error) {
	const begin = "to begin anew, move it away; what it counted ends with it"
	s := state{account: &account{}}
	err := json.Unmarshal(text, &s)
	switch {
	case err != nil:
		return nil, &StateError{Why: "damaged: " + err.Error(), Next: begin}
	case s.Kind != stateKind:
		return nil, &StateError{Why: "no state of provisioner watch", Next: "name another file: -state FILE"}
	case s.Revision > stateRevision:
		return nil, &StateError{Why: fmt.Sprintf("of a newer program: revision %d, this one knows %d", s.Revision, stateRevision), Next: "use that program, or name another file: -state FILE"}
	case s.Revision < 1:
		return nil, &StateError{Why: fmt.Sprintf("damaged: revision %d", s.Revision), Next: begin}
	}
	if err := s.check(); err != nil {
		return nil, &StateError{Why: "damaged: " + err.Error(), Next: begin}
	}
	return s.account, nil
}

// check finds fault with an account that contradicts itself.
func (a *account) check() error {
	t := a.Totals
	switch {
	case !telemetry.SaneID(a.Run):
		return fmt.Errorf("run %q", a.Run)
	case len(a.Probes) > MostProbes:
		return fmt.Errorf("%d probes", len(a.Probes))
	case min(t.Requests, t.Unanswered, t.Interrupted, t.Found, t.Lost, t.Recovered, t.Late, t.Duplicated, t.Corrupted, t.SearchErrors) < 0:
		return errors.New("a negative count")
	case t.Requests != a.Next-1:
		return fmt.Errorf("%d probes counted, the next one is %d", t.Requests, a.Next)
	case t.Recovered > t.Lost, t.Recovered > t.Late, max(t.Late, t.Duplicated, t.Corrupted) > t.Found:
		return errors.New("more special probes than there are")
	}
	waiting, last := int64(0), int64(0)
	for _, p := range a.Probes {
		switch {
		case p == nil || p.Seq <= last || p.Seq >= a.Next:
			return fmt.Errorf("a probe out of order, after %d", last)
		case !p.Outcome.known() || p.At.IsZero() || p.Outcome == found && p.Found.IsZero():
			return fmt.Errorf("probe %d", p.Seq)
		}
		last = p.Seq
		if p.Outcome == asked || p.Outcome == pending {
			waiting++
		}
	}
	if t.Requests != t.Unanswered+t.Interrupted+t.Found+t.Lost-t.Recovered+waiting {
		return errors.New("the counts do not add up")
	}
	return nil
}

// save replaces the file: whoever reads it, also after a crash of the machine,
// finds the old state or the new one.
func (f *file) save(a *account) error {
	text, err := json.Marshal(state{stateKind, stateRevision, a})
	if err == nil {
		err = replace(f.path, append(text, '\n'))
	}
	if err != nil {
		return &StateError{f.path, err.Error(), "is the disk full? what is not remembered is not sent, either"}
	}
	return nil
}

func replace(path string, text []byte) error {
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
