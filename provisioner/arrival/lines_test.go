package arrival

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
)

func allFormats() []lines.Format {
	return []lines.Format{lines.ECS, lines.Logfmt, lines.Combined, lines.Plain}
}

// A shipper that only wraps lines brings each, whatever the format and however
// malformed, and the verdict holds.
func TestWrappedLinesHold(t *testing.T) {
	for _, format := range allFormats() {
		t.Run(string(format), func(t *testing.T) {
			w := newLineWorld(lineContent(format), 300)
			acc := w.audit(t)
			checkSums(t, acc)
			want := saidOfLines{said: healthy(300)}
			if diff := cmp.Diff(want, saysOfLines(acc), cmp.AllowUnexported(saidOfLines{})); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			var r Report
			r.Judge(Evidence{Account: acc})
			if r.Outcome != Holds {
				t.Errorf("%s: %v", r.Outcome, r.Broken())
			}
			if lag := acc.ReadLag; lag.Count != 300 || lag.Min != 20*time.Millisecond || lag.Max != 20*time.Millisecond {
				t.Errorf("lag %+v, want 300 times 20 ms", lag)
			}
		})
	}
}

// So does one that takes them apart, if their own fields are all there.
func TestTakenApartLinesHold(t *testing.T) {
	for _, format := range []lines.Format{lines.ECS, lines.Logfmt} {
		t.Run(string(format), func(t *testing.T) {
			c := lineContent(format)
			c.Malformed = 0
			w := newLineWorld(c, 300)
			for seq := range uint64(300) {
				w.docs[seq] = w.taken(seq + 1)
			}
			w.docs[7] = w.docs[7].with(telemetry.FieldRunSeq, "8.0") // as some write all numbers
			acc := w.audit(t)
			checkSums(t, acc)
			if diff := cmp.Diff(saidOfLines{said: healthy(300)}, saysOfLines(acc), cmp.AllowUnexported(saidOfLines{})); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			if acc.NoReadTime != 300 || acc.ReadLag.Count != 0 {
				t.Errorf("the lines' own times were taken for a lag: %+v", acc.ReadLag)
			}
			t.Run("and not, if one is another", func(t *testing.T) {
				w.docs[3] = w.docs[3].with("log.level", "fatal").with("level", "fatal")
				acc := w.audit(t)
				if got := list(acc.Lines.Classes.Altered); !slices.Equal(got, []uint64{4}) {
					t.Errorf("altered: %v", got)
				}
				if c := acc.Corrupted.Cases; len(c) != 1 || !strings.HasSuffix(c[0].Field, "level") || c[0].Found != "fatal" {
					t.Errorf("cases: %+v", c)
				}
			})
		})
	}
}

