package progress

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli/transcript"
)

func TestLogGetsALinePerStepAndAReminder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out transcript.Buffer
		p := New(&out)
		a := p.Step("beats", "building")
		time.Sleep(5 * time.Second)
		b := p.Step("maven", "")
		time.Sleep(12 * time.Second)
		b.Done("kept")
		p.Note("a word")
		time.Sleep(2 * time.Minute)
		a.Fail()
		time.Sleep(time.Minute) // nothing runs, nothing is said
		want := ` • beats: building
   beats … 15s, maven … 10s
 ✓ maven                 12.0s  kept
a word
` + "   beats … 30s\n   beats … 45s\n   beats … 1m0s\n   beats … 1m15s\n   beats … 1m30s\n   beats … 1m45s\n   beats … 2m0s\n   beats … 2m15s\n" +
			` ✗ beats                 2m17s
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
		past := []Past{{"maven", 12 * time.Second}, {"beats", 137 * time.Second}}
		if diff := cmp.Diff(past, p.Past()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTerminalRedrawsOneLineAndKeepsOthersWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out transcript.Buffer
		p := &Printer{w: &out, live: true}
		s := p.Step("beats", "building")
		time.Sleep(250 * time.Millisecond)
		p.Note("a word")
		s.Done("")
		const clear = "\r\x1b[K"
		want := " • beats … 0s" + clear + " • beats … 0s" + clear + "a word\n • beats … 0s" + clear + " ✓ beats                  0.2s\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
	})
}
