package loop

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline/cli/transcript"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/provisioner/elastic"
	"plumbline/stack/trial"
)

const (
	controlStream = "logs-icat.access-controls"
	controls      = 8
)

// A control is a run of which it is known what is wrong with its documents.
type control struct {
	made
	lost, doubled, across, late []uint64 // across two backing indices
	altered                     map[string][]uint64
	before, after               []elastic.Document // the stream was rolled over
}

// negativeControls hurts runs at random and expects the verdict to say just that:
// how many, which, and of what kind. PLUMBLINE_SEED repeats one that failed.
func (l *loop) negativeControls(t *testing.T) {
	es := l.administrator(t)
	seed := rand.Uint64()
	if text := os.Getenv("PLUMBLINE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PLUMBLINE_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	all := []control{l.untouched(t, random)}
	for len(all) < controls {
		all = append(all, l.hurt(t, random, fmt.Sprintf("hurt-%d", len(all)), 200+random.Uint64N(200), 7, true))
	}
	all = append(all, l.hurt(t, random, "hurt-long", 20_000, 2, false)) // of so few kinds that each is searched for
	var before, after []elastic.Document
	for _, c := range all {
		before, after = append(before, c.before...), append(after, c.after...)
	}
	l.store(t, es, controlStream, before)
	rollOver(t, es, controlStream)
	l.store(t, es, controlStream, after)
	for i, c := range all {
		l.saysJust(t, c, controlStream)
		if i < 2 { // what else a pattern matches changes nothing
			l.saysJust(t, c, "logs-*")
			l.saysJust(t, c, "*")
		}
	}
	t.Run("the blind spot of the fast check is where it is said to be", func(t *testing.T) { l.blindSpot(t, es, random) })
	t.Run("what comes while it is waited for is delivered, and doubled if it comes twice", func(t *testing.T) { l.heldBack(t, es, random) })
}

// untouched is a run in order, with some of its documents in each index.
func (l *loop) untouched(t *testing.T, random *rand.Rand) control {
	t.Helper()
	c := control{made: l.book(t, "untouched", 200+random.Uint64N(200), 7)}
	for _, d := range c.documents(t) {
		c.put(random, d)
	}
	return c
}

// put stores a document in either index.
func (c *control) put(random *rand.Rand, d elastic.Document) {
	if random.IntN(2) == 0 {
		c.before = append(c.before, d)
	} else {
		c.after = append(c.after, d)
	}
}

// hurt is a run of n attempts of which up to five each are lost, doubled in one way or
// the other, altered and late. An altered field may be gone altogether, if it may.
func (l *loop) hurt(t *testing.T, random *rand.Rand, run string, n, kinds uint64, gone bool) control {
	t.Helper()
	c := control{made: l.book(t, run, n, kinds), altered: map[string][]uint64{}}
	places := random.Perm(len(c.sent))
	draw := func() (seqs []uint64) {
		k := 1 + random.IntN(5)
		for _, place := range places[:k] {
			seqs = append(seqs, uint64(place)+1)
		}
		places = places[k:]
		slices.Sort(seqs)
		return seqs
	}
	c.lost, c.doubled, c.across, c.late = draw(), draw(), draw(), draw()
	for _, seq := range c.doubled {
		c.before = append(c.before, c.document(t, seq, 0, nil), c.document(t, seq, 1, nil))
	}
	for _, seq := range c.across { // with the event of the first, or one of its own
		again := map[string]any{}
		if random.IntN(2) == 0 {
			again[telemetry.FieldEventID] = fmt.Sprintf("%s/%d/0", run, seq)
		}
		c.before, c.after = append(c.before, c.document(t, seq, 0, nil)), append(c.after, c.document(t, seq, 1, again))
	}
	for _, seq := range c.late { // Elasticsearch takes it an hour after it was written
		c.put(random, c.document(t, seq, 0, map[string]any{telemetry.FieldTimestamp: stamp(c.began.Add(-time.Hour))}))
	}
	values := map[string][]any{
		telemetry.FieldMethod: {"PUT", nil}, telemetry.FieldRoute: {"/altered", nil}, telemetry.FieldStatus: {599, nil},
		telemetry.FieldTraceID: {ledger.TraceID("another", 1), nil}, telemetry.FieldEventDuration: {0, nil},
	}
	ways := 1
	if gone {
		ways = 2
	}
	fields := slices.Sorted(maps.Keys(values))
	for _, seq := range draw() {
		field := fields[random.IntN(len(fields))]
		c.altered[field] = append(c.altered[field], seq)
		c.put(random, c.document(t, seq, 0, map[string]any{field: values[field][random.IntN(ways)]}))
	}
	for _, place := range places {
		c.put(random, c.document(t, uint64(place)+1, 0, nil))
	}
	return c
}

// saysJust verifies a control and compares all that is said with what was done.
func (l *loop) saysJust(t *testing.T, c control, index string) {
	t.Helper()
	code, altered := 1, uint64(0)
	if len(c.lost) == 0 {
		code = 0
	}
	args := l.verify(c.ledger, "-index", index, "-check", "arrival", "-within", "0s", "-settle", "0s", "-late-after", "30m")
	a := l.verdict(t, l.command(t, "provisioner", args...).Run(), code).Account
	is := func(what string, got trial.Seqs, want []uint64) {
		if !slices.Equal(slices.Collect(got.All()), want) {
			t.Errorf("%s in %s: %s: %v, want %v", c.run, index, what, got, want)
		}
	}
	is("lost", a.Lost, c.lost)
	is("duplicated", a.Duplicated.Attempts, slices.Sorted(slices.Values(slices.Concat(c.doubled, c.across))))
	is("late", a.Late, c.late)
	for field, seqs := range c.altered {
		is("altered "+field, a.Corrupted.Fields[field], seqs)
		altered += uint64(len(seqs))
	}
	var across []uint64
	for _, double := range a.Duplicated.Cases {
		if double.Indices == 2 {
			across = append(across, double.Seq)
		}
	}
	if slices.Sort(across); !slices.Equal(across, c.across) {
		t.Errorf("%s in %s: duplicated across two indices: %v, want %v", c.run, index, across, c.across)
	}
	n, lost, doubled := uint64(len(c.sent)), uint64(len(c.lost)), uint64(len(c.doubled)+len(c.across))
	if a.Attempts != n || a.Delivered != n-lost-doubled-altered || a.Documents != n-lost+doubled || a.Duplicated.Extra != doubled ||
		a.Corrupted.Attempts.Count != altered || a.Unexpected.Documents+a.Indeterminate.Count != 0 {
		t.Errorf("%s in %s: %d attempts, %d lost, %d doubled, %d altered, and it says %+v", c.run, index, n, lost, doubled, altered, a)
	}
}

// blindSpot loses and doubles attempts of one kind and stretch whose numbers have
// the same count, sum and sum of squares; then it loses one more.
func (l *loop) blindSpot(t *testing.T, es *administrator, random *rand.Rand) {
	m := l.book(t, "blind", 300, 1)
	from := random.Uint64N(293)
	lost, doubled := []uint64{from + 1, from + 5, from + 6}, []uint64{from + 2, from + 3, from + 7}
	docs := m.documents(t, lost...)
	for _, seq := range doubled {
		docs = append(docs, m.document(t, seq, 1, nil))
	}
	l.store(t, es, controlStream, docs)
	verify := func(want int, more ...string) trial.Verdict {
		args := l.verify(m.ledger, append([]string{"-index", controlStream, "-check", "arrival", "-within", "0s", "-settle", "0s"}, more...)...)
		return l.verdict(t, l.command(t, "provisioner", args...).Run(), want)
	}
	if r := verify(0, "-depth", "fast"); r.Outcome != "no difference seen" {
		t.Errorf("fast: %s, want no difference seen", r.Outcome)
	}
	a := verify(1).Account
	if !slices.Equal(slices.Collect(a.Lost.All()), lost) || !slices.Equal(slices.Collect(a.Duplicated.Attempts.All()), doubled) {
		t.Errorf("full: lost %v, duplicated %v; want %v, %v", a.Lost, a.Duplicated.Attempts, lost, doubled)
	}
	l.store(t, es, controlStream, []elastic.Document{m.document(t, lost[0], 1, nil)})
	if r := verify(1, "-depth", "fast"); r.Outcome != "fails" {
		t.Errorf("fast, with one of the lost: %s, want that it fails", r.Outcome)
	}
}

// heldBack stores documents only once verify says that it waits: for what might
// come twice, and for what is missing.
func (l *loop) heldBack(t *testing.T, es *administrator, random *rand.Rand) {
	waits := func(run, text string, more ...string) (m made, ends func(code int) trial.Account) {
		m = l.book(t, run, 300, 7)
		seq := random.Uint64N(300) + 1
		docs, late := m.documents(t), m.document(t, seq, 1, nil)
		if run == "held-back" {
			docs, late = m.documents(t, seq), m.document(t, seq, 0, nil)
		}
		l.store(t, es, controlStream, docs)
		said, report := &transcript.Buffer{}, l.path(run+".json")
		args := l.verify(m.ledger, append([]string{"-index", controlStream, "-check", "arrival", "-json", report}, more...)...)
		verify := l.command(t, "provisioner", args...)
		verify.Stderr = said
		if err := verify.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "verify to wait", func() error {
			if !strings.Contains(said.String(), text) {
				return errors.New("it says: " + said.String())
			}
			return nil
		})
		l.store(t, es, controlStream, []elastic.Document{late})
		return m, func(want int) trial.Account {
			r, code, err := trial.Judged(verify.Wait(), report)
			if err != nil || code != want {
				t.Errorf("verify of %s exits with %d, want %d: %v, %s", run, code, want, err, r.Summary)
			}
			return r.Account
		}
	}
	_, settled := waits("come-twice", "late duplicates", "-settle", "6s")
	_, delivered := waits("held-back", "missing 1 among 1-300", "-settle", "0s")
	if a := delivered(0); a.Delivered != 300 || a.Documents != 300 {
		t.Errorf("held back: %d delivered in %d documents, want 300 in 300", a.Delivered, a.Documents)
	}
	if a := settled(1); a.Delivered != 299 || a.Duplicated.Attempts.Count != 1 || a.Documents != 301 {
		t.Errorf("come twice: %d delivered, %d duplicated in %d documents, want 299, 1 in 301", a.Delivered, a.Duplicated.Attempts.Count, a.Documents)
	}
}
