package arrival

import (
	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// journeys are the ledger's counts by journey.
type journeys map[string]journey

type journey struct{ sent, unexpected, dropped int64 }

func (j journeys) add(a ledger.Attempt) {
	counts := j[a.Journey]
	if a.Outcome == ledger.Dropped {
		counts.dropped++
	} else {
		counts.sent++
	}
	if a.Unexpected() {
		counts.unexpected++
	}
	j[a.Journey] = counts
}

// tellLoad adds to the truth what the load generator's own documents have to say,
// going by the ledger. Of a ledger that was cut off that is not known.
func (a *Account) tellLoad() {
	if a.Truncated {
		return
	}
	a.Truth.Tell(telemetry.StreamLoad, dashboards.Told{
		telemetry.FieldLoadDocument: telemetry.LoadSummary, telemetry.FieldLoadSent: int64(a.Trailer.Sent),
	})
	for name, counts := range a.journeys {
		a.Truth.Tell(telemetry.StreamLoad, dashboards.Told{
			telemetry.FieldLoadDocument: telemetry.LoadJourney, telemetry.FieldLoadJourney: name,
			telemetry.FieldLoadSent: counts.sent, telemetry.FieldLoadUnexpected: counts.unexpected, telemetry.FieldLoadDropped: counts.dropped,
		})
	}
}