func TestLines(t *testing.T) {
	const n = 120
	plain := lineContent(lines.Plain)
	tests := []struct {
		name   string
		change func(w *lineWorld)
		want   func(w *lineWorld, s *saidOfLines)
	}{
		{"everything arrived", func(*lineWorld) {}, func(*lineWorld, *saidOfLines) {}},
		{"a line is lost", func(w *lineWorld) {
			w.docs = slices.Delete(w.docs, int(w.first(lines.Whole))-1, int(w.first(lines.Whole)))
		},
			func(w *lineWorld, s *saidOfLines) {
				s.Delivered, s.Documents, s.Lost = n-1, n-1, []uint64{w.first(lines.Whole)}
			}},
		{"a malformed line is rejected", func(w *lineWorld) { w.docs = slices.Delete(w.docs, int(w.first(lines.NUL))-1, int(w.first(lines.NUL))) },
			func(w *lineWorld, s *saidOfLines) {
				s.Delivered, s.Documents, s.Rejected = n-1, n-1, []uint64{w.first(lines.NUL)}
			}},
		{"a line is doubled", func(w *lineWorld) { w.docs = append(w.docs, w.docs[9]) }, func(_ *lineWorld, s *saidOfLines) {
			s.Delivered, s.Documents, s.Wrong, s.Duplicated, s.Extra = n-1, n+1, 1, []uint64{10}, 1
		}},
		{"a line is cut", func(w *lineWorld) { w.recut(lines.UnicodeStack, 0, 300) }, func(w *lineWorld, s *saidOfLines) {
			s.Delivered, s.Wrong, s.Cut = n-1, 1, []uint64{w.first(lines.UnicodeStack)}
		}},
		{"a malformed line is cut, and still counts as arrived", func(w *lineWorld) {
			seq := w.first(lines.Overlong)
			w.docs[seq-1] = w.wrapped(seq, string(w.text[seq-1][2000:]))
		}, func(w *lineWorld, s *saidOfLines) { s.MalformedCut = []uint64{w.first(lines.Overlong)} }},
		{"a line is cut before its identity", func(w *lineWorld) {
			seq := w.first(lines.Overlong)
			w.docs[seq-1] = w.wrapped(seq, string(w.text[seq-1][:2048]))
		}, func(w *lineWorld, s *saidOfLines) { s.MalformedCut = []uint64{w.first(lines.Overlong)} }},
		{"a line is altered", func(w *lineWorld) {
			seq := w.first(lines.Unicode)
			w.docs[seq-1] = w.wrapped(seq, strings.ToUpper(string(w.text[seq-1][:40]))+string(w.text[seq-1][40:]))
		}, func(w *lineWorld, s *saidOfLines) {
			s.Delivered, s.Wrong, s.Altered = n-1, 1, []uint64{w.first(lines.Unicode)}
		}},
		{"something is put before a line", func(w *lineWorld) {
			seq := w.first(lines.Whole)
			w.docs[seq-1] = w.wrapped(seq, "<13>Jan 2 host app: "+string(w.text[seq-1]))
		}, func(w *lineWorld, s *saidOfLines) {
			s.Delivered, s.Wrong, s.Altered = n-1, 1, []uint64{w.first(lines.Whole)}
		}},
		{"a stack trace is split into its physical lines", func(w *lineWorld) { w.split(w.first(lines.StackTrace)) }, func(w *lineWorld, s *saidOfLines) {
			seq := w.first(lines.StackTrace)
			pieces := uint64(strings.Count(string(w.text[seq-1]), "\n"))
			s.Delivered, s.Wrong, s.Split, s.Pieces, s.Documents = n-1, 1, []uint64{seq}, pieces, n+pieces
		}},
		{"a stack trace is split and a piece is lost", func(w *lineWorld) {
			w.split(w.first(lines.StackTrace))
			w.docs = w.docs[:len(w.docs)-1]
		}, func(w *lineWorld, s *saidOfLines) {
			seq := w.first(lines.StackTrace)
			s.Delivered, s.Wrong, s.Cut = n-1, 1, []uint64{seq}
			s.Strange = uint64(strings.Count(string(w.text[seq-1]), "\n")) - 1
		}},
		{"two lines are joined", func(w *lineWorld) {
			w.docs[49] = w.wrapped(50, string(w.text[49])+"\n"+string(w.text[50]))
			w.docs = slices.Delete(w.docs, 50, 51)
		}, func(w *lineWorld, s *saidOfLines) {
			s.Documents = n - 1
			for _, seq := range []uint64{50, 51} {
				if lines.Kind(w.attempts[seq-1].Journey).Malformed() {
					s.MalformedJoined = append(s.MalformedJoined, seq)
					continue
				}
				s.Joined = append(s.Joined, seq)
				s.Delivered--
				s.Wrong++
			}
		}},
		{"a document without an identity is a piece of no line", func(w *lineWorld) { w.docs = append(w.docs, w.wrapped(1, "hello")) },
			func(_ *lineWorld, s *saidOfLines) { s.Strange = 1 }},
		{"another run's documents do not matter", func(w *lineWorld) {
			w.docs = append(w.docs, w.wrapped(1, "x run.id=other run.seq=3 "), w.docs[0].with(telemetry.FieldMessage, nil).with(telemetry.FieldRunID, "other"))
		}, func(_ *lineWorld, s *saidOfLines) { s.OtherRuns = 2 }},
		{"a line that the ledger does not know", func(w *lineWorld) {
			w.docs = append(w.docs, w.wrapped(1, fmt.Sprintf("x run.id=%s run.seq=999 y", runID)))
		}, func(_ *lineWorld, s *saidOfLines) {
			s.Documents, s.Unexpected, s.UnexpectedSeqs = n+1, 1, []uint64{999}
		}},
		{"a line that was never sent", func(w *lineWorld) { w.attempts[4].Outcome, w.attempts[4].Status = ledger.Dropped, 0 },
			func(_ *lineWorld, s *saidOfLines) {
				s.Sent, s.Answered, s.NeverSent, s.Delivered, s.Unexpected, s.UnexpectedSeqs = n-1, n-1, 1, n-1, 1, []uint64{5}
			}},
		{"a line of which nobody knows whether it was written", func(w *lineWorld) {
			w.attempts[4].Outcome, w.attempts[4].Status = ledger.Reset, 0
			w.docs = slices.Delete(w.docs, 4, 5)
		}, func(_ *lineWorld, s *saidOfLines) {
			s.Answered, s.Delivered, s.Documents, s.Indeterminate = n-1, n-1, n-1, []uint64{5}
		}},
		{"the same, and it came", func(w *lineWorld) { w.attempts[4].Outcome, w.attempts[4].Status = ledger.Timeout, 0 },
			func(_ *lineWorld, s *saidOfLines) { s.Answered, s.Unconfirmed = n-1, []uint64{5} }},
		{"a copy that is altered", func(w *lineWorld) {
			seq := w.first(lines.Whole)
			w.docs = append(w.docs, w.wrapped(seq, strings.Replace(string(w.text[seq-1]), " ", "_", 1)))
		}, func(w *lineWorld, s *saidOfLines) {
			seq := w.first(lines.Whole)
			s.Delivered, s.Documents, s.Wrong, s.Extra = n-1, n+1, 1, 1
			s.Duplicated, s.Altered = []uint64{seq}, []uint64{seq}
		}},
		{"a line that took longer than allowed", func(w *lineWorld) {
			w.reading.Late = time.Second
			w.docs[6] = w.docs[6].with(telemetry.FieldTimestamp, started.Add(time.Hour).UnixMilli())
		}, func(_ *lineWorld, s *saidOfLines) { s.Late = []uint64{7} }},
		{"beyond a ledger that was cut off nothing is judged", func(w *lineWorld) {
			w.torn = true
			w.docs = append(w.docs, w.wrapped(1, fmt.Sprintf("x run.id=%s run.seq=999 y", runID)))
		}, func(_ *lineWorld, s *saidOfLines) { s.Documents, s.Beyond, s.BeyondSeqs = n+1, 1, []uint64{999} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newLineWorld(plain, n)
			tt.change(w)
			acc := w.audit(t)
			checkSums(t, acc)
			want := saidOfLines{said: healthy(n)}
			tt.want(w, &want)
			if diff := cmp.Diff(want, saysOfLines(acc), cmp.AllowUnexported(saidOfLines{})); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	}
}

// recut leaves some bytes of the first line of a kind.
func (w *lineWorld) recut(kind lines.Kind, from, to int) {
	seq := w.first(kind)
	text := w.text[seq-1]
	end := strings.IndexByte(string(text), '\n') // the identity stays
	w.docs[seq-1] = w.wrapped(seq, string(text[from:max(to, end+1)]))
}

// split makes a document of each physical line.
func (w *lineWorld) split(seq uint64) {
	pieces := strings.Split(string(w.text[seq-1]), "\n")
	w.docs[seq-1] = w.wrapped(seq, pieces[0])
	for _, piece := range pieces[1:] {
		w.docs = append(w.docs, w.wrapped(seq, piece))
	}
}

// Whatever was done to lines at random places is said of exactly those.
func TestLinesSayExactlyWhatWasDone(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 11))
			c := lineContent(allFormats()[seed%4])
			c.Seed = seed
			n := 1 + rnd.Uint64N(200)
			w := newLineWorld(c, n)
			want := saidOfLines{said: healthy(n)}
			w.docs = nil
			for seq := uint64(1); seq <= n; seq++ {
				text := string(w.text[seq-1])
				malformed := lines.Kind(w.attempts[seq-1].Journey).Malformed()
				wrong := func(class, ofMalformed *[]uint64) {
					if malformed {
						*ofMalformed = append(*ofMalformed, seq)
						return
					}
					*class = append(*class, seq)
					want.Delivered--
					want.Wrong++
				}
				switch rnd.IntN(12) {
				case 0: // lost
					want.Documents--
					want.Delivered--
					if malformed {
						want.Rejected = append(want.Rejected, seq)
					} else {
						want.Lost = append(want.Lost, seq)
					}
				case 1: // doubled
					w.docs = append(w.docs, w.wrapped(seq, text), w.wrapped(seq, text))
					want.Documents++
					want.Extra++
					want.Duplicated = append(want.Duplicated, seq)
					want.Delivered--
					want.Wrong++
				case 2: // cut, where the identity stays and what is missing was legible
					if kind := lines.Kind(w.attempts[seq-1].Journey); malformed && kind != lines.Overlong {
						w.docs = append(w.docs, w.wrapped(seq, text))
						break
					}
					if c.Format == lines.Plain {
						w.docs = append(w.docs, w.wrapped(seq, text[1:]))
					} else {
						w.docs = append(w.docs, w.wrapped(seq, text[:len(text)-3]))
					}
					wrong(&want.Cut, &want.MalformedCut)
				case 3: // something put before it, as by syslog
					w.docs = append(w.docs, w.wrapped(seq, "<13>"+text))
					wrong(&want.Altered, &want.MalformedAltered)
				default:
					w.docs = append(w.docs, w.wrapped(seq, text))
				}
			}
			rnd.Shuffle(len(w.docs), func(i, j int) { w.docs[i], w.docs[j] = w.docs[j], w.docs[i] })
			acc := w.audit(t)
			checkSums(t, acc)
			if diff := cmp.Diff(want, saysOfLines(acc), cmp.AllowUnexported(saidOfLines{})); diff != "" {
				t.Errorf("%s: account (-want +got):\n%s", c.Format, diff)
			}
		})
	}
}

