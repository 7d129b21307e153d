package drills

import (
	"fmt"
	"testing"
	"time"

	"plumbline/stack/drills/faultproxy"
)

// hurtFor is how long harm is done that has no end of its own.
const hurtFor = 5 * time.Second

// hurt does harm while a load goes on, and undoes it. It returns what the proxy
// counted from the harm until the load was judged.
func (r *rig) hurt(t *testing.T, name string, harm func() error) (faultproxy.Counts, finding) {
	t.Helper()
	l := r.fire(t, name, shot{})
	l.awaitLines(t, r.log(), 60)
	before := r.proxy.Counts()
	if err := harm(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(hurtFor)
	r.heal(t)
	l.end(t)
	v := r.whole(t, l)
	return r.proxy.Counts().Less(before), finding{said: v.Summary, broken: once(v.Account)}
}

func refused(fault faultproxy.Fault) func(*testing.T, *rig) finding {
	return func(t *testing.T, r *rig) finding {
		c, f := r.hurt(t, fmt.Sprintf("refused-%d", fault), func() error { r.proxy.Refuse(fault); return nil })
		f.proofs = []proof{{c.Refused, "requests refused"}}
		return f
	}
}

func itemsRefused(t *testing.T, r *rig) finding {
	c, f := r.hurt(t, "items", func() error { r.proxy.Refuse(faultproxy.SomeItems); return nil })
	f.proofs = []proof{{c.Sifted, "items refused"}, {c.Items[201], "others stored"}}
	return f
}

func slowConnection(t *testing.T, r *rig) finding {
	c, f := r.hurt(t, "slow", func() error { return r.proxy.Slow(300*time.Millisecond, 20_000) })
	f.proofs = []proof{{c.Slow, fmt.Sprintf("requests longer than %v on their way", faultproxy.SlowAfter)}}
	return f
}

func requestsCut(t *testing.T, r *rig) finding {
	c, f := r.hurt(t, "requests", func() error { return r.proxy.CutRequests(32 << 10) })
	f.proofs = []proof{{c.Torn, "requests broken off"}, {c.Connections, "connections opened anew"}}
	return f
}

func answersCut(t *testing.T, r *rig) finding {
	c, f := r.hurt(t, "answers", func() error { return r.proxy.CutAnswers(8 << 10) })
	f.proofs = []proof{{c.Connections, "connections opened anew"}, {c.Items[409], "resent lines refused with 409"}}
	return f
}
