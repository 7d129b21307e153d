package lines

import (
	"time"

	"plumbline/loadgen/ledger"
)

// write is the writer: it takes all lines that wait, again and again.
func (s *Shipment) write() {
	for more := true; more; {
		_, more = <-s.wake
		s.mu.Lock()
		if s.abandoned {
			s.mu.Unlock()
			return
		}
		s.writing, s.waiting = s.waiting, s.writing
		s.mu.Unlock()
		if !s.writeBatch() {
			return
		}
		s.mu.Lock()
		s.writing.reset()
		s.position = position{}
		s.mu.Unlock()
	}
}

// writeBatch reports false when there is no point in going on.
func (s *Shipment) writeBatch() bool {
	b := &s.writing
	var ends []int // of the lines of one write, within their text
	for first := 0; first < len(b.ends); {
		from := 0
		if first > 0 {
			from = b.ends[first-1]
		}
		last := first + 1
		for last < len(b.ends) && b.ends[last]-from <= chunkBytes {
			last++
		}
		ends = ends[:0]
		for _, end := range b.ends[first:last] {
			ends = append(ends, end-from)
		}
		if !s.writeChunk(b.text[from:b.ends[last-1]], ends, first) {
			return false
		}
		first = last
	}
	return true
}

// writeChunk records lines as sent and writes them until each has ended.
func (s *Shipment) writeChunk(text []byte, ends []int, first int) bool {
	if !s.send(first, first+len(ends)) {
		return false
	}
	for offset := 0; len(ends) > 0; {
		r := s.Output.Write(text[offset:], ends)
		now := time.Since(s.start)
		done := s.ended(r.Done, ledger.Answered, now, r.Err) && s.ended(r.Failed, r.Outcome, now, r.Err)
		if !done {
			return false
		}
		n := r.Done + r.Failed
		taken := ends[n-1]
		offset += taken
		ends = ends[n:]
		for i := range ends {
			ends[i] -= taken
		}
	}
	return true
}

// send records that lines are about to be written.
func (s *Shipment) send(first, last int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return false
	}
	s.position = position{first: first, last: last, sent: time.Since(s.start)}
	for _, e := range s.writing.entries[first:last] {
		a := s.attempt(e)
		a.Sent = s.position.sent
		if s.Ledger.Send(a) != nil {
			return false
		}
	}
	return true
}

// ended records how the next n lines of those that were sent have ended.
func (s *Shipment) ended(n int, outcome ledger.Outcome, now time.Duration, cause error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return false
	}
	return s.end(n, outcome, now, cause)
}

// end does the same under the lock.
func (s *Shipment) end(n int, outcome ledger.Outcome, now time.Duration, cause error) bool {
	s.Tally.failure(cause)
	from := 0
	if s.position.first > 0 {
		from = s.writing.ends[s.position.first-1]
	}
	for range n {
		e, end := s.writing.entries[s.position.first], s.writing.ends[s.position.first]
		a := s.attempt(e)
		a.Sent, a.Outcome, a.Service, a.Latency = s.position.sent, outcome, now-s.position.sent, now-e.due
		if outcome == ledger.Answered {
			a.Status = StatusWritten
		}
		s.Tally.end(a, end-from)
		if s.Ledger.Done(a) != nil {
			return false
		}
		from = end
		s.position.first++
	}
	return true
}