// What is wrong is described so that one can look for it.
func TestLineCases(t *testing.T) {
	w := newLineWorld(lineContent(lines.Plain), 120)
	seq := w.first(lines.Unicode)
	text := string(w.text[seq-1])
	for _, row := range []struct{ proves, got, expected, found string }{
		{"altered: where", "2" + strings.Replace(text[1:], "trace.id", "trace-id", 1), "at byte", `"-id=`},
		{"cut: how much is there", text[100:], "bytes (sha256 ", fmt.Sprintf("its last %d bytes", len(text)-100)},
		{"longer: how much is around", "<13>" + text, "bytes (sha256 ", "whole, with 4 bytes before and 0 after"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			w.docs[seq-1] = w.wrapped(seq, row.got)
			cases := w.audit(t).Corrupted.Cases
			if len(cases) != 1 || cases[0].Seq != seq || !strings.Contains(cases[0].Expected, row.expected) || !strings.Contains(cases[0].Found, row.found) {
				t.Errorf("got %+v; want line %d, expected …%s…, found …%s…", cases, seq, row.expected, row.found)
			}
		})
	}
}

// A text that is somewhere else is found by whoever reads the hint.
func TestHintNamesTheField(t *testing.T) {
	w := newLineWorld(lineContent(lines.Combined), 30)
	for i, d := range w.docs {
		w.docs[i] = d.with("event.original", d.fields[telemetry.FieldMessage]).with(telemetry.FieldMessage, nil)
	}
	var r Report
	r.Judge(Evidence{Account: w.audit(t)})
	if r.Outcome != Fails || !strings.Contains(r.Hint, "-message-field event.original") {
		t.Errorf("%s, hint %q", r.Outcome, r.Hint)
	}
	w.reading.Message = "event.original"
	r = Report{}
	if r.Judge(Evidence{Account: w.audit(t)}); r.Outcome != Holds {
		t.Errorf("with it: %v", r.Broken())
	}
}

