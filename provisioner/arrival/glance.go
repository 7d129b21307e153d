package arrival

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// outline is what a ledger comes to, with the account of what it alone says; nil if it
// is of lines. The lines of a run that ended in order need not be read for that.
func (a Audit) outline() (*Account, *ledger.Outline, error) {
	book, err := ledger.Open(a.Ledger)
	if err != nil {
		return nil, nil, err
	}
	defer book.Close()
	p, err := a.begin(book)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := p.account.subject.(requests); !ok {
		return p.account, nil, nil
	}
	out, ok := book.Outline()
	if ok && a.stretch() == out.Width {
		p.account.Trailer = out.Trailer
	} else if out, err = p.readOutline(book); err != nil {
		return nil, nil, err
	}
	p.account.Last = out.Last
	return p.account, out, nil
}

// readOutline makes it from every attempt.
func (p *pass) readOutline(book *ledger.Reader) (*ledger.Outline, error) {
	out := ledger.NewOutline(p.stretch())
	for {
		a, end := book.Next()
		if end != nil {
			return out, p.ended(book, end)
		}
		if a.Seq > out.Last+maxGap {
			return nil, fmt.Errorf("ledger: attempt %d follows %d", a.Seq, out.Last)
		}
		out.Add(a)
	}
}

// Glance compares by counts, until they are alike or patience ends. The errors are
// those of Run; a ledger of lines has no numbers in fields, and is one.
func (a Audit) Glance(ctx context.Context, within time.Duration, progress Progress) (*Glance, error) {
	deadline := time.Now().Add(within)
	account, outline, err := a.outline()
	if err != nil {
		return nil, err
	}
	if outline == nil {
		return nil, &LinesError{a.Ledger}
	}
	g := &glancer{run: account.Run, Outline: outline}
	for {
		begin := time.Now()
		out := g.begin(account)
		if err := a.lookFrozen(ctx, g, out); err != nil {
			return nil, err
		}
		left := time.Until(deadline)
		if out.alike() || left <= 0 {
			return out, nil
		}
		progress(fmt.Sprintf("%s, %v left", out.differences(), left.Round(100*time.Millisecond)))
		if err := sleep(ctx, min(max(poll, 2*time.Since(begin)), left)); err != nil {
			return nil, err
		}
	}
}

// LinesError says that a ledger is of lines, which cannot be counted by number.
type LinesError struct{ Path string }

func (e *LinesError) Error() string {
	return fmt.Sprintf("ledger %s is of lines: only reading each document tells whose it is", e.Path)
}

// NoIndex reports that nothing has the name where documents were looked for.
func (g *Glance) NoIndex() bool { return g.ledger.NoIndex }

// begin is what the ledger alone says.
func (g *glancer) begin(account *Account) *Glance {
	out := &Glance{Run: account.Run, Attempts: g.Attempts, ledger: account}
	for _, s := range g.Stretches {
		out.Sent += s.Sent.N
		out.Answered += s.Answered.N
	}
	for out.Squares = g.Last; out.Squares > 0 && !squared(g.Width, out.Squares); out.Squares -= min(out.Squares, g.Width) {
	}
	return out
}

// alike reports that no difference was seen.
func (g *Glance) alike() bool { return len(g.Differ)+len(g.Groups) == 0 && g.Outside == 0 }

// lookFrozen looks at one view of the index.
func (a Audit) lookFrozen(ctx context.Context, g *glancer, out *Glance) error {
	g.ungrouped = a.Names.lacks(telemetry.FieldMethod) || a.Names.lacks(telemetry.FieldRoute) || a.Names.lacks(telemetry.FieldStatus)
	out.ledger.NoIndex = false
	pit, err := a.Search.OpenPIT(ctx, out.ledger.index, keepAlive)
	switch {
	case Missing(err):
		out.ledger.NoIndex = true
		return g.look(ctx, out, nothing)
	case err != nil:
		return err
	}
	p := &pass{Audit: a, pit: pit}
	defer p.closePIT(ctx)
	return g.look(ctx, out, func(ctx context.Context, body object) ([]byte, error) {
		body["pit"] = object{"id": pit, "keep_alive": fmt.Sprintf("%ds", int(keepAlive.Seconds()))}
		return a.Search.SearchPIT(ctx, encode(body), nil)
	})
}

// look asks for everything at once.
func (g *glancer) look(ctx context.Context, out *Glance, ask ask) error {
	var within uint64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { out.Differ, within, err = g.numbers(ctx, ask); return err })
	if !g.ungrouped {
		group.Go(func() (err error) { out.Groups, err = g.groups(ctx, ask); return err })
	}
	group.Go(func() (err error) { out.Documents, err = g.documents(ctx, ask); return err })
	if err := group.Wait(); err != nil {
		return err
	}
	// A document with two numbers is in two stretches, which both differ.
	out.Outside = out.Documents - min(within, out.Documents)
	return nil
}

// emptyAnswer is that of an index that does not exist.
const emptyAnswer = `{"_shards":{"failed":0}}`

// nothing answers for an index that does not exist.
func nothing(context.Context, object) ([]byte, error) { return []byte(emptyAnswer), nil }

func (a Audit) stretch() uint64 {
	if a.width > 0 {
		return a.width
	}
	return ledger.OutlineWidth
}
