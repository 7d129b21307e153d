package arrival

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"plumbline/provisioner/arrival/fate"
)

// shortText is the length in bytes up to which a value is shown and not described.
const shortText = 64

// described is a text by its length and the beginning of its SHA-256.
func described(text []byte) string {
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s bytes (sha256 %x)", count(uint64(len(text))), sum[:6])
}

// differing says what was expected and what was found instead: short values as
// they are, long ones by length, digest and the place where they part.
func differing(f fate.Finding, want, got []byte) (expected, found string) {
	if len(want) <= shortText && len(got) <= shortText {
		if len(got) == 0 {
			return string(want), ""
		}
		return printable(want), printable(got)
	}
	switch f.Fate {
	case fate.Cut:
		return described(want), partText(part{f.From, f.To}, len(want))
	case fate.Longer:
		return described(want), fmt.Sprintf("whole, with %s bytes before and %s after", count(uint64(f.From)), count(uint64(len(got)-f.To)))
	}
	at := fmt.Sprintf(", at byte %s ", count(uint64(f.At)))
	return described(want) + at + excerpt(want, f.At), described(got) + at + excerpt(got, f.At)
}

func partText(p part, length int) string {
	switch {
	case p.to == 0:
		return "a part"
	case p.from == 0:
		return fmt.Sprintf("its first %s bytes", count(uint64(p.to)))
	case p.to == length:
		return fmt.Sprintf("its last %s bytes", count(uint64(p.to-p.from)))
	}
	return fmt.Sprintf("its bytes %s to %s", count(uint64(p.from)), count(uint64(p.to)))
}

// excerpt quotes some characters of a text from a place in it on.
func excerpt(text []byte, at int) string {
	const length = 16
	if at >= len(text) {
		return "the end"
	}
	end := min(len(text), at+length)
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return fmt.Sprintf("%q", text[at:end])
}

// printable is a value as it is, unless a terminal could not show it.
func printable(text []byte) string {
	quoted := fmt.Sprintf("%q", text)
	if quoted == `"`+string(text)+`"` {
		return string(text)
	}
	return quoted
}

// lineText lists what was found of lines; the field is named where it is not the
// line's text.
func (c *Corrupted) lineText(message string) string {
	var shown []string
	for _, m := range c.Cases[:min(len(c.Cases), listed)] {
		text := fmt.Sprint(m.Seq)
		if m.Field != message {
			text += " " + m.Field
		}
		found := cmp.Or(m.Found, "nothing")
		if strings.HasPrefix(m.Expected, "one document") {
			shown = append(shown, text+" in "+found)
			continue
		}
		shown = append(shown, fmt.Sprintf("%s expected %s, found %s", text, m.Expected, found))
	}
	text := strings.Join(shown, "; ")
	if len(c.Cases) > listed {
		text += "; and more: " + c.Attempts.Text(listed)
	}
	return text
}

// hint is what to try when documents were read and no line was found in them.
func (l *Lines) hint() string {
	if len(l.fields) == 0 {
		return ""
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(l.fields)), func(a, b string) int { return int(l.fields[a]) - int(l.fields[b]) })
	return fmt.Sprintf("%s with a line of this run in the field %s: try -message-field %[2]s", things(l.fields[most], "document"), most)
}
