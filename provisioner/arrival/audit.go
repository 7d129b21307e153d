package arrival

import (
	"context"
	"fmt"
	"sync"
	"time"

	"plumbline/dashboards"
	"plumbline/loadgen/ledger"
)

const keepAlive = 2 * time.Minute // of the frozen view, from one question to the next

// An Audit holds every attempt of a ledger against every document of its run.
type Audit struct {
	Search  Searcher
	Index   string        // data stream or index pattern; "" = where the ledger's kind of documents usually are
	Ledger  string        // path
	RunID   string        // refuse the ledger of another run; "" = any
	Partial bool          // judge what a ledger without its trailer holds, too
	Late    time.Duration // of requests: from the line's time until Elasticsearch took it, beyond which it is late; 0 = not judged
	Names   Names         // of fields that the documents call otherwise; Search has to be a Named then
	Lines   LineReading   // how to read documents of lines
	Each    func(Line)    // is told of each document that belongs to an attempt, in any order; nil for nobody

	page, part int    // documents in one answer, and in one slice of the view; 0 for the usual. Tests vary them,
	width      uint64 // and this: numbers in a stretch of a Glance
}

// Line is a document of an attempt: what it says about the request.
type Line struct {
	Seq           uint64
	Method, Route string
	Status        int
	Took          time.Duration
	Ended         time.Time // to the millisecond that Elasticsearch keeps
}

// pass is one run of an audit: a view of the index frozen at one instant, and
// the account that grows from it.
type pass struct {
	Audit
	mu      sync.Mutex // over what follows
	pit     string     // "" if the index does not exist
	pages   *pageDecoder
	account *Account
}

// Run audits once. The errors are those of the ledger (*ledger.TruncatedError
// unless Partial) and of Elasticsearch; with an error there is no account,
// because what could not be read must not count as lost.
func (a Audit) Run(ctx context.Context) (*Account, error) {
	book, err := ledger.Open(a.Ledger)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	p, err := a.begin(book)
	if err != nil {
		return nil, err
	}
	p.pit, err = a.Search.OpenPIT(ctx, p.Index, keepAlive)
	switch {
	case Missing(err):
		p.pit, p.account.NoIndex = "", true
	case err != nil:
		return nil, err
	default:
		defer p.closePIT(ctx)
	}
	if err := p.account.subject.compare(ctx, p, book); err != nil {
		return nil, err
	}
	p.account.finish()
	return p.account, nil
}

// begin makes a pass and its empty account from the header of a ledger.
func (a Audit) begin(book *ledger.Reader) (*pass, error) {
	if a.RunID != "" && a.RunID != book.Header.RunID {
		return nil, &OtherRunError{Path: a.Ledger, Run: book.Header.RunID, Want: a.RunID}
	}
	of, err := subjectOf(book.Header, a.Lines)
	if err != nil {
		return nil, err
	}
	if a.Index == "" {
		a.Index = of.index()
	}
	if a.page == 0 {
		a.page, a.part = pageSize, partSize
	}
	return &pass{Audit: a, pages: newPageDecoder(a.Names), account: &Account{
		Run: book.Header.RunID, Header: book.Header, Truth: &dashboards.Truth{}, journeys: journeys{}, asked: map[Kind]uint64{}, LateAfter: a.Late, way: newWay(), subject: of, index: a.Index,
	}}, nil
}

// closePIT gives the view back even if ctx has ended; if that does not work
// either, it expires by itself.
func (p *pass) closePIT(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = p.Search.ClosePIT(ctx, p.pit)
}

// view is how a search names the frozen view.
func (p *pass) view() object {
	p.mu.Lock()
	defer p.mu.Unlock()
	return object{"id": p.pit, "keep_alive": fmt.Sprintf("%ds", int(keepAlive.Seconds()))}
}
