package arrival

import (
	"context"
	"errors"
	"io"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
)

// subject is what a ledger is of. It knows which documents tell of an attempt
// and what each has to say.
type subject interface {
	// index is where the documents are unless somebody says otherwise.
	index() string
	// searched is the query for all documents that compare reads: as long as
	// their number stays, a further comparison finds nothing new.
	searched(run string) object
	// compare reads the documents of a pass and fills its account.
	compare(ctx context.Context, p *pass, book *ledger.Reader) error
}

// subjectOf tells by the header: only a ledger of lines says what they are made of.
func subjectOf(h ledger.Header, reading LineReading) (subject, error) {
	if h.Lines == nil {
		return requests{}, nil
	}
	content, err := lines.Recorded(h)
	return lineRun{reading, content}, err
}

// requests become one access line each, with the identity in fields of their own.
type requests struct{}

func (requests) index() string { return telemetry.StreamAccess }

func (requests) searched(run string) object { return term(telemetry.FieldRunID, run) }

func (requests) compare(ctx context.Context, p *pass, book *ledger.Reader) error {
	if err := p.compareAll(ctx, book); err != nil {
		return err
	}
	return p.readCopies(ctx)
}

// ended takes the end of a ledger into the account, or returns why the run
// cannot be judged.
func (p *pass) ended(book *ledger.Reader, end error) error {
	var torn *ledger.TruncatedError
	switch {
	case end == io.EOF:
		p.account.Trailer, _ = book.Trailer()
		return nil
	case p.Partial && errors.As(end, &torn):
		p.account.Truncated = true
		return nil
	}
	return end
}
