package red

import (
	"strings"
	"testing"
	"time"

	"plumbline/provisioner/red/exact"
)

// looks are scrapes so many seconds after the beginning of the run.
func looks(process time.Time, seconds ...float64) (all []Scrape) {
	for _, s := range seconds {
		all = append(all, Scrape{At: began.Add(time.Duration(s * float64(time.Second))), Took: 10 * time.Millisecond, Process: process})
	}
	return all
}

func TestCover(t *testing.T) {
	run := &exact.Run{From: began, To: began.Add(19 * time.Second), Requests: []exact.Request{
		{Route: "/a", Took: time.Millisecond, Ended: began.Add(time.Second)},
		{Route: "/a", Took: time.Millisecond, Ended: began.Add(11 * time.Second)},
		{Route: "/a", Took: time.Millisecond, Ended: began.Add(20 * time.Second)},
	}}
	old, young := began.Add(-time.Hour), began.Add(10*time.Second)
	for _, row := range []struct {
		proves       string
		scrapes      []Scrape
		begin, end   float64 // seconds
		lives        int
		unseen, sure int // requests that nobody saw, and that are in the counters for certain
		why          string
	}{
		{"the last before and the first after", looks(old, -9, -4, 1, 6, 11, 16, 21, 26), -4, 21, 1, 0, 3, ""},
		{"two scrapes are enough", looks(old, -4, 21), -4, 21, 1, 0, 3, ""},
		{"a scrape under way when the run begins is not before it", looks(old, -4, -.005, 21), -4, 21, 1, 0, 3, ""},
		{"a scrape just after the last request may have missed it", looks(old, -4, 20.05, 24), -4, 24, 1, 0, 3, ""},
		{"a process that began in mid-run began at zero", looks(young, 12, 17, 22), 12, 22, 1, 0, 3, ""},
		{"between a last look and a restart nobody sees", append(looks(old, -4, 1.5, 6), looks(began.Add(15*time.Second), 16, 21)...), -4, 21, 2, 1, 2, ""},
		{"nothing before", looks(old, 1, 6, 21), 0, 0, 0, 0, 0, "is not before the run"},
		{"nothing after", looks(old, -4, 1, 6), 0, 0, 0, 0, 0, "is not after the last request"},
		{"nothing at all", nil, 0, 0, 0, 0, 0, "holds no successful scrape"},
	} {
		c, err := cover(row.scrapes, run)
		if row.why != "" {
			if err == nil || !strings.Contains(err.Error(), row.why) {
				t.Errorf("%s: %v, want %q", row.proves, err, row.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		certain, _ := c.split(run, "")
		begin, end := c.Begin().At.Sub(began).Seconds(), c.End().At.Sub(began).Seconds()
		if begin != row.begin || end != row.end || len(c.Lives) != row.lives || len(c.Unseen) != row.unseen || len(certain) != row.sure {
			t.Errorf("%s: from %v to %v in %d lives, %d unseen, %d certain; want %v to %v in %d, %d, %d",
				row.proves, begin, end, len(c.Lives), len(c.Unseen), len(certain), row.begin, row.end, row.lives, row.unseen, row.sure)
		}
	}
}

func TestClocksAreToldByCounts(t *testing.T) {
	for _, row := range []struct {
		proves string
		ahead  time.Duration
		lives  []time.Time
	}{
		{"the same clock", 0, nil},
		{"ahead", 7 * time.Second, nil},
		{"behind", -7 * time.Second, nil},
		{"far behind", -time.Minute, nil},
		{"ahead, across a restart", 3 * time.Second, []time.Time{began.Add(12 * time.Second)}},
		{"behind, across a restart", -3 * time.Second, []time.Time{began.Add(12 * time.Second)}},
	} {
		w := steady(300)
		w.ahead, w.lives = row.ahead, append(w.lives, row.lives...)
		_, _, run := w.run(t)
		scrapes, _ := w.Scrapes(t.Context(), began.Add(-time.Hour), began.Add(time.Hour))
		c, err := cover(scrapes, run)
		if err != nil || (c.Ahead-row.ahead).Abs() > 2*step {
			t.Errorf("%s: by %v, told %+v, %v", row.proves, row.ahead, c, err)
		}
		for i := range scrapes[len(scrapes)/2:] { // somebody else's requests
			scrapes[len(scrapes)/2+i].Total += 20
		}
		if c, err := cover(scrapes, run); err == nil && c.Ahead != 0 {
			t.Errorf("%s: with somebody else's requests no difference explains the counts, and yet it is told as %v", row.proves, c.Ahead)
		}
	}
}
