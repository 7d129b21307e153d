package arrival

import (
	"context"

	"plumbline/demo-app/telemetry"
)

// maxTerms is how many numbers one query names; Elasticsearch allows 65,536.
const maxTerms = 1_000

// readStrays reads the documents of the run that no window covers: numbers
// beyond the ledger, and lines without a number. A ledger that was cut off
// cannot say that these were not sent.
func (p *pass) readStrays(ctx context.Context) error {
	acc := p.account
	strays := &acc.Unexpected
	if acc.Truncated {
		strays = &acc.Beyond
		*strays = acc.gaps
	} else {
		strays.merge(acc.gaps)
	}
	query := all(term(telemetry.FieldRunID, acc.Run), not(between(1, acc.Last)))
	return p.read(ctx, query, auditLayout(), func(d *document) {
		acc.stamp(d)
		seq := d.seq()
		switch {
		case seq > 0 && acc.Truncated:
			acc.Beyond.add(seq, string(d.values[colSeq]), "the ledger was cut off before it")
		case seq > 0:
			acc.Unexpected.add(seq, string(d.values[colSeq]), notInLedger)
		default:
			acc.Unexpected.add(0, string(d.values[colSeq]), "it carries no attempt's number")
		}
	})
}

// readCopies looks at the documents of each duplicated attempt once more, in
// the same frozen view: whether they are one line indexed twice or two lines.
func (p *pass) readCopies(ctx context.Context) error {
	var chunk []uint64
	var err error
	for seq := range p.account.Duplicated.Attempts.each {
		if chunk = append(chunk, seq); len(chunk) == maxTerms {
			if err = p.readCopiesOf(ctx, chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	if len(chunk) > 0 {
		err = p.readCopiesOf(ctx, chunk)
	}
	return err
}

func (p *pass) readCopiesOf(ctx context.Context, seqs []uint64) error {
	type copies struct {
		n               uint64
		events, indices map[string]bool
	}
	found := make(map[uint64]*copies, len(seqs))
	for _, seq := range seqs {
		found[seq] = &copies{events: map[string]bool{}, indices: map[string]bool{}}
	}
	query := all(term(telemetry.FieldRunID, p.account.Run), object{"terms": object{telemetry.FieldRunSeq: seqs}})
	err := p.read(ctx, query, copiesLayout(), func(d *document) {
		if c := found[d.seq()]; c != nil {
			c.n++
			c.events[string(d.values[colEvent])] = true
			c.indices[string(d.index)] = true
		}
	})
	if err != nil {
		return err
	}
	dup := &p.account.Duplicated
	for _, seq := range seqs {
		c := found[seq]
		events := uint64(len(c.events))
		if events < c.n {
			dup.SameEvent.Add(seq)
		} else {
			dup.Distinct.Add(seq)
		}
		if len(dup.Cases) < maxCases {
			dup.Cases = append(dup.Cases, Duplicate{Seq: seq, Copies: c.n, EventIDs: events, Indices: uint64(len(c.indices))})
		}
	}
	return nil
}

func (s *Strays) merge(other Strays) {
	s.Documents += other.Documents
	s.NoSeq += other.NoSeq
	for seq := range other.Seqs.each {
		s.Seqs.Add(seq)
	}
	s.Cases = append(s.Cases, other.Cases[:min(len(other.Cases), maxCases-len(s.Cases))]...)
}
