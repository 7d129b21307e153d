package arrival

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

const (
	windowSize = 50_000 // attempts per window
	pageSize   = 2_500  // documents per answer: larger ones save little time and cost memory
	readers    = 2      // windows read side by side
	keepAlive  = 2 * time.Minute
)

// An Audit holds every attempt of a ledger against every document of its run.
type Audit struct {
	Search  Searcher
	Index   string      // data stream or index pattern; "" = where the ledger's kind of documents usually are
	Ledger  string      // path
	RunID   string      // refuse the ledger of another run; "" = any
	Partial bool        // judge what a ledger without its trailer holds, too
	Lines   LineReading // how to read documents of lines
	Each    func(Line)  // is told of each document that belongs to an attempt, in any order; nil for nobody

	window, page int // sizes; 0 for the usual. Tests make them small.
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
	if a.window == 0 {
		a.window, a.page = windowSize, pageSize
	}
	p := &pass{Audit: a, pages: newPageDecoder(), account: &Account{
		Run: book.Header.RunID, Header: book.Header, Truth: &dashboards.Truth{}, journeys: journeys{}, asked: map[Kind]uint64{}, reads: newLags(), subject: of, index: a.Index,
	}}
	p.pit, err = a.Search.OpenPIT(ctx, a.Index, keepAlive)
	switch {
	case Missing(err):
		p.pit = ""
	case err != nil:
		return nil, err
	default:
		defer p.closePIT(ctx)
	}
	if err := of.compare(ctx, p, book); err != nil {
		return nil, err
	}
	p.account.finish()
	return p.account, nil
}

// closePIT gives the view back even if ctx has ended; if that does not work
// either, it expires by itself.
func (p *pass) closePIT(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = p.Search.ClosePIT(ctx, p.pit)
}

// readWindows walks the ledger and reads the documents of each window. The
// ledger is read in one goroutine, the windows in a few, so that Elasticsearch
// works on one while another is compared.
func (p *pass) readWindows(ctx context.Context, book *ledger.Reader) error {
	group, ctx := errgroup.WithContext(ctx)
	windows := make(chan *window)
	group.Go(func() error {
		defer close(windows)
		end := split(book, p.window, func(w *window) error {
			select {
			case windows <- w:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		return p.ended(book, end)
	})
	for range readers {
		group.Go(func() error {
			for w := range windows {
				if err := p.readWindow(ctx, w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (p *pass) readWindow(ctx context.Context, w *window) error {
	query := all(term(telemetry.FieldRunID, p.account.Run), between(w.first, w.last))
	err := p.read(ctx, query, auditLayout(), func(d *document) {
		w.take(d, p.account)
		p.hand(d)
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.close(p.account)
	return nil
}

// hand tells of a document, if it is whole.
func (p *pass) hand(d *document) {
	if p.Each == nil {
		return
	}
	took, timed := d.duration()
	ended, dated := d.time(colTimestamp)
	status, err := strconv.Atoi(string(d.values[colStatus]))
	if timed && dated && err == nil {
		p.Each(Line{d.seq(), string(d.values[colMethod]), string(d.values[colRoute]), status, took, ended})
	}
}

// read calls yield, under the lock, for each document of the frozen view that
// matches.
func (p *pass) read(ctx context.Context, query object, l layout, yield func(*document)) error {
	if p.pit == "" {
		return nil
	}
	body := newSearch(p.page, l, query)
	for {
		p.mu.Lock()
		body.PIT = object{"id": p.pit, "keep_alive": fmt.Sprintf("%ds", int(keepAlive.Seconds()))}
		p.mu.Unlock()
		answer, err := p.Search.SearchPIT(ctx, encode(body))
		if err != nil {
			return err
		}
		got, err := p.takePage(answer, l, yield)
		if err != nil {
			return err
		}
		if got.hits < p.page {
			return nil
		}
		body.SearchAfter = got.last
	}
}

func (p *pass) takePage(answer []byte, l layout, yield func(*document)) (page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, err := p.pages.decode(answer, l, yield)
	if err == nil && got.pit != "" {
		p.pit = got.pit
	}
	return got, err
}
