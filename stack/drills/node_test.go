package drills

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"plumbline/stack/supervise"
	"plumbline/stack/trial"
)

// stoppedFor is how long the node is gone.
const stoppedFor = 30 * time.Second

func nodeStopped(t *testing.T, r *rig) finding {
	l := r.fire(t, "node", shot{duration: "50s"})
	l.awaitLines(t, r.log(), 120)
	node := r.Child("elasticsearch")
	pid := node.PID()
	if err := node.Stop(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	before := l.lines(t, r.log())
	time.Sleep(stoppedFor)
	meanwhile := uint64(l.lines(t, r.log()) - before)
	gone := time.Since(began)
	if err := node.Restart(); err != nil {
		t.Fatal(err)
	}
	err := node.Ready(t.Context(), supervise.Gate{What: "answering again", Within: 10 * time.Minute, Check: func(ctx context.Context) error {
		_, err := r.node.Ask(ctx, http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=2s", nil)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	l.end(t)
	v := r.whole(t, l)
	f := finding{[]proof{{meanwhile, fmt.Sprintf("lines written in the %.0f s that it was gone", gone.Seconds())}}, v.Summary, once(v.Account)}
	if node.PID() == pid {
		f.proofs = nil
	}
	return f
}

func floodStage(t *testing.T, r *rig) finding {
	c, f := r.hurt(t, "flood", func() error { return r.block(t, floodBlock, true) })
	f.proofs = []proof{{c.Items[http.StatusTooManyRequests], "items refused by Elasticsearch with 429"}}
	return f
}

func writeBlocked(t *testing.T, r *rig) finding {
	l := r.fire(t, "readonly", shot{})
	l.awaitLines(t, r.log(), 120)
	before := r.proxy.Counts()
	if err := r.block(t, writeBlock, true); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	r.heal(t)
	l.end(t)
	v := r.judge(t, l, lossWithin)
	c := r.proxy.Counts().Less(before)
	return r.inDeadLetters(t, l, v, proof{c.Items[http.StatusForbidden], "items refused with 403"})
}

// What is put in place of an answer's status, and of all that is known of it.
var (
	statusCode = regexp.MustCompile(`"status_code":\d+`)
	response   = regexp.MustCompile(`"response":\{"status_code":\d+,"body":\{[^}]*\}\}`)
)

// spoil has a log pipe spoil every 20th line, and judges the load.
func (r *rig) spoil(t *testing.T, name string, part *regexp.Regexp, by string) (*load, trial.Verdict, map[uint64]bool) {
	t.Helper()
	p := r.pen(t, name)
	spoilt := map[uint64]bool{}
	p.change(func(line []byte) []byte {
		seq, ok := identify(line, runOf(name))
		if !ok || seq%20 != 0 || !part.Match(line) {
			return line
		}
		spoilt[seq] = true
		return part.ReplaceAll(line, []byte(by))
	})
	l := r.fire(t, name, shot{target: p.url, appLog: p.record})
	l.end(t)
	v := r.judge(t, l, lossWithin)
	p.change(unchanged) // after which nobody touches the set
	return l, v, spoilt
}

func wrongValue(t *testing.T, r *rig) finding {
	_, v, spoilt := r.spoil(t, "value", statusCode, `"status_code":"fine"`)
	a := v.Account
	f := finding{[]proof{{uint64(len(spoilt)), "lines with a word for a status"}}, v.Summary, append(lostOnly(a, nil), unhandled(a)...)}
	for seq := range a.Corrupted.Attempts.All() {
		if !spoilt[seq] {
			f.broken = append(f.broken, fmt.Sprintf("%d is corrupted and was not spoilt", seq))
		}
	}
	want := a.Sent - a.Indeterminate.Count
	if a.Corrupted.Attempts.Count != uint64(len(spoilt)) || a.Documents != want || a.Duplicated.Attempts.Count+a.Unexpected.Documents > 0 {
		f.broken = append(f.broken, fmt.Sprintf("%d corrupted, want %d, in %d documents, want %d", a.Corrupted.Attempts.Count, len(spoilt), a.Documents, want))
	}
	return f
}

func mappingConflict(t *testing.T, r *rig) finding {
	l, v, spoilt := r.spoil(t, "mapping", response, `"response":"fine"`)
	f := r.inDeadLetters(t, l, v, proof{uint64(len(spoilt)), "lines with text for an object"})
	f.broken = append(f.broken, lostJust(v.Account, spoilt)...)
	return f
}

// inDeadLetters holds a verdict against the dead-letter stream: what the stream
// of access lines lacks has to be there, each line once, and nothing else.
func (r *rig) inDeadLetters(t *testing.T, l *load, v trial.Verdict, p proof) finding {
	t.Helper()
	dead, documents := r.deadLetters(t, l)
	f := finding{[]proof{p, {uint64(len(dead)), "in the dead-letter stream"}}, v.Summary, lostJust(v.Account, dead)}
	if documents != uint64(len(dead)) {
		f.broken = append(f.broken, fmt.Sprintf("%d lines are %d dead letters", len(dead), documents))
	}
	return f
}
