package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// Traces makes the W3C trace ids of a run's attempts: 32 hex digits that follow
// from the run and the number, so that they need not be stored. Each begins with
// the run and the number in order, which keeps the ids of neighbours together in an
// index: reading them back in bulk is then not a walk at random. The last 56 bits
// are those that W3C Trace Context wants to be random.
type Traces struct {
	run  string
	head [4]byte // of all ids of the run
}

// TracesOf is how the attempts of a run are traced.
func TracesOf(runID string) Traces {
	t := Traces{run: runID}
	sum := t.sum(0)
	copy(t.head[:], sum[:])
	return t
}

// AppendID appends the trace id of an attempt.
func (t *Traces) AppendID(b []byte, seq uint64) []byte {
	id := t.id(seq, t.sum(seq))
	return hex.AppendEncode(b, id[:])
}

// AppendParent appends the header traceparent under which an attempt is sent. Its
// span id is that of the client's span, which nobody records.
func (t *Traces) AppendParent(b []byte, seq uint64) []byte {
	sum := t.sum(seq)
	id := t.id(seq, sum)
	b = hex.AppendEncode(append(b, "00-"...), id[:])
	b = hex.AppendEncode(append(b, '-'), sum[16:24])
	return append(b, "-01"...)
}

func (t *Traces) id(seq uint64, sum [sha256.Size]byte) (id [16]byte) {
	copy(id[:4], t.head[:])
	binary.BigEndian.PutUint64(id[4:], seq<<24) // 40 bits of it; the rest is overwritten
	copy(id[9:], sum[:])
	return id
}

func (t *Traces) sum(seq uint64) [sha256.Size]byte {
	var text [96]byte
	return sha256.Sum256(strconv.AppendUint(append(append(text[:0], t.run...), '/'), seq, 10))
}

// TraceID is the trace id of an attempt.
func TraceID(runID string, seq uint64) string {
	t := TracesOf(runID)
	return string(t.AppendID(nil, seq))
}

// TraceSeq is the number of the attempt of a run that has the given trace id; false
// if none has.
func TraceSeq(runID, traceID string) (seq uint64, ok bool) {
	const from, to = 8, 18 // hex digits of the number's lower 40 bits
	if len(traceID) != 32 {
		return 0, false
	}
	seq, err := strconv.ParseUint(traceID[from:to], 16, 64)
	return seq, err == nil && TraceID(runID, seq) == traceID
}
