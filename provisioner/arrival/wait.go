package arrival

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// Wait returns the account once nothing that was sent is missing, or when patience
// ends. Of requests it looks at counts until they allow that all is there, and audits
// then; of lines nothing but an audit tells. No count ends the wait: the account alone
// does. It relies on the index's own refresh, because a reader may not force one and a
// user cannot either.
func (a Audit) Wait(ctx context.Context, patience Patience, progress Progress) (*Account, error) {
	deadline := time.Now().Add(patience.Within)
	watch, err := a.watch()
	if err != nil {
		return nil, err
	}
	var acc *Account
	for {
		begin := time.Now()
		seen, err := watch(ctx, begin.Before(deadline))
		if err != nil {
			return nil, err
		}
		left := time.Until(deadline)
		if (left <= 0 || seen.may) && (acc == nil || seen.documents != acc.searched()) {
			if acc, err = a.Run(ctx); err != nil {
				return nil, err
			}
			seen.documents = acc.searched()
		}
		switch {
		case acc != nil && seen.documents == acc.searched() && acc.complete():
			return a.settle(ctx, acc, patience.Settle, progress)
		case left <= 0 && acc.Lost.Len()+acc.rejected().Len() > 0:
			return acc, nil
		case left <= 0: // what has no answer may never come; the rest can still be doubled
			return a.settle(ctx, acc, patience.Settle, progress)
		}
		progress(seen.waiting(acc, left))
		// Looking takes a while on long runs: never more than a third of the time.
		if err := sleep(ctx, min(max(poll, 2*time.Since(begin)), left)); err != nil {
			return nil, err
		}
	}
}

// settle watches for late duplicates, and audits again if a document has come.
func (a Audit) settle(ctx context.Context, acc *Account, settle time.Duration, progress Progress) (*Account, error) {
	if settle <= 0 {
		return acc, nil
	}
	progress(fmt.Sprintf("%s of %s found; %v more for late duplicates", count(acc.found()), count(acc.Sent), settle))
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	n, err := a.count(ctx, acc)
	if err != nil {
		return nil, err
	}
	if n != acc.searched() {
		return a.Run(ctx)
	}
	return acc, nil
}

// seen is what one look saw.
type seen struct {
	documents uint64
	may       bool      // all that was sent may be there
	sent      uint64    // 0 if only an audit knows
	missing   []Stretch // that lack a document at least
}

// watch returns a look at how far arrival has got. Without patience it only counts:
// an audit follows in any case.
func (a Audit) watch() (func(ctx context.Context, patient bool) (seen, error), error) {
	account, outline, err := a.outline()
	if err != nil {
		return nil, err
	}
	if outline == nil {
		return func(ctx context.Context, _ bool) (seen, error) {
			n, err := a.count(ctx, account)
			return seen{documents: n, may: true}, err
		}, nil
	}
	g := &glancer{run: account.Run, Outline: outline}
	s := seen{}
	for _, stretch := range g.Stretches {
		s.sent += stretch.Sent.N
	}
	search := func(ctx context.Context, body object) ([]byte, error) {
		answer, err := a.Search.Search(ctx, account.index, encode(body))
		if Missing(err) {
			return []byte(emptyAnswer), nil
		}
		return answer, err
	}
	return func(ctx context.Context, patient bool) (seen, error) {
		if patient {
			differ, _, err := g.numbers(ctx, search)
			if err != nil {
				return s, err
			}
			s.missing = slices.DeleteFunc(differ, func(s Stretch) bool { return s.Found > s.Sent })
			s.may = len(s.missing) == 0
		}
		var err error
		s.documents, err = a.count(ctx, account)
		return s, err
	}, nil
}

// count is the number of documents that another audit would read.
func (a Audit) count(ctx context.Context, acc *Account) (uint64, error) {
	n, err := a.Search.Count(ctx, acc.index, encode(object{"query": acc.subject.searched(acc.Run)}))
	if Missing(err) {
		return 0, nil
	}
	return uint64(n), err
}

// waiting says what is missing; acc is the last account, nil before the first.
func (s seen) waiting(acc *Account, left time.Duration) string {
	var text string
	switch {
	case acc != nil && s.documents == acc.searched():
		text = acc.missing()
	case len(s.missing) > 0:
		text = fmt.Sprintf("%s searchable of %s sent, missing %s", things(s.documents, "document"), count(s.sent), listMissing(s.missing))
	case acc != nil:
		text = fmt.Sprintf("%s searchable, %s sent", things(s.documents, "document"), things(acc.Sent, "attempt"))
	default:
		text = things(s.documents, "document") + " searchable"
	}
	return fmt.Sprintf("%s, %v left", text, left.Round(100*time.Millisecond))
}

// missing says which attempts were not found.
func (a *Account) missing() string {
	text := fmt.Sprintf("%s of %s found", count(a.found()), things(a.Sent, "attempt"))
	switch {
	case a.Lost.Len() > 0:
		return text + ", missing " + a.Lost.Text(3)
	case a.rejected().Len() > 0:
		return text + ", missing of the malformed " + a.rejected().Text(3)
	}
	return text + ", without an answer " + a.Indeterminate.Text(3)
}

// listMissing says how many documents each stretch lacks at least.
func listMissing(stretches []Stretch) string {
	var shown []string
	for _, s := range stretches[:min(len(stretches), 3)] {
		shown = append(shown, fmt.Sprintf("%s among %d-%d", count(max(1, s.Sent-s.Found)), s.First, s.Last))
	}
	if more := len(stretches) - len(shown); more > 0 {
		shown = append(shown, "more in "+count(uint64(more))+" other stretches")
	}
	return strings.Join(shown, ", ")
}
