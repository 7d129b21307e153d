package arrival

import (
	"cmp"
	"context"
	"strconv"

	"golang.org/x/sync/errgroup"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// comparison holds documents, in whatever order they come, against the attempts
// of a run.
type comparison struct {
	*roll
	account *Account
	each    func(Line)
	names   Names
	traces  ledger.Traces
	trace   []byte                  // of the attempt in hand
	timed   []*dashboards.Durations // of answered attempts, by place in kinds; nil until the first
}

// compareAll reads every document of the run, and each once. The ledger is read
// while Elasticsearch makes the first pages.
func (p *pass) compareAll(ctx context.Context, book *ledger.Reader) error {
	c := &comparison{account: p.account, each: p.Each, names: p.Names, traces: ledger.TracesOf(p.account.Run)}
	query := term(telemetry.FieldRunID, p.account.Run)
	group, ctx := errgroup.WithContext(ctx)
	known := make(chan struct{})
	group.Go(func() error {
		var end error
		c.roll, end = readRoll(book)
		if err := p.ended(book, end); err != nil {
			return err
		}
		close(known)
		return nil
	})
	group.Go(func() error {
		portions, err := p.survey(ctx, query)
		if err != nil {
			return err
		}
		return p.readPortions(ctx, portions, known, c.take)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	c.close(p.account)
	return nil
}

// take counts one document and compares it with its attempt.
func (c *comparison) take(d *document) {
	acc := c.account
	acc.stamp(d)
	seq := d.seq()
	if seq == 0 || seq > c.last {
		acc.takeStray(seq, d, "the ledger was cut off before it")
		return
	}
	c.hand(seq, d)
	chunk, i := c.at(seq)
	place := chunk.place(i)
	k := &c.kinds[place]
	switch k.state {
	case absent:
		acc.takeStray(seq, d, notInLedger)
		return
	case neverSent:
		acc.Unexpected.add(seq, string(d.values[colSeq]), "the ledger says it was never sent")
		return
	}
	if chunk.found.has(i) {
		chunk.again.set(i)
		acc.Duplicated.Extra++
	}
	chunk.found.set(i)
	if c.differs(seq, place, d) {
		chunk.differs.set(i)
	}
	if k.state == unanswered {
		c.learn(chunk, i, *k, d)
	}
}

// differs compares each field that the ledger knows, and notes those that are
// not what it says.
func (c *comparison) differs(seq uint64, place uint16, d *document) bool {
	k, differs := &c.kinds[place], false
	check := func(field string, want string, got []byte) {
		if want != string(got) && !c.names.lacks(field) { // does not allocate
			differs = true
			c.account.Corrupted.add(Mismatch{Seq: seq, Field: field, Expected: want, Found: string(got)})
		}
	}
	check(telemetry.FieldMethod, k.method, d.values[colMethod])
	check(telemetry.FieldRoute, k.route, d.values[colRoute])
	if k.state == answered {
		check(telemetry.FieldStatus, k.status, d.values[colStatus])
	}
	c.trace = c.traces.AppendID(c.trace[:0], seq)
	if string(c.trace) != string(d.values[colTrace]) {
		check(telemetry.FieldTraceID, string(c.trace), d.values[colTrace])
	}
	if took, ok := d.duration(); ok && took > 0 {
		c.durations(place, d).Add(took)
	} else if !c.names.lacks(telemetry.FieldEventDuration) {
		differs = true
		c.account.Corrupted.add(Mismatch{Seq: seq, Field: telemetry.FieldEventDuration, Expected: "nanoseconds above 0", Found: string(d.values[colDuration])})
	}
	return differs
}

// durations is where the duration of a document goes: by the status that the
// client saw, if it did, and by the route that the document says.
func (c *comparison) durations(place uint16, d *document) *dashboards.Durations {
	k := &c.kinds[place]
	if k.state != answered || k.route != string(d.values[colRoute]) {
		status := string(d.values[colStatus])
		if k.state == answered {
			status = k.status
		}
		return c.lookUp(string(d.values[colRoute]), status)
	}
	if missing := len(c.kinds) - len(c.timed); missing > 0 {
		c.timed = append(c.timed, make([]*dashboards.Durations, missing)...)
	}
	if c.timed[place] == nil {
		c.timed[place] = c.lookUp(k.route, k.status)
	}
	return c.timed[place]
}

// lookUp takes a status that is no number for 0, as whoever wrote it knew none.
func (c *comparison) lookUp(route, status string) *dashboards.Durations {
	code, _ := strconv.Atoi(status)
	return c.account.Truth.Durations(route, code)
}

// learn takes the status of an attempt whose answer nobody saw: only its document
// knows it. Of several the first in the alphabet counts, whichever came first.
func (c *comparison) learn(in *chunk, i uint64, k kind, d *document) {
	status := string(d.values[colStatus])
	if _, err := strconv.ParseUint(status, 10, 16); err != nil || k.status != "" && cmp.Compare(k.status, status) <= 0 {
		return
	}
	k.status = status
	if place, ok := c.place(k); ok {
		in.put(i, place)
	}
}

// hand tells of a document, if it is whole.
func (c *comparison) hand(seq uint64, d *document) {
	if c.each == nil {
		return
	}
	took, timed := d.duration()
	ended, dated := d.time(colTimestamp)
	status, err := strconv.Atoi(string(d.values[colStatus]))
	if timed && dated && err == nil {
		c.each(Line{seq, string(d.values[colMethod]), string(d.values[colRoute]), status, took, ended})
	}
}

// takeStray takes a document of the run that belongs to no attempt. A ledger that
// was cut off cannot say that it was not sent, but why it is not there.
func (a *Account) takeStray(seq uint64, d *document, cutOff string) {
	found := string(d.values[colSeq])
	switch {
	case seq == 0 && found != "" && !isInteger(found):
		a.Unexpected.add(0, found, "its number is not one whole number")
	case seq == 0:
		a.Unexpected.add(0, found, "it carries no attempt's number")
	case a.Truncated:
		a.Beyond.add(seq, found, cutOff)
	default:
		a.Unexpected.add(seq, found, notInLedger)
	}
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// notInLedger is why a document is a stray.
const notInLedger = "the ledger has no such attempt"
