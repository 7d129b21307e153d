package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

// busy is a run of three seconds with a request that is answered late, one that
// is dropped, and names that want to be markup.
func busy() *Recorder {
	r := NewRecorder(ledger.Header{RunID: "r1", Target: "http://<b>", Rate: 2, Duration: 3 * time.Second, Pace: "poisson"})
	for _, a := range []ledger.Attempt{
		{Scheduled: 0, Sent: ms, Service: 2500 * ms, Latency: 2501 * ms, Outcome: ledger.Answered, Status: 200},
		{Scheduled: 900 * ms, Sent: 1100 * ms, Service: 5 * ms, Latency: 205 * ms, Outcome: ledger.Answered, Status: 500, Expect: 200, Journey: "<script>alert(1)</script>", Route: "/a"},
		{Scheduled: 1500 * ms, Outcome: ledger.Dropped},
		{Scheduled: 2 * time.Second, Sent: 2 * time.Second, Service: time.Millisecond, Outcome: ledger.Refused},
	} {
		r.Add(a)
	}
	return r
}

func TestTimelineCountsWhereItHappened(t *testing.T) {
	want := []slot{{due: 2, sent: 1}, {due: 1, sent: 1, answered: 1, errors: 1}, {due: 1, sent: 1, answered: 1, errors: 1}}
	if diff := cmp.Diff(want, busy().Plots().timeline.slots, cmp.AllowUnexported(slot{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALongTimelineStaysSmallAndLosesNothing(t *testing.T) {
	course := timeline{width: time.Second}
	const n = 100_000 // seconds, one request in each
	for i := range n {
		at := time.Duration(i) * time.Second
		course.add(&ledger.Attempt{Scheduled: at, Sent: at, Service: 300 * time.Second, Outcome: ledger.Answered})
	}
	var sum slot
	for _, s := range course.slots {
		sum.due, sum.sent, sum.answered, sum.errors = sum.due+s.due, sum.sent+s.sent, sum.answered+s.answered, sum.errors+s.errors
	}
	if len(course.slots) > maxSlots || course.width != 128*time.Second || sum != (slot{n, n, n, 0}) {
		t.Errorf("%d slots of %v that hold %+v", len(course.slots), course.width, sum)
	}
	if first := course.slots[0]; first.due != 128 || first.answered != 0 {
		t.Errorf("the first slot holds %+v", first)
	}
}

func TestThePageIsCompleteInItself(t *testing.T) {
	r := busy()
	report := r.Report(ledger.Trailer{Planned: 4}, true, "run.ledger")
	threshold, err := ParseThreshold("errors>1%")
	if err != nil {
		t.Fatal(err)
	}
	report.Told = &Told{Stream: "<stream>", Written: 7}
	report.Judge([]Threshold{threshold})
	var out bytes.Buffer
	if err := report.WriteHTML(&out, r.Plots()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"r1", "http://&lt;b&gt;", "7 documents in &lt;stream&gt;, no summary", "2/s for 3s", "poisson", "&lt;script&gt;alert(1)&lt;/script&gt;", "errors&gt;1%", "50% (2 of 4)", `class="bad">fails<`, "requests per second", "latency by percentile"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if foreign := regexp.MustCompile(`(?i)<script|<link|\ssrc=|url\(|@import|https://|ZgotmplZ|NaN|Inf`).FindString(text); foreign != "" {
		t.Errorf("the page holds %q", foreign)
	}
	for _, d := range regexp.MustCompile(` d="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`^(M-?[0-9.]+ -?[0-9.]+(L-?[0-9.]+ -?[0-9.]+)*|M0 [0-9.]+H1000)$`).MatchString(d[1]) {
			t.Errorf("a line goes %q", d[1])
		}
	}
	closed(t, text)
}

// closed wants each element to be closed where it should be.
func closed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("the page is not well-formed: %v", err)
			return
		}
	}
}

func TestARunWithoutARequestHasAPage(t *testing.T) {
	r := NewRecorder(ledger.Header{})
	var out bytes.Buffer
	if err := r.Report(ledger.Trailer{}, false, "").WriteHTML(&out, r.Plots()); err != nil || strings.Contains(out.String(), "NaN") {
		t.Errorf("%v\n%s", err, out.String())
	}
	closed(t, out.String())
}

func TestMarksOfTheClock(t *testing.T) {
	for _, row := range []struct {
		length time.Duration
		want   string
	}{
		{3 * time.Second, "0:00 0:01 0:02 0:03"},
		{20 * time.Second, "0:00 0:05 0:10 0:15 0:20"},
		{3 * time.Minute, "0:00 0:30 1:00 1:30 2:00 2:30 3:00"},
		{26 * time.Hour, "0:00 6:00:00 12:00:00 18:00:00 24:00:00"},
		{0, ""},
	} {
		var got []string
		for _, mark := range clocks(row.length) {
			got = append(got, mark.Text)
		}
		if diff := cmp.Diff(row.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", row.length, diff)
		}
	}
}

func TestMarksOfAnAxisAreShort(t *testing.T) {
	for highest, want := range map[float64]string{
		0: "0 0.25 0.5 0.75 1", 0.5: "0 0.15 0.3 0.45 0.6", 50: "0 15 30 45 60", 57: "0 15 30 45 60", 100: "0 30 60 90 120", 390: "0 150 300 450 600",
		23_000: "0 6,000 12,000 18,000 24,000", 97: "0 30 60 90 120", 96: "0 25 50 75 100",
	} {
		var marks []string
		for _, tick := range levels(ceiling(highest), count) {
			marks = append(marks, tick.Text)
		}
		if got := strings.Join(marks, " "); got != want {
			t.Errorf("up to %v: %s, want %s", highest, got, want)
		}
	}
	for d, want := range map[time.Duration]string{5 * time.Second: "5 s", 20 * time.Second: "20 s", 2500 * ms: "2.5 s", 100 * ms: "100 ms", 750 * time.Microsecond: "0.75 ms"} {
		if got := round(short(d)); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestAnswersOfARouteAreBrokenBetweenThem(t *testing.T) {
	parts := []string{"200 × 39", "503 × 47", "504 × 77", "none × 11"}
	for width, want := range map[int][]string{
		80: {"200 × 39, 503 × 47, 504 × 77, none × 11"},
		20: {"200 × 39, 503 × 47,", "504 × 77, none × 11"},
		5:  {"200 × 39,", "503 × 47,", "504 × 77,", "none × 11"},
	} {
		if diff := cmp.Diff(want, lines(parts, width)); diff != "" {
			t.Errorf("in %d (-want +got):\n%s", width, diff)
		}
	}
	if got := lines(nil, 10); len(got) != 0 {
		t.Errorf("of none: %q", got)
	}
}
