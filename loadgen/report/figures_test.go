package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

func TestRoutesThatAreWanted(t *testing.T) {
	r := NewRecorder(ledger.Header{})
	for _, a := range []ledger.Attempt{
		{Method: "GET", Route: "/b", Outcome: ledger.Answered, Status: 200, Latency: 5 * ms},
		{Method: "POST", Route: "/a", Outcome: ledger.Answered, Status: 500, Expect: 201, Latency: 5 * ms},
		{Method: "GET", Route: "/a", Outcome: ledger.Timeout, Latency: 10 * ms},
		{Method: "GET", Route: "/a", Outcome: ledger.Dropped},
	} {
		r.Add(a)
	}
	var got []string
	for _, f := range r.Routes(func(method, _ string) bool { return method == "GET" }) {
		got = append(got, f.Method+" "+f.Route)
	}
	if diff := cmp.Diff([]string{"GET /a", "GET /b"}, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	all := r.Routes(func(string, string) bool { return true })
	if len(all) != 3 || all[0].Outcomes[ledger.Timeout] != 1 || all[0].Outcomes[ledger.Dropped] != 1 || all[1].Unexpected != 1 || all[1].Statuses[500] != 1 {
		t.Errorf("figures %+v", all)
	}
	r.Add(ledger.Attempt{Method: "GET", Route: "/b", Outcome: ledger.Answered, Status: 200, Latency: 50 * ms})
	if before := all[2]; before.Statuses[200] != 1 || before.Latency.Percentiles().Count != 1 {
		t.Error("figures change after they were taken")
	}
	later := r.Routes(func(_, template string) bool { return template == "/b" })[0].Latency.Since(all[2].Latency).Percentiles()
	if later.Count != 1 || later.P50 < 50*ms {
		t.Errorf("since then: %+v", later)
	}
}

func TestWhatWasToldIsSaid(t *testing.T) {
	for _, row := range []struct {
		told Told
		want string
	}{
		{Told{Stream: "s", Written: 1234, Summary: true}, "1,234 documents in s"},
		{Told{Stream: "s", Written: 20, Unwritten: 3, Summary: true}, "20 documents in s, 3 not written"},
		{Told{Stream: "s", Unwritten: 23}, "0 documents in s, 23 not written, no summary"},
	} {
		if got := row.told.Text(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
