package drills

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func appKilled(t *testing.T, r *rig) finding {
	l := r.fire(t, "app", shot{rate: 150, duration: "20s"})
	app := r.Child("demo-app")
	var kills uint64
	for i := range 3 {
		l.awaitLines(t, r.log(), 250*(i+1))
		pid := app.PID()
		app.Kill()
		if err := app.Restart(); err != nil {
			t.Fatal(err)
		}
		if app.PID() != pid {
			kills++
		}
	}
	l.end(t)
	v := r.judge(t, l, lossWithin)
	a := v.Account
	return finding{[]proof{{kills, "kills"}, {a.Lost.Count + a.Indeterminate.Count, "requests without a line"}}, v.Summary, append(onlyOnce(a), lostInApp(a)...)}
}

// diskFull has demo-app write to a file system that is full after some seconds.
// Then either there is room again, or demo-app is killed.
func diskFull(killed bool) func(*testing.T, *rig) finding {
	return func(t *testing.T, r *rig) finding {
		name := fmt.Sprintf("full-%t", killed)
		dir := smallDisk(t, filepath.Join(r.logs, name))
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 900<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		log, err := os.OpenFile(filepath.Join(dir, "demo-app.json"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		app := r.application(t, log, log.Name())
		l := r.fire(t, name, shot{target: app.url, appLog: log.Name()})
		await(t, "a write that fails", func() error {
			if n := app.writesFailed(t); n == 0 {
				return errors.New("none has failed")
			}
			return nil
		})
		l.end(t)
		failed := app.writesFailed(t)
		stands := l.seqs(t, log.Name())
		if killed {
			app.kill()
			stands = l.seqs(t, log.Name())
		} else if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}

		within := arriveWithin
		if killed {
			within = lossWithin
		}
		v := r.judge(t, l, within)
		a := v.Account
		waiting := a.Sent - uint64(len(stands))
		answered := waiting - a.Indeterminate.Count // a busy machine may have left some to wait too long
		for seq := range a.Unconfirmed.All() {
			if !stands[seq] {
				answered--
			}
		}
		f := finding{[]proof{
			{failed, "writes failed"}, {waiting, "lines not in the file by the end of the load"}, {answered, "of these answered"},
		}, v.Summary, nil}
		if killed {
			f.broken = append(lostBeside(a, stands), lostInApp(a)...)
		} else {
			f.broken = once(a)
		}
		return f
	}
}

// seqs returns the attempts of the run that have a whole line in a file.
func (l *load) seqs(t *testing.T, path string) map[uint64]bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seqs := map[uint64]bool{}
	for line := range bytes.Lines(text) {
		if seq, ok := identify(line, l.run); ok && bytes.HasSuffix(line, []byte("\n")) {
			seqs[seq] = true
		}
	}
	return seqs
}

// writesFailed is what demo-app tells of its log.
func (a *app) writesFailed(t *testing.T) uint64 {
	t.Helper()
	res, err := http.Get(a.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		var n uint64
		if value, ok := strings.CutPrefix(lines.Text(), "icat_log_writes_failed_total "); ok {
			if _, err := fmt.Sscan(value, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("demo-app tells nothing of failed writes")
	return 0
}

var timestamp = regexp.MustCompile(`"@timestamp":"([^"]+)"`)

// clockStep moves the time stamps, not the clock: a machine's clock belongs to
// others, too. To Filebeat and Elasticsearch it looks the same.
func clockStep(t *testing.T, r *rig) finding {
	p := r.pen(t, "clock")
	var ahead, back uint64
	p.change(func(line []byte) []byte {
		seq, ok := identify(line, runOf("clock"))
		switch {
		case !ok || seq <= 150:
			return line
		case seq <= 300:
			ahead++
			return shift(line, time.Hour)
		default:
			back++
			return shift(line, -time.Hour)
		}
	})
	l := r.fire(t, "clock", shot{target: p.url, appLog: p.record})
	l.end(t)
	v := r.whole(t, l)
	p.change(unchanged) // after which nobody touches the counts
	lag := v.Account.ReadLag
	f := finding{[]proof{{ahead, "lines an hour ahead"}, {back, "lines an hour back"}}, v.Summary, once(v.Account)}
	f.said += fmt.Sprintf("; %d negative lags, from %v to %v", lag.Negative, lag.Min.Round(time.Second), lag.Max.Round(time.Second))
	if uint64(lag.Negative) != ahead || lag.Max < time.Hour {
		f.broken = append(f.broken, fmt.Sprintf("%d negative lags, want %d; the longest is %v, want an hour", lag.Negative, ahead, lag.Max))
	}
	return f
}

// shift moves the time stamp of a line.
func shift(line []byte, by time.Duration) []byte {
	return timestamp.ReplaceAllFunc(line, func(member []byte) []byte {
		at, err := time.Parse(time.RFC3339Nano, string(timestamp.FindSubmatch(member)[1]))
		if err != nil {
			return member
		}
		return fmt.Appendf(nil, `"@timestamp":"%s"`, at.Add(by).Format(time.RFC3339Nano))
	})
}
