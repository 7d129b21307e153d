package lines

import (
	"encoding/json"
	"fmt"

	"plumbline/loadgen/ledger"
)

// revision is what a Maker makes of a content: it is raised when the same
// content, number and time make another line, so that nobody compares what
// arrived with lines that were never written. A test notices.
const revision = 3

// record is content as a ledger's header has it: run and seed stand there
// already.
type record struct {
	Revision  int     `json:"revision"`
	Format    Format  `json:"format"`
	SizeMin   int     `json:"size_min"` // bytes
	SizeMax   int     `json:"size_max"`
	Multiline float64 `json:"multiline"` // shares, 0 to 1
	Unicode   float64 `json:"unicode"`
	Malformed float64 `json:"malformed"`
	Overlong  int     `json:"overlong"` // bytes
}

// Record is the content as it goes into a ledger's header.
func (c Content) Record() json.RawMessage {
	// Valid content is numbers and a word, which cannot fail.
	text, _ := json.Marshal(record{revision, c.Format, c.Size.Min, c.Size.Max, c.Multiline, c.Unicode, c.Malformed, c.Overlong})
	return text
}

// UnknownContentError says that a ledger's lines cannot be made again.
type UnknownContentError struct{ Cause string }

func (e *UnknownContentError) Error() string { return "the ledger's lines: " + e.Cause }

// Recorded is the content of the run that a ledger's header is of. The error is
// an *UnknownContentError.
func Recorded(h ledger.Header) (Content, error) {
	var r record
	if err := json.Unmarshal(h.Lines, &r); err != nil {
		return Content{}, &UnknownContentError{err.Error()}
	}
	if r.Revision != revision {
		return Content{}, &UnknownContentError{fmt.Sprintf("made by revision %d of the maker, this program has %d", r.Revision, revision)}
	}
	c := Content{
		RunID: h.RunID, Seed: h.Seed, Format: r.Format, Size: Size{r.SizeMin, r.SizeMax},
		Multiline: r.Multiline, Unicode: r.Unicode, Malformed: r.Malformed, Overlong: r.Overlong,
	}
	_, err := ParseFormat(string(c.Format))
	switch {
	case err != nil:
		return Content{}, &UnknownContentError{err.Error()}
	case c.Size.Min < 1 || c.Size.Max < c.Size.Min || c.Size.Max > MaxSize || c.Overlong < 0 || c.Overlong > MaxSize:
		return Content{}, &UnknownContentError{fmt.Sprintf("sizes %d to %d bytes, overlong %d", c.Size.Min, c.Size.Max, c.Overlong)}
	}
	if err := c.Validate(); err != nil {
		return Content{}, &UnknownContentError{err.Error()}
	}
	return c, nil
}
