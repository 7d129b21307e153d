package lines

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"
)

// Maker makes the lines of a run. It is not safe for concurrent use.
type Maker struct {
	Content
	source  *rand.PCG
	random  *rand.Rand
	ascii   prose
	unicode prose

	loggers, frames, failures []string
	malformed                 []Kind

	// Of the line that is being made:
	tail    []byte // what follows the free text
	stacked int    // bytes of its stack trace before the free text
}

// NewMaker returns a maker of valid content.
func NewMaker(c Content) *Maker {
	source := rand.NewPCG(c.Seed, 0)
	return &Maker{
		Content: c, source: source, random: rand.New(source),
		ascii: newProse(sentences(), c.Seed), unicode: newProse(unicodeSentences(), c.Seed),
		loggers: loggers(), frames: frames(), failures: failures(), malformed: malformedKinds(),
	}
}

// piece is one line on its way.
type piece struct {
	seq   uint64
	at    time.Time
	size  int // wanted, with the newline
	stack int // physical lines of its stack trace; 0 for none
	text  prose
}

// Append appends line seq (from 1), which is due at the given time, with its
// newline. The same content, number and time make the same line.
func (m *Maker) Append(b []byte, seq uint64, at time.Time) ([]byte, Kind) {
	kind := m.Kind(seq)
	p := piece{seq: seq, at: at.UTC(), size: m.Size.Min + m.random.IntN(m.Size.Max-m.Size.Min+1), text: m.ascii}
	switch kind {
	case Unicode:
		p.text = m.unicode
	case UnicodeStack:
		p.text = m.unicode
		p.stack = leastStack + m.random.IntN(mostStack-leastStack+1)
	case StackTrace:
		p.stack = leastStack + m.random.IntN(mostStack-leastStack+1)
	case Overlong:
		p.size = m.Overlong
	case Binary:
		return m.binary(b, p), kind
	}
	start := len(b)
	b, text := m.layOut(b, p)
	return m.spoil(b, start, text, kind), kind
}

// Kind says of what kind line seq is.
func (m *Maker) Kind(seq uint64) Kind {
	m.source.Seed(m.Seed, seq)
	if m.random.Float64() < m.Malformed {
		return m.malformed[m.random.IntN(len(m.malformed))]
	}
	unicode, stack := m.random.Float64() < m.Unicode, m.random.Float64() < m.Multiline
	switch {
	case unicode && stack:
		return UnicodeStack
	case unicode:
		return Unicode
	case stack:
		return StackTrace
	}
	return Whole
}

// span is where the free text of a line stands.
type span struct{ from, to int }

// spoil makes a whole line malformed. It touches the free text only, and the
// head of a plain line, so that the identity stays readable.
func (m *Maker) spoil(b []byte, start int, text span, kind Kind) []byte {
	at := text.from + m.random.IntN(max(1, text.to-text.from-4))
	switch kind {
	case Truncated:
		if m.Format == Plain {
			torn := 1 + m.random.IntN(text.to-start-1)
			return append(b[:start], b[start+torn:]...)
		}
		return append(b[:at], '\n')
	case InvalidUTF8:
		copy(b[at:], "\xff\xfe\xc3\x28")
	case NUL:
		copy(b[at:], "\x00\x00\x00\x00")
	}
	return b
}

// binary appends a line that is in no format: the identity, then random bytes.
func (m *Maker) binary(b []byte, p piece) []byte {
	start := len(b)
	b = append(m.identity(b, p.seq), ' ')
	for len(b)-start < p.size-1 {
		b = append(b, byte(m.random.Uint32()))
	}
	for rest := b[start:]; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return append(b, '\n')
		}
		rest[i] = 0xff
	}
}

// identity appends run.id=… run.seq=…, the form for readers without a parser.
func (m *Maker) identity(b []byte, seq uint64) []byte {
	b = append(append(b, "run.id="...), m.RunID...)
	return strconv.AppendUint(append(b, " run.seq="...), seq, 10)
}