// Of a line that was taken apart by names of which nobody knows, the content was
// not compared, and that is no pass.
func TestUntoldContentIsNoPass(t *testing.T) {
	c := lineContent(lines.Combined)
	c.Malformed = 0
	w := newLineWorld(c, 30)
	for i := range w.docs {
		w.docs[i] = w.docs[i].with(telemetry.FieldMessage, nil).with(telemetry.FieldRunID, runID).with(telemetry.FieldRunSeq, i+1)
	}
	var r Report
	if r.Judge(Evidence{Account: w.audit(t)}); r.Outcome != Unmeasured {
		t.Errorf("%s: %v", r.Outcome, r.Broken())
	}
}

// A line is read, and later indexed: each is measured from when it was due.
func TestLinesTellTheirHops(t *testing.T) {
	w := newLineWorld(lineContent(lines.Plain), 120)
	w.ingest(50 * time.Millisecond)
	acc := w.audit(t)
	for name, lag := range map[string]struct {
		got  Lag
		want time.Duration
	}{"read": {acc.ReadLag, 20 * time.Millisecond}, "read to indexed": {acc.IndexLag, 30 * time.Millisecond}, "indexed": {acc.IngestLag, 50 * time.Millisecond}} {
		if lag.got.Count != 120 || lag.got.Min != lag.want || lag.got.Max != lag.want {
			t.Errorf("%s: %+v, want 120 times %v", name, lag.got, lag.want)
		}
	}
}

