package drills

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func shipperKilled(t *testing.T, r *rig) finding {
	l := r.fire(t, "shipper", shot{})
	shipper := r.Child("filebeat")
	var kills, meanwhile uint64
	for i := range 3 {
		l.awaitLines(t, r.log(), 110*(i+1))
		pid := shipper.PID()
		shipper.Kill()
		before := l.lines(t, r.log())
		l.awaitLines(t, r.log(), before+30)
		if err := shipper.Restart(); err != nil {
			t.Fatal(err)
		}
		meanwhile += uint64(l.lines(t, r.log()) - before)
		if shipper.PID() != pid {
			kills++
		}
	}
	l.end(t)
	v := r.whole(t, l)
	return finding{[]proof{{kills, "kills"}, {meanwhile, "lines written while it was dead"}}, v.Summary, once(v.Account)}
}

func registryWiped(t *testing.T, r *rig) finding {
	l := r.fire(t, "registry", shot{duration: "3s"})
	l.end(t)
	broken := once(r.whole(t, l).Account)
	before := r.proxy.Counts()
	shipper := r.Child("filebeat")
	stop(t, shipper)
	if err := os.RemoveAll(filepath.Join(filepath.Dir(r.Logs), "filebeat", "data", "registry")); err != nil {
		t.Fatal(err)
	}
	if err := shipper.Restart(); err != nil {
		t.Fatal(err)
	}
	lines := uint64(l.lines(t, r.log()))
	var refused uint64
	await(t, fmt.Sprintf("%d refused lines", lines), func() error {
		if refused = r.proxy.Counts().Less(before).Items[409]; refused < lines {
			return fmt.Errorf("%d", refused)
		}
		return nil
	})
	v := r.whole(t, l)
	return finding{[]proof{{refused, "lines refused with 409"}}, v.Summary, append(broken, once(v.Account)...)}
}
