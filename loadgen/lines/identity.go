package lines

import (
	"bytes"
	"strconv"
	"strings"

	"plumbline/loadgen/ledger"
)

// Identity is whose line a text is.
type Identity struct {
	Run string
	Seq uint64
}

// Identities finds the lines that a text holds, by the identity in each: one in
// a whole line of any format, malformed or not, and none or several in what a
// shipper made of lines. A text that ends with the number counts only if the
// trace id vouches for it, for "run.seq=12" may have been 123; where the trace
// id alone is left, it tells a line of the given run.
func Identities(text []byte, run string) []Identity {
	var found []Identity
	for rest := text; ; {
		i := bytes.Index(rest, []byte("run"))
		if i < 0 {
			break
		}
		rest = rest[i+len("run"):]
		r := reader{rest}
		id, ok := r.identity()
		if !ok || len(r.text) == 0 && !bytes.Contains(text, []byte(ledger.TraceID(id.Run, id.Seq))) {
			continue
		}
		found = append(found, id)
		rest = r.text
	}
	if len(found) > 0 {
		return found
	}
	for rest := text; ; {
		i := bytes.Index(rest, []byte("trace"))
		if i < 0 {
			return found
		}
		rest = rest[i+len("trace"):]
		r := reader{rest}
		if !r.gap() || !r.word("id") || !r.gap() {
			continue
		}
		if seq, ok := ledger.TraceSeq(run, string(r.token())); ok {
			found = append(found, Identity{run, seq})
		}
	}
}

// reader takes one piece after another from the front of a text, or says that
// something else stands there.
type reader struct{ text []byte }

// identity reads what follows "run" in any of the formats, quoted and escaped
// once more or not: .id=R run.seq=N or .id=R&run.seq=N or ":{"id":"R","seq":N.
func (r *reader) identity() (Identity, bool) {
	if !r.gap() || !r.word("id") || !r.gap() {
		return Identity{}, false
	}
	run := r.token()
	if len(run) == 0 || !r.gap() || r.word("run") && !r.gap() || !r.word("seq") || !r.gap() {
		return Identity{}, false
	}
	seq, err := strconv.ParseUint(string(r.token()), 10, 63)
	return Identity{string(run), seq}, err == nil && seq > 0
}

// gap takes the punctuation between two words.
func (r *reader) gap() bool {
	rest := bytes.TrimLeft(r.text, " .:=,&;\"\\{\t")
	taken := len(r.text) - len(rest)
	r.text = rest
	return taken > 0 && taken <= mostGap
}

const mostGap = 16 // `\\":{\\"` and some more

func (r *reader) word(w string) bool {
	if !bytes.HasPrefix(r.text, []byte(w)) {
		return false
	}
	r.text = r.text[len(w):]
	return true
}

// token takes a run's id, a trace id or a number.
func (r *reader) token() []byte {
	n := 0
	for n < len(r.text) && n < mostToken && isToken(r.text[n]) {
		n++
	}
	token := r.text[:n]
	r.text = r.text[n:]
	return token
}

const mostToken = 64

func isToken(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-", c) >= 0
}
