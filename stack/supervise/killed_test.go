package supervise

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExcused(t *testing.T) {
	filebeat, board, lock := &Killed{Name: "filebeat", Within: 10 * time.Second}, &Killed{Name: "board"}, errors.New("unlock: gone")
	for _, row := range []struct {
		proves string
		err    error
		killed []*Killed
		rest   error
	}{
		{"who ends by himself needs no excuse", nil, nil, nil},
		{"who was killed is named, and that is all", errors.Join(errors.Join(filebeat, board), nil), []*Killed{filebeat, board}, nil},
		{"what else went wrong stays", errors.Join(errors.Join(filebeat), lock), []*Killed{filebeat}, lock},
		{"alone, too", lock, nil, lock},
	} {
		killed, rest := Excused(row.err)
		if diff := cmp.Diff(row.killed, killed); diff != "" || !errors.Is(rest, row.rest) || (rest == nil) != (row.rest == nil) {
			t.Errorf("%s: %v, %s", row.proves, rest, diff)
		}
	}
}
