package arrival

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// written is what the application's log files hold of a run.
type written struct {
	account *Account
	run     []byte // as it is quoted in a line
	seqs    Seqs   // have a line
	twice   Seqs   // have more than one
	missing places // lines of attempts without a document
	arrived []int64
}

// place is where the line of a missing attempt stands, and which document it was
// to become.
type place struct {
	file           int
	offset         int64
	service, event string
}

// places are those of the missing attempts. The first line of an attempt counts.
type places map[uint64]place

func (p places) len() int { return len(p) }

func newWritten(a *Account) *written {
	run, _ := json.Marshal(a.Run) // a string
	return &written{account: a, run: run, missing: places{}}
}

// read takes note of the run's lines in the i-th file.
func (w *written) read(ctx context.Context, i int, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w.arrived = append(w.arrived, -1)
	offset := int64(0)
	for r := bufio.NewReaderSize(file, 1<<16); ; {
		line, err := r.ReadBytes('\n')
		if bytes.Contains(line, w.run) { // most lines of a long log are of other runs
			w.take(line, i, offset)
		}
		offset += int64(len(line))
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

func (w *written) take(line []byte, file int, offset int64) {
	var access struct {
		Run struct {
			ID  string `json:"id"`
			Seq uint64 `json:"seq"`
		} `json:"run"`
		Service struct{ Name string }
		Event   struct{ ID string }
	}
	// A line that was cut off in mid-write is none.
	if json.Unmarshal(line, &access) != nil || access.Run.ID != w.account.Run || access.Run.Seq == 0 {
		return
	}
	seq := access.Run.Seq
	if w.seqs.Has(seq) {
		w.twice.Add(seq)
	}
	w.seqs.Add(seq)
	if !w.account.Lost.Has(seq) && !w.account.Indeterminate.Has(seq) {
		w.arrived[file] = max(w.arrived[file], offset)
		return
	}
	if _, known := w.missing[seq]; !known {
		w.missing[seq] = place{file, offset, access.Service.Name, access.Event.ID}
	}
}

// place says how far the shipper came with the line of a missing attempt: it reads
// a file from its begin to its end, so what arrived says what was read.
func (w *written) place(seq uint64, files []string) (Hop, string) {
	p := w.missing[seq]
	switch last := w.arrived[p.file]; {
	case last < 0:
		return HopUnread, "no line of the run in " + files[p.file] + " has arrived"
	case p.offset > last:
		return HopUnread, fmt.Sprintf("the last line of %s that arrived stands before it, at byte %d", files[p.file], last)
	default:
		return HopShipper, fmt.Sprintf("later lines of %s arrived, up to byte %d; nothing is stored under its id or kept as text", files[p.file], last)
	}
}
