package arrival

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Hop is a place on the way from the application to a search at which an attempt
// got lost.
type Hop string

// The hops, in the order of the way.
const (
	HopApp      Hop = "app"      // answered, and no line was written
	HopUnread   Hop = "unread"   // the line stands behind the last of its file that arrived: the shipper was not there yet
	HopRefused  Hop = "refused"  // Elasticsearch refused what it says; the shipper kept it as text
	HopCollided Hop = "collided" // a document of another attempt has its id: refused as a copy of that
	HopHidden   Hop = "hidden"   // stored under its id, and no search finds it
	HopShipper  Hop = "shipper"  // later lines of its file arrived, and of this one there is no trace
)

// Hops says how far the missing attempts came, by what the application's own log
// files hold and by what Elasticsearch does hold of them. Each lost attempt is at
// exactly one hop: App, or one of Unread, Refused, Collided, Hidden and Shipper,
// which together are Behind.
type Hops struct {
	App    Seqs `json:"app"`
	Behind Seqs `json:"behind"`
	// Handled were indeterminate, since the client saw no answer, but have a line:
	// the application did answer, and the document is lost behind it. They are in
	// the sets of a hop behind it, too.
	Handled  Seqs `json:"handled"`
	Unread   Seqs `json:"unread"`
	Refused  Seqs `json:"refused"`
	Collided Seqs `json:"collided"`
	Hidden   Seqs `json:"hidden"`
	Shipper  Seqs `json:"shipper"`

	Files   int       `json:"files"`                     // read
	Written uint64    `json:"written"`                   // attempts of the run that have a line
	Twice   Seqs      `json:"written_twice"`             // attempts with more than one: handled twice, or written twice
	Cases   []HopCase `json:"cases"`                     // ranges with their evidence, the first 10,000
	Counted *Shipping `json:"shipper_counted,omitempty"` // what the shipper itself counted; nil unless it was asked
	Silent  string    `json:"shipper_silent,omitempty"`  // why it did not say
}

// HopCase is a range of missing attempts that were lost at one hop for one reason.
type HopCase struct {
	Range    Range  `json:"attempts"`
	Hop      Hop    `json:"hop"`
	Evidence string `json:"evidence"`
}

// Fetcher reads documents by their ids, as they are stored and not as a search
// finds them. It is *elastic.Client.
type Fetcher interface {
	// Backing returns the names of the indices behind a data stream.
	Backing(ctx context.Context, stream string) ([]string, error)
	// Fetch returns the answer to a multi-get of one index.
	Fetch(ctx context.Context, index string, ids []string) ([]byte, error)
}

// A Trace finds out at which hop the missing attempts of an account were lost.
type Trace struct {
	Files  []string // the application's log files
	Search Searcher
	Fetch  Fetcher
	Kept   string // data stream that takes what Elasticsearch refused, as text
}

// Run reads the log files and, where lines lack their documents, asks
// Elasticsearch what it has of them. Lines that are no access line of the run are
// passed over.
func (t Trace) Run(ctx context.Context, a *Account) error {
	log := newWritten(a)
	for i, path := range t.Files {
		if err := log.read(ctx, i, path); err != nil {
			return fmt.Errorf("read the application's log: %w", err)
		}
	}
	h := &Hops{Files: len(t.Files), Written: log.seqs.Len(), Twice: log.twice}
	for seq := range a.Lost.each {
		if log.seqs.Has(seq) {
			h.Behind.Add(seq)
		} else {
			h.App.Add(seq)
		}
	}
	for seq := range a.Indeterminate.each {
		if log.seqs.Has(seq) {
			h.Handled.Add(seq)
		}
	}
	a.Hops = h
	if log.missing.len() == 0 {
		h.tell(nil, nil, t.names())
		return nil
	}
	found, err := t.ask(ctx, a, log.missing)
	if err != nil {
		return fmt.Errorf("look for what was lost: %w", err)
	}
	h.tell(log, found, t.names())
	return nil
}

func (t Trace) names() []string {
	var names []string
	for _, path := range t.Files {
		names = append(names, filepath.Base(path))
	}
	return names
}

