package arrival

import (
	"testing"

	"plumbline/loadgen/ledger"
)

// A load that was not sent as planned proves nothing, however much of what was
// sent arrived.
func TestLoadSent(t *testing.T) {
	tests := []struct {
		name    string
		unsent  int // of 20, refused or dropped
		end     ledger.Trailer
		allow   uint64
		tear    bool
		outcome Outcome
		text    string
	}{
		{"as planned", 0, ledger.Trailer{Planned: 20}, 0, false, Holds, "20 of 20 planned"},
		{"one of 20 was sent", 19, ledger.Trailer{Planned: 20}, 0, false, Unmeasured, "1 of 20 planned; 19 never sent (allowed: 0)"},
		{"as many unsent as are allowed", 2, ledger.Trailer{Planned: 20}, 2, false, Holds, "18 of 20 planned; 2 never sent (allowed: 2)"},
		{"one unsent more than is allowed", 3, ledger.Trailer{Planned: 20}, 2, false, Unmeasured, "17 of 20 planned; 3 never sent (allowed: 2)"},
		{"ended early, whatever is allowed", 0, ledger.Trailer{Planned: 4000, Stopped: "stopped by a signal"}, 4000, false, Unmeasured,
			"20 of 4,000 planned; the load ended early: stopped by a signal"},
		{"ended early after its last request", 0, ledger.Trailer{Planned: 20, Stopped: "disk full"}, 0, false, Unmeasured,
			"20 of 20 planned; the load ended early: disk full"},
		{"fewer attempts than planned, and nobody says why", 0, ledger.Trailer{Planned: 21}, 1, false, Unmeasured, "20 of 21 planned"},
		{"a ledger that was cut off does not know the plan", 0, ledger.Trailer{Planned: 4000}, 0, true, Holds,
			"20 sent; the ledger was cut off before it says how many were planned"},
		{"but knows what was never sent", 1, ledger.Trailer{Planned: 4000}, 0, true, Unmeasured,
			"19 sent; the ledger was cut off before it says how many were planned; 1 never sent (allowed: 0)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := attempts(20)
			for i := range tt.unsent {
				sent[i].Outcome, sent[i].Status = []ledger.Outcome{ledger.Refused, ledger.Dropped}[i%2], 0
			}
			path := writeRun(t, 200, sent, tt.end)
			if tt.tear {
				path = tear(t, path)
			}
			a := small(newNode(t, linesOf(sent[tt.unsent:])...), path)
			a.Partial = tt.tear
			acc, err := a.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var r Report
			r.Judge(Evidence{Account: acc, AllowUnsent: tt.allow})
			if r.Outcome != tt.outcome {
				t.Errorf("verdict %s, want %s", r.Outcome, tt.outcome)
			}
			for _, p := range r.Properties {
				want := Holds
				if p.Name == "load sent" {
					want = tt.outcome
					if p.Text != tt.text {
						t.Errorf("text %q, want %q", p.Text, tt.text)
					}
				}
				if p.Outcome != want {
					t.Errorf("%s: %s (%s), want %s", p.Name, p.Outcome, p.Text, want)
				}
			}
		})
	}
}
