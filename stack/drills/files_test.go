package drills

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func renamed(t *testing.T, r *rig) finding {
	p := r.pen(t, "rename")
	l := r.fire(t, "rename", shot{target: p.url, appLog: p.record})
	var files uint64
	for i := range 3 {
		l.awaitLines(t, p.record, 110*(i+1))
		p.cut(t, func() {
			before := p.stat(t)
			aside := filepath.Join(filepath.Dir(p.path), fmt.Sprintf("demo-app-%d.json", i+1))
			if err := os.Rename(p.path, aside); err != nil {
				t.Fatal(err)
			}
			p.reopen(t)
			if !os.SameFile(before, p.stat(t)) {
				files++
			}
		})
	}
	l.end(t)
	v := r.whole(t, l)
	return finding{[]proof{{files, "renamed files, each followed by a new one"}}, v.Summary, once(v.Account)}
}

func copyTruncated(t *testing.T, r *rig) finding {
	p := r.pen(t, "truncate")
	l := r.fire(t, "truncate", shot{target: p.url, appLog: p.record})
	var emptied uint64
	var copies []byte
	var at []time.Time
	for i := range 2 {
		l.awaitLines(t, p.record, 150*(i+1))
		text, err := os.ReadFile(p.path) // the copy: while the pen goes on writing
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, text...)
		p.cut(t, func() {
			if err := os.Truncate(p.path, 0); err != nil {
				t.Fatal(err)
			}
			if p.stat(t).Size() == 0 {
				emptied++
			}
			at = append(at, time.Now())
		})
	}
	l.end(t)
	f := r.tailsLost(t, l, p, at)
	f.proofs = append(f.proofs, proof{emptied, "times emptied"})
	copied := map[uint64]bool{}
	for line := range bytes.Lines(copies) {
		if seq, ok := identify(line, l.run); ok {
			copied[seq] = true
		}
	}
	f.said += fmt.Sprintf("; the copies hold %d lines", len(copied))
	return f
}

func deleted(t *testing.T, r *rig) finding {
	p := r.pen(t, "delete")
	l := r.fire(t, "delete", shot{target: p.url, appLog: p.record})
	l.awaitLines(t, p.record, 240)
	var gone uint64
	var at []time.Time
	p.cut(t, func() {
		before := p.stat(t)
		if err := os.Remove(p.path); err != nil {
			t.Fatal(err)
		}
		p.reopen(t)
		if !os.SameFile(before, p.stat(t)) {
			gone++
		}
		at = append(at, time.Now())
	})
	l.end(t)
	f := r.tailsLost(t, l, p, at)
	f.proofs = append(f.proofs, proof{gone, "file deleted, and a new one begun"})
	return f
}

// tailsLost judges a load of which the end of each file may be lost, if Filebeat
// had not read it by the time at which that file was cut.
func (r *rig) tailsLost(t *testing.T, l *load, p *pen, at []time.Time) finding {
	t.Helper()
	v := r.judge(t, l, lossWithin)
	lost := map[uint64]bool{}
	for seq := range v.Account.Lost.All() {
		lost[seq] = true
	}
	f := finding{said: v.Summary}
	unread := map[uint64]bool{}
	for i, generation := range p.wrote(l.run) {
		if i == len(at) {
			break // the last file is still there
		}
		tail := unreadTail(generation, lost)
		for _, a := range tail {
			unread[a.seq] = true
		}
		f.proofs = append(f.proofs, proof{uint64(len(generation)), fmt.Sprintf("lines in file %d", i+1)})
		if len(tail) > 0 {
			f.said += fmt.Sprintf("; of file %d the last %d, written within %v before", i+1, len(tail), at[i].Sub(tail[0].at).Round(time.Millisecond))
		}
	}
	f.broken = lostJust(v.Account, unread)
	return f
}

// unreadTail returns the last lines of a file that were all lost: what a reader
// had not come to. A line lost in front of one that arrived is not among them.
func unreadTail(generation []attempt, lost map[uint64]bool) []attempt {
	i := len(generation)
	for i > 0 && lost[generation[i-1].seq] {
		i--
	}
	return generation[i:]
}

func TestUnreadTail(t *testing.T) {
	file := []attempt{{seq: 1}, {seq: 2}, {seq: 4}, {seq: 3}}
	for _, row := range []struct {
		what string
		lost []uint64
		want int
	}{
		{"all was read", nil, 0},
		{"the last two were not, whatever their numbers", []uint64{3, 4}, 2},
		{"a line lost in the middle is no tail", []uint64{2}, 0},
		{"nor is it part of one", []uint64{1, 3}, 1},
		{"nothing was read", []uint64{1, 2, 3, 4}, 4},
	} {
		lost := map[uint64]bool{}
		for _, seq := range row.lost {
			lost[seq] = true
		}
		if got := len(unreadTail(file, lost)); got != row.want {
			t.Errorf("%s: %d lines, want %d", row.what, got, row.want)
		}
	}
}
