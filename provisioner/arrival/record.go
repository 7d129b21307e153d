package arrival

import (
	"context"
	"fmt"
	"maps"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// Record writes what became of the run's attempts as a document, waits until it is
// searchable, and adds it to what is known of the run. It returns its time stamp.
//
// A run that was verified before has a document already: this one comes beside it,
// and what panels show of both is not known from one ledger.
func Record(ctx context.Context, search Searcher, write Creator, acc *Account, within time.Duration) (time.Time, error) {
	ofRun := term(telemetry.FieldRunID, acc.Run)
	before, err := countIn(ctx, search, telemetry.StreamVerdict, ofRun)
	if err != nil {
		return time.Time{}, err
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	counts := map[string]any{
		telemetry.FieldRunID:                acc.Run,
		telemetry.FieldVerdictSent:          int64(acc.Sent),
		telemetry.FieldVerdictDelivered:     int64(acc.Delivered),
		telemetry.FieldVerdictLost:          int64(acc.Lost.Len()),
		telemetry.FieldVerdictDuplicated:    int64(acc.Duplicated.Attempts.Len()),
		telemetry.FieldVerdictCorrupted:     int64(acc.Corrupted.Attempts.Len()),
		telemetry.FieldVerdictUnexpected:    int64(acc.Unexpected.Documents),
		telemetry.FieldVerdictIndeterminate: int64(acc.Indeterminate.Len()),
	}
	doc := maps.Clone(counts)
	doc[telemetry.FieldTimestamp] = at.Format("2006-01-02T15:04:05.000Z")
	doc[telemetry.FieldEventKind] = "metric"
	doc[telemetry.FieldEventDataset] = telemetry.DatasetVerdict
	if err := write.Create(ctx, telemetry.StreamVerdict, doc); err != nil {
		return time.Time{}, err
	}
	for end := time.Now().Add(within); ; {
		n, err := countIn(ctx, search, telemetry.StreamVerdict, ofRun)
		if err != nil {
			return time.Time{}, err
		}
		if n > before {
			break
		}
		if time.Now().After(end) {
			return time.Time{}, fmt.Errorf("the verdict's document in %s is not searchable after %v", telemetry.StreamVerdict, within)
		}
		if err := sleep(ctx, poll); err != nil {
			return time.Time{}, err
		}
	}
	if before == 0 {
		acc.Truth.Tell(telemetry.StreamVerdict, dashboards.Told(counts))
	}
	return at, nil
}