// ingest stamps each document as Elasticsearch does, some time after its line was due.
func (w *lineWorld) ingest(after time.Duration) {
	for i := range w.docs {
		at := started.Add(w.attempts[i].Scheduled + after)
		w.docs[i] = w.docs[i].with(telemetry.FieldEventIngested, at.Format(time.RFC3339Nano))
	}
}

// Each property of lines has something that breaks it, and only it.
func TestEachLinePropertyCanFail(t *testing.T) {
	for _, tt := range []struct {
		property string
		outcome  Outcome
		change   func(*lineWorld)
		more     func(*Evidence)
	}{
		{"none lost", Fails, func(w *lineWorld) {
			w.docs = slices.Delete(w.docs, int(w.first(lines.Whole))-1, int(w.first(lines.Whole)))
		}, nil},
		{"none duplicated", Fails, func(w *lineWorld) { w.docs = append(w.docs, w.docs[3]) }, nil},
		{"none altered", Fails, func(w *lineWorld) {
			seq := w.first(lines.Whole)
			w.docs[seq-1] = w.wrapped(seq, "^"+string(w.text[seq-1]))
		}, nil},
		{"none cut", Fails, func(w *lineWorld) { w.recut(lines.UnicodeStack, 0, 300) }, nil},
		{"none split", Fails, func(w *lineWorld) { w.split(w.first(lines.StackTrace)) }, nil},
		{"none joined", Fails, func(w *lineWorld) {
			seq := w.first(lines.Whole)
			w.docs[seq-1] = w.wrapped(seq, string(w.text[seq-1])+"\n"+string(w.text[seq]))
			w.docs = slices.Delete(w.docs, int(seq), int(seq)+1)
		}, nil},
		{"none unexpected", Fails, func(w *lineWorld) {
			w.docs = append(w.docs, w.wrapped(1, fmt.Sprintf("run.id=%s run.seq=999 y", runID)))
		}, nil},
		{"none indeterminate", Unmeasured, func(w *lineWorld) {
			w.attempts[4].Outcome, w.attempts[4].Status = ledger.Reset, 0
			w.docs = slices.Delete(w.docs, 4, 5)
		}, nil},
		{"malformed arrived", Fails, func(w *lineWorld) {
			w.docs = slices.Delete(w.docs, int(w.first(lines.Binary))-1, int(w.first(lines.Binary)))
		}, nil},
		{"malformed arrived", Holds, func(w *lineWorld) {
			w.docs = slices.Delete(w.docs, int(w.first(lines.Binary))-1, int(w.first(lines.Binary)))
		},
			func(e *Evidence) { e.AllowRejected = 1 }},
		{"none late", Fails, func(w *lineWorld) { w.reading.Late = 10 * time.Millisecond }, nil},
		{"none late", Holds, func(w *lineWorld) { w.reading.Late = time.Second }, nil},
		{"none late", Fails, func(w *lineWorld) { w.ingest(1500 * time.Millisecond); w.reading.Late = time.Second }, nil},
		{"none late", Unmeasured, func(w *lineWorld) { w.reading.Late, w.reading.Time = time.Second, "event.ingested" }, nil},
	} {
		t.Run(tt.property+" "+string(tt.outcome), func(t *testing.T) {
			w := newLineWorld(lineContent(lines.Plain), 120)
			tt.change(w)
			e := Evidence{Account: w.audit(t)}
			if tt.more != nil {
				tt.more(&e)
			}
			var r Report
			r.Judge(e)
			found := false
			for _, p := range r.Properties {
				want := Holds
				if p.Name == tt.property {
					want, found = tt.outcome, true
				}
				if p.Outcome != want {
					t.Errorf("%s: %s (%s), want %s", p.Name, p.Outcome, p.Text, want)
				}
			}
			if !found || r.Outcome != tt.outcome {
				t.Errorf("verdict %s, want %s; property there: %v", r.Outcome, tt.outcome, found)
			}
		})
	}
}

