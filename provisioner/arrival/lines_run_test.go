package arrival

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival/fate"
)

// lineWorld is a run of lines and the documents that a shipper made of them.
type lineWorld struct {
	content  lines.Content
	attempts []ledger.Attempt
	text     [][]byte // of each line, without its newline
	docs     []doc
	reading  LineReading
	torn     bool
}

func lineContent(f lines.Format) lines.Content {
	c := lines.Content{RunID: runID, Seed: 7, Format: f, Size: lines.Size{Min: 300, Max: 500}, Multiline: 0.3, Unicode: 0.3, Malformed: 0.2, Overlong: 4000}
	if f == lines.Combined {
		c.Multiline = 0
	}
	return c
}

// newLineWorld has n lines, each of which arrived as a document with its text.
func newLineWorld(c lines.Content, n uint64) *lineWorld {
	w := &lineWorld{content: c}
	maker := lines.NewMaker(c)
	for seq := uint64(1); seq <= n; seq++ {
		a := ledger.Attempt{
			Seq: seq, Scheduled: time.Duration(seq) * 5_000_001, Journey: string(maker.Kind(seq)), Method: lines.Method,
			Route: string(c.Format), Status: lines.StatusWritten, Outcome: ledger.Answered,
		}
		a.Sent = a.Scheduled
		text, _ := maker.Append(nil, seq, started.Add(a.Scheduled))
		w.attempts, w.text = append(w.attempts, a), append(w.text, text[:len(text)-1])
		w.docs = append(w.docs, w.wrapped(seq, string(w.text[seq-1])))
	}
	return w
}

// wrapped is a document with a text and the time at which it was read: 20 ms after
// the line was due.
func (w *lineWorld) wrapped(seq uint64, text string) doc {
	at := started.Add(w.attempts[seq-1].Scheduled + 20*time.Millisecond)
	return doc{index: ".ds-" + stream, fields: map[string]any{
		telemetry.FieldMessage: strings.ToValidUTF8(text, "\ufffd"), telemetry.FieldTimestamp: at.Format(time.RFC3339Nano),
	}}
}

// taken is a document of a shipper that takes lines apart and keeps no text.
func (w *lineWorld) taken(seq uint64) doc {
	parse := fate.ParseJSON
	if w.content.Format == lines.Logfmt {
		parse = fate.ParseLogfmt
	}
	fields, err := parse(w.text[seq-1])
	if err != nil {
		panic(err)
	}
	d := doc{index: ".ds-" + stream, fields: map[string]any{telemetry.FieldTimestamp: started.Add(w.attempts[seq-1].Scheduled).Format(time.RFC3339Nano)}}
	for name, value := range fields {
		if name != telemetry.FieldTimestamp {
			d.fields[name] = value
		}
	}
	return d
}

// first is the number of the first line of a kind.
func (w *lineWorld) first(kind lines.Kind) uint64 {
	for _, a := range w.attempts {
		if a.Journey == string(kind) {
			return a.Seq
		}
	}
	panic("no line is " + string(kind))
}

func (w *lineWorld) ledger(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lines.zst")
	book, err := ledger.Create(path, ledger.Header{
		RunID: runID, Seed: w.content.Seed, Started: started, Target: "app.log", Rate: 200, Duration: time.Hour, Lines: w.content.Record(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range w.attempts {
		if a.Outcome != ledger.Dropped {
			err = errors.Join(err, book.Send(a))
		}
		err = errors.Join(err, book.Done(a))
	}
	if err := errors.Join(err, book.Close(ledger.Trailer{Planned: uint64(len(w.attempts)), Ended: started.Add(time.Minute)})); err != nil {
		t.Fatal(err)
	}
	if w.torn {
		return tear(t, path)
	}
	return path
}

func (w *lineWorld) audit(t testing.TB) *Account {
	t.Helper()
	a := small(newNode(t, w.docs...), w.ledger(t))
	a.Lines, a.Partial = w.reading, w.torn
	acc, err := a.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

// saidOfLines is what an account says of lines, in plain values.
type saidOfLines struct {
	said
	Altered, Cut, Split, Joined, Rejected []uint64
	MalformedAltered, MalformedCut        []uint64
	MalformedSplit, MalformedJoined       []uint64
	Untold, Late                          []uint64
	OtherRuns, Strange, Pieces            uint64
}

func saysOfLines(a *Account) saidOfLines {
	s := saidOfLines{said: says(a)}
	s.said.Corrupted = nil // a list by field: the classes say it
	l := a.Lines
	s.Altered, s.Cut, s.Split, s.Joined = list(l.Classes.Altered), list(l.Classes.Cut), list(l.Classes.Split), list(l.Classes.Joined)
	s.MalformedAltered, s.MalformedCut = list(l.Malformed.Altered), list(l.Malformed.Cut)
	s.MalformedSplit, s.MalformedJoined = list(l.Malformed.Split), list(l.Malformed.Joined)
	s.Rejected, s.Untold, s.Late = list(l.Rejected), list(l.Untold), list(l.TooLate)
	s.OtherRuns, s.Strange, s.Pieces = l.OtherRuns, l.Strange, l.Pieces
	return s
}

// checkSums holds the account against itself.
func checkSums(t *testing.T, a *Account) {
	t.Helper()
	if sum := a.Delivered + a.Lost.Len() + a.Indeterminate.Len() + a.Wrong + a.Lines.Rejected.Len(); sum != a.Sent {
		t.Errorf("the classes sum up to %d of %d sent", sum, a.Sent)
	}
	for _, k := range a.Lines.Kinds {
		if sum := k.Whole + k.Replaced + k.Altered + k.Cut + k.Split + k.Joined + k.Doubled + k.Missing + k.Untold; sum != k.Sent {
			t.Errorf("%s: the counts sum up to %d of %d sent: %+v", k.Kind, sum, k.Sent, k)
		}
	}
	if got, want := a.searched(), a.Documents+a.Lines.OtherRuns+a.Lines.Strange; got != want {
		t.Errorf("%d documents read, %d accounted for", got, want)
	}
}
