package arrival

import (
	"context"

	"plumbline/demo-app/telemetry"
)

// maxTerms is how many numbers one query names; Elasticsearch allows 65,536.
const maxTerms = 1_000

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
	err := p.readAll(ctx, query, copiesLayout(), func(d *document) {
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