func TestInstants(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	for _, text := range []string{"2026-01-02T03:04:05.6Z", "2026-01-02T04:04:05.6+01:00", "1767323045600", "1767323045600.0"} {
		if got, ok := instantOf(text); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "soon", "NaN", "1e300", "2026-01-02"} {
		if got, ok := instantOf(text); ok {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// A ledger of other lines than these cannot be judged.
func TestUnknownContent(t *testing.T) {
	w := newLineWorld(lineContent(lines.Plain), 3)
	w.content.Size.Max = lines.MaxSize + 1
	if _, err := small(newNode(t), w.ledger(t)).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the ledger's lines: ") {
		t.Errorf("got %v", err)
	}
}

// brokenLinesReport has one of everything that can become of a line.
func brokenLinesReport(t *testing.T) *Report {
	w := newLineWorld(lineContent(lines.Plain), 400)
	w.reading.Late = time.Second
	var wellFormed []uint64
	for _, a := range w.attempts {
		if a.Journey == string(lines.Whole) {
			wellFormed = append(wellFormed, a.Seq)
		}
	}
	text := func(i int) string { return string(w.text[wellFormed[i]-1]) }
	gone := map[uint64]bool{wellFormed[0]: true, w.first(lines.NUL): true, wellFormed[5]: true}
	w.docs[wellFormed[1]-1] = w.wrapped(wellFormed[1], text(1)[20:])
	w.docs[wellFormed[2]-1] = w.wrapped(wellFormed[2], "2"+strings.ToUpper(text(2)[1:60])+text(2)[60:])
	w.docs[wellFormed[4]-1] = w.wrapped(wellFormed[4], text(4)+"\n"+text(5))
	w.docs[wellFormed[6]-1] = w.docs[wellFormed[6]-1].with(telemetry.FieldTimestamp, started.Add(time.Minute).Format(time.RFC3339))
	w.split(w.first(lines.StackTrace))
	w.docs[w.first(lines.Overlong)-1] = w.wrapped(w.first(lines.Overlong), string(w.text[w.first(lines.Overlong)-1][:1000]))
	w.docs = append(w.docs, w.docs[wellFormed[3]-1], w.wrapped(1, "the shipper says hello"), w.wrapped(1, "run.id=other run.seq=1 "),
		w.wrapped(1, "run.id="+runID+" run.seq=999 "))
	var docs []doc
	for i, d := range w.docs {
		if !gone[uint64(i+1)] {
			docs = append(docs, d)
		}
	}
	w.docs = docs
	r := &Report{Ledger: "lines.ledger", Judged: started.Add(time.Minute), Took: 4120 * time.Millisecond}
	r.Judge(Evidence{Account: w.audit(t)})
	return r
}