// tell puts each missing attempt at its hop, with the evidence for it.
func (h *Hops) tell(log *written, found map[uint64]trail, files []string) {
	missing := union(h.App, h.Behind, h.Handled)
	for seq := range missing.each {
		if h.App.Has(seq) {
			h.add(seq, HopApp, fmt.Sprintf("answered, and no line in %s", things(uint64(len(files)), "log file")))
			continue
		}
		hop, evidence := log.place(seq, files)
		if kept, ok := found[seq]; ok {
			hop, evidence = kept.hop, kept.evidence
		}
		h.set(hop).Add(seq)
		h.add(seq, hop, evidence)
	}
}

// set is where the attempts of a hop behind the application are.
func (h *Hops) set(hop Hop) *Seqs {
	switch hop {
	case HopUnread:
		return &h.Unread
	case HopRefused:
		return &h.Refused
	case HopCollided:
		return &h.Collided
	case HopHidden:
		return &h.Hidden
	}
	return &h.Shipper
}

// add describes one more attempt, with its neighbour where nothing differs.
func (h *Hops) add(seq uint64, hop Hop, evidence string) {
	if n := len(h.Cases); n > 0 {
		if c := &h.Cases[n-1]; c.Hop == hop && c.Evidence == evidence && c.Range.Last+1 == seq {
			c.Range.Last = seq
			return
		}
	}
	if len(h.Cases) < maxCases {
		h.Cases = append(h.Cases, HopCase{Range{seq, seq}, hop, evidence})
	}
}

func union(sets ...Seqs) Seqs {
	all := Seqs{roaring64.New()}
	for _, s := range sets {
		if s.set != nil {
			all.set.Or(s.set)
		}
	}
	return all
}

// text says it in a few words; "" when nothing was traced.
func (h *Hops) text() string {
	if h == nil {
		return ""
	}
	text := fmt.Sprintf("; %s at hop app: no line was written", count(h.App.Len()))
	for _, at := range []struct {
		seqs Seqs
		said string
	}{
		{h.Unread, "not read by the shipper yet"},
		{h.Refused, "refused by Elasticsearch and kept as text"},
		{h.Collided, "refused as a copy of another attempt"},
		{h.Hidden, "stored, and found by no search"},
		{h.Shipper, "lost between the shipper's reading and Elasticsearch"},
	} {
		if n := at.seqs.Len(); n > 0 {
			text += fmt.Sprintf("; %s %s: %s", count(n), at.said, at.seqs.Text(listed))
		}
	}
	if c := h.Counted; c != nil {
		text += "; " + c.text()
	} else if h.Silent != "" {
		text += "; " + h.Silent
	}
	return text
}

// Shipping is what a shipper counted of the lines it carried, of whatever run,
// since it started or since a verdict began to watch.
type Shipping struct {
	Name      string        `json:"name"`
	Since     time.Duration `json:"since_ns"` // how long ago it began to count
	Restarted bool          `json:"restarted"`
	Read      int64         `json:"read"`
	Published int64         `json:"published"` // given to its queue
	Acked     int64         `json:"acked"`     // taken by Elasticsearch, or refused as a copy
	Copies    int64         `json:"copies"`    // of Acked: refused with 409
	Dropped   int64         `json:"dropped"`   // given up, and not kept anywhere
	Failed    int64         `json:"failed"`    // sent again
	TooMany   int64         `json:"too_many"`  // of Failed: refused with 429
	Waiting   int64         `json:"waiting"`   // in its queue now
}

func (s *Shipping) text() string {
	text := fmt.Sprintf("%s counted in %v: %s read, %s acknowledged, %s of them refused as copies (409), %s dropped, %s sent again (%s of them after 429), %s in its queue",
		s.Name, s.Since.Round(time.Second), count(uint64(s.Read)), count(uint64(s.Acked)), count(uint64(s.Copies)), count(uint64(s.Dropped)), count(uint64(s.Failed)), count(uint64(s.TooMany)), count(uint64(s.Waiting)))
	if s.Restarted {
		text += "; it was started anew meanwhile"
	}
	return text
}
