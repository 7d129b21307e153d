package arrival

import (
	"context"
	"fmt"
	"time"
)

// poll is the pause between two looks at how far arrival has got.
const poll = 250 * time.Millisecond

// Patience says how long a verdict waits for documents.
type Patience struct {
	Within time.Duration // for every sent attempt to be found
	Settle time.Duration // for late duplicates, once all are found
}

// Progress is told, now and then, what is still missing.
type Progress func(text string)

// Wait audits until nothing that was sent is missing, or until patience ends,
// and returns the last account either way. Between audits it asks for a
// count only; the account never rests on it. It relies on the index's own
// refresh, because a reader may not force one and a user cannot either.
func (a Audit) Wait(ctx context.Context, patience Patience, progress Progress) (*Account, error) {
	deadline := time.Now().Add(patience.Within)
	acc, took, err := a.timed(ctx)
	if err != nil {
		return nil, err
	}
	for n := acc.searched(); !acc.complete(); {
		left := time.Until(deadline)
		if left <= 0 && acc.Lost.Len()+acc.rejected().Len() > 0 {
			return acc, nil
		} else if left <= 0 {
			break // what has no answer may never come; the rest can still be doubled
		}
		progress(acc.waiting(n, left))
		// Auditing takes a while on long runs: never more than a third of the time.
		if err := sleep(ctx, min(max(poll, 2*took), left)); err != nil {
			return nil, err
		}
		if n, err = a.count(ctx, acc); err != nil {
			return nil, err
		}
		// Fewer documents than sent requests cannot be complete, whatever they are.
		if n != acc.searched() && (acc.Lines != nil || n >= acc.Sent || time.Until(deadline) <= 0) {
			if acc, took, err = a.timed(ctx); err != nil {
				return nil, err
			}
			n = acc.searched()
		}
	}
	if patience.Settle > 0 {
		progress(fmt.Sprintf("%s of %s found; %v more for late duplicates", count(acc.found()), count(acc.Sent), patience.Settle))
		if err := sleep(ctx, patience.Settle); err != nil {
			return nil, err
		}
		n, err := a.count(ctx, acc)
		if err != nil {
			return nil, err
		}
		if n != acc.searched() {
			return a.Run(ctx)
		}
	}
	return acc, nil
}

func (a Audit) timed(ctx context.Context) (*Account, time.Duration, error) {
	start := time.Now()
	acc, err := a.Run(ctx)
	return acc, time.Since(start), err
}

// count is the number of documents that another audit would read.
func (a Audit) count(ctx context.Context, acc *Account) (uint64, error) {
	n, err := a.Search.Count(ctx, acc.index, encode(object{"query": acc.subject.searched(acc.Run)}))
	if Missing(err) {
		return 0, nil
	}
	return uint64(n), err
}

// waiting says what is missing, n documents being searchable by now.
func (a *Account) waiting(n uint64, left time.Duration) string {
	text := fmt.Sprintf("%s of %s found", count(a.found()), things(a.Sent, "attempt"))
	switch {
	case n != a.searched():
		text = fmt.Sprintf("%s searchable, %s sent", things(n, "document"), things(a.Sent, "attempt"))
	case a.Lost.Len() > 0:
		text += ", missing " + a.Lost.Text(3)
	case a.rejected().Len() > 0:
		text += ", missing of the malformed " + a.rejected().Text(3)
	default:
		text += ", without an answer " + a.Indeterminate.Text(3)
	}
	return fmt.Sprintf("%s, %v left", text, left.Round(100*time.Millisecond))
}
