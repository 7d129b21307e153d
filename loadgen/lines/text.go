package lines

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"
)

// prose is a stretch of text that messages are cut out of: copying a piece
// costs less than putting words together for each line. It holds no character
// that JSON or logfmt would have to escape.
type prose struct {
	body   string
	starts []int // of the sentences
}

const proseSize = 64 << 10

func newProse(sentences []string, seed uint64) prose {
	random := rand.New(rand.NewPCG(seed, uint64(len(sentences))))
	var p prose
	var b strings.Builder
	for b.Len() < proseSize {
		p.starts = append(p.starts, b.Len())
		b.WriteString(sentences[random.IntN(len(sentences))])
		b.WriteString(" after " + strconv.Itoa(random.IntN(9000)) + " ms. ")
	}
	p.body = b.String()
	return p
}

// fill appends n bytes of text that begins with a sentence. A character that
// the end would cut is replaced by dots.
func (p prose) fill(b []byte, start, n int) []byte {
	from, whole := len(b), p.body[p.starts[start%len(p.starts)]:]
	for ; n > 0; whole = p.body {
		piece := whole[:min(n, len(whole))]
		b = append(b, piece...)
		n -= len(piece)
	}
	for i := len(b) - 1; i >= from && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				for j := i; j < len(b); j++ {
					b[j] = '.'
				}
			}
			break
		}
	}
	return b
}

func sentences() []string {
	return []string{
		"dataset opened for reading", "dataset closed", "datafile registered in the catalogue", "session refreshed", "session expired and was removed",
		"investigation made public at the end of its embargo", "instrument ARGO reports beam on", "instrument VELA reports beam off",
		"sample environment at set point", "sample changer moved to the next position", "search index brought up to date",
		"thumbnail written", "archive copy verified by checksum", "archive copy is late and was asked for again", "restore from tape queued",
		"restore from tape done", "ingest of a scan accepted", "ingest of a scan refused because its proposal is closed", "cache hit",
		"cache miss; asked the database", "connection taken from the pool", "connection given back to the pool",
		"query planned without an index", "query done", "user office synchronised", "quota of the instrument recomputed",
		"detector frames counted", "chopper phase locked", "vacuum in the flight tube is good", "shutter opened", "shutter closed",
		"temperature ramp finished", "run number assigned", "publication linked with its data", "export to the repository begun", "worker is idle",
	}
}

func unicodeSentences() []string {
	return []string{
		"Messgerät für Röntgenbeugung geöffnet, Größe 5 µm", "échantillon chauffé à 300 °C, prêt", "Δθ = 0,02° при 4,2 K", "試料の温度が安定しました",
		"样品已更换，测量开始", "시료 교환 완료", "הדגימה הוחלפה בהצלחה", "تم تغيير العينة بنجاح", "δείγμα έτοιμο για μέτρηση", "प्रयोग समाप्त हुआ",
		"run ✓ finished 👩‍🔬🧪", "cafe\u0301 and café are written in two ways", "zero\u200bwidth and a no-break\u00a0space", "𝛼-Fe₂O₃ in a field of 2 T ± 5 ‰",
	}
}

func loggers() []string {
	return []string{"icat.store", "icat.session", "icat.search", "icat.ingest", "icat.archive", "icat.http", "icat.scheduler", "instrument.gateway"}
}

func frames() []string {
	return []string{
		"org.facility.store.DatasetStore.open(DatasetStore.java:", "org.facility.store.Connection.query(Connection.java:",
		"org.facility.store.Pool.take(Pool.java:", "org.facility.search.Index.find(Index.java:", "org.facility.search.Query.run(Query.java:",
		"org.facility.rest.Handler.answer(Handler.java:", "org.facility.rest.Session.check(Session.java:", "org.facility.ingest.Scan.accept(Scan.java:",
		"org.facility.archive.Tape.restore(Tape.java:", "java.base/java.util.concurrent.FutureTask.run(FutureTask.java:",
		"java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:", "java.base/java.lang.Thread.run(Thread.java:",
	}
}

func failures() []string {
	return []string{
		"java.lang.IllegalStateException: session is closed", "java.net.SocketTimeoutException: Read timed out",
		"org.facility.store.LockException: row is locked by another transaction", "java.io.IOException: No space left on device",
		"java.lang.NullPointerException: dataset is null", "org.facility.archive.TapeException: drive does not answer",
	}
}

const (
	leastStack = 3 // physical lines of a stack trace
	mostStack  = 30
)

// stack appends a stack trace of n lines, without the last newline. newline and
// tab are the characters themselves or their escapes. As with a real one, a
// line begins with white space or with "Caused by: ", but for the first.
func (m *Maker) stack(b []byte, n int, newline, tab string) []byte {
	before := len(b)
	b = append(b, pick(m, m.failures)...)
	cause := n
	if n > 6 {
		cause = 3 + m.random.IntN(n-5)
	}
	for i := 1; i < n; i++ {
		b = append(b, newline...)
		if i == cause {
			b = append(append(b, "Caused by: "...), pick(m, m.failures)...)
			continue
		}
		b = append(append(append(b, tab...), "at "...), pick(m, m.frames)...)
		b = strconv.AppendInt(b, 20+m.random.Int64N(900), 10)
		b = append(b, ')')
	}
	m.stacked = len(b) - before
	return b
}

func pick(m *Maker, list []string) string { return list[m.random.IntN(len(list))] }
