package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

func TestThresholds(t *testing.T) {
	run := sample(t) // 700 arrivals, 699 sent, 2 unexpected, 3 without an answer, 1 dropped
	for _, row := range []struct {
		condition, value string
		failed           bool
	}{
		{"p99>250ms", "694.2 ms", true},
		{"p99 > 2s", "694.2 ms", false},
		{"p50<1s", "349.2 ms", true},
		{"service.p50>=348ms", "348.1 ms", true},
		{"p99.9>=1h", "700.4 ms", false},
		{"max<=10.1s", "10.0 s", true},
		{"mean>1s", "363.0 ms", false},
		{"p90>0.5s", "628.1 ms", true},
		{"errors>1%", "0.714% (5 of 700)", false},
		{"errors>0.5%", "0.714% (5 of 700)", true},
		{"errors>=5", "5", true},
		{"errors>5", "5", false},
		{"unexpected>1", "2", true},
		{"dropped>0", "1", true},
		{"dropped>1%", "0.143% (1 of 700)", false},
		{"rate<99", "99.84/s", false},
		{" rate < 100/s ", "99.84/s", true},
	} {
		t.Run(row.condition, func(t *testing.T) {
			threshold, err := ParseThreshold(row.condition)
			if err != nil {
				t.Fatal(err)
			}
			r := run
			hold := r.Judge([]Threshold{threshold})
			if diff := cmp.Diff([]Verdict{{threshold.String(), row.value, row.failed}}, r.Thresholds); diff != "" || hold == row.failed {
				t.Errorf("hold %v (-want +got):\n%s", hold, diff)
			}
		})
	}
}

func TestWhatWasNotMeasuredFails(t *testing.T) {
	for _, condition := range []string{"p99>1h", "errors>1%", "dropped>0", "rate<0"} {
		threshold, err := ParseThreshold(condition)
		if err != nil {
			t.Fatal(err)
		}
		r := NewRecorder(ledger.Header{Rate: 1}).Report(ledger.Trailer{}, true, "")
		if r.Judge([]Threshold{threshold}) {
			t.Errorf("%s holds in a run without a request", condition)
		}
	}
}

func TestBadThresholds(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", `"": is not a metric, one of > >= < <= and a limit`},
		{"p99", `"p99": is not a metric, one of > >= < <= and a limit`},
		{"p99=250ms", `"p99=250ms": is not a metric, one of > >= < <= and a limit`},
		{"p99>-1ms", `"p99>-1ms": is not a metric, one of > >= < <= and a limit`},
		{"p99>250", `"p99>250": 250 is not a duration such as 250ms`},
		{"p99>5%", `"p99>5%": 5% is not a duration such as 250ms`},
		{"p98>1ms", `"p98>1ms": unknown metric p98`},
		{"errors>1ms", `"errors>1ms": 1ms is neither a count such as 10 nor a share such as 1%`},
		{"errors>101%", `"errors>101%": 101% is neither a count such as 10 nor a share such as 1%`},
		{"errors>1.5", `"errors>1.5": 1.5 is neither a count such as 10 nor a share such as 1%`},
		{"errors>1e3", `"errors>1e3": 1e3 is neither a count such as 10 nor a share such as 1%`},
		{"rate<1%", `"rate<1%": 1% is not a number per second such as 199.5`},
		{"service.errors>1", `"service.errors>1": service. is for latencies alone`},
	} {
		if _, err := ParseThreshold(row.text); err == nil || err.Error() != row.want {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
}

func FuzzThreshold(f *testing.F) {
	for _, seed := range []string{"p99>250ms", "errors>1%", "service.p99.9 <= 1h2m", "rate<199.5/s", "dropped>=0", "mean>1µs"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseThreshold(text)
		if err != nil {
			return
		}
		if !(first.limit >= 0 && first.limit <= float64(1<<63-1) || first.metric == "rate" || !first.percent) {
			t.Errorf("%q has the limit %v", text, first.limit)
		}
		again, err := ParseThreshold(first.String())
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(Threshold{})); err != nil || diff != "" {
			t.Errorf("%q does not read as itself: %v\n%s", text, err, diff)
		}
		_ = first.judge(Report{Sent: 1, Latency: Percentiles{Count: 1, Max: time.Second}})
	})
}
