package attack

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Limits that both engines keep.
const (
	maxHead  = 1 << 20     // bytes of status line, fields, trailers and interim answers
	maxBody  = 64 << 20    // an answer that goes on beyond is cut
	maxKept  = 64 << 10    // of an answer that the journey reads
	maxChunk = 4 << 10     // bytes of the line that opens a chunk
	idleTime = time.Minute // after which an unused connection is closed
)

// reader takes an HTTP/1.1 answer from the wire piece by piece, as RFC 9112
// frames it, and keeps nothing of it but the status and, if asked, the begin of
// the body. The zero value and reset make it ready for an answer.
type reader struct {
	bodiless bool // the answer to HEAD ends with its head
	keep     bool // what the journey reads of the body
	status   int
	body     []byte // at most maxKept bytes
	lasting  bool   // the connection can carry another request

	part    part
	line    []byte // the begin of a line whose end has not come
	heads   int    // bytes of head so far
	length  int64  // Content-Length; -1 for none
	chunked bool
	minor   byte  // of the HTTP version
	left    int64 // of the body or chunk
	taken   int64 // bytes of body so far
}

// part is what a reader expects next.
type part int

const (
	statusLine part = iota
	fields
	sized    // a body of known length
	unsized  // a body up to the end of the connection
	chunk    // the line that opens a chunk
	data     // of a chunk
	dataEnd  // the empty line after it
	trailers // after the last chunk
	complete
)

// reset makes r ready for the next answer and keeps its memory.
func (r *reader) reset(bodiless, keep bool) {
	*r = reader{bodiless: bodiless, keep: keep, line: r.line[:0], body: r.body[:0], length: -1}
}

var (
	errHead  = fmt.Errorf("a head of more than %d bytes", maxHead)
	errBody  = fmt.Errorf("a body of more than %d bytes", maxBody)
	errCut   = errors.New("the answer is cut off")
	errChunk = errors.New("not a chunk")
)

// take reads the next bytes of the connection and reports how many of them
// belong to the answer: fewer than there are only if it is complete. After an
// error the connection is of no use.
func (r *reader) take(b []byte) (n int, err error) {
	for n < len(b) && r.part != complete {
		rest := b[n:]
		switch r.part {
		case sized, data:
			some := rest[:min(int64(len(rest)), r.left)]
			r.left -= int64(len(some))
			n += len(some)
			if err = r.content(some); r.left > 0 {
				break
			}
			if r.part == sized {
				r.part = complete
			} else {
				r.part = dataEnd
			}
		case unsized:
			n += len(rest)
			err = r.content(rest)
		default:
			var used int
			used, err = r.lineOf(rest)
			n += used
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// end tells r that the connection was closed; the error says that the answer
// was not complete.
func (r *reader) end() error {
	if r.part == unsized {
		r.part = complete
	}
	if r.part != complete {
		return errCut
	}
	return nil
}

func (r *reader) content(b []byte) error {
	if r.taken += int64(len(b)); r.taken > maxBody {
		return errBody
	}
	if r.keep && len(r.body) < maxKept {
		r.body = append(r.body, b[:min(len(b), maxKept-len(r.body))]...)
	}
	return nil
}

// lineOf takes a line, or its begin if the end has not come, and acts on it.
func (r *reader) lineOf(b []byte) (used int, err error) {
	i := bytes.IndexByte(b, '\n')
	used = i + 1
	if i < 0 {
		used = len(b)
	}
	limit, broken := maxHead, errHead
	if r.part == chunk || r.part == dataEnd {
		limit, broken = maxChunk, errChunk
	} else {
		r.heads += used
	}
	if r.heads > maxHead || len(r.line)+used > limit {
		return used, broken
	}
	if i < 0 {
		r.line = append(r.line, b...)
		return used, nil
	}
	line := b[:i]
	if len(r.line) > 0 {
		line = append(r.line, line...)
		r.line = line[:0]
	}
	return used, r.act(bytes.TrimSuffix(line, []byte{'\r'}))
}

func (r *reader) act(line []byte) (err error) {
	switch r.part {
	case statusLine:
		err = r.begin(line)
	case fields:
		if len(line) > 0 {
			return r.field(line)
		}
		return r.frame()
	case chunk:
		if r.left, err = chunkSize(line); err == nil {
			if r.part = data; r.left == 0 {
				r.part = trailers
			}
		}
	case dataEnd:
		if r.part = chunk; len(line) > 0 {
			return errChunk
		}
	case trailers:
		if len(line) == 0 {
			r.part = complete
		}
	}
	return err
}

// begin reads a status line: HTTP/1.1 200 OK.
func (r *reader) begin(line []byte) error {
	version, rest, _ := bytes.Cut(line, []byte{' '})
	if len(version) != len("HTTP/1.1") || string(version[:7]) != "HTTP/1." || version[7] < '0' || version[7] > '9' {
		return errors.New("not HTTP/1")
	}
	digits, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte{' '})
	status, err := number(digits, 10)
	if err != nil || len(digits) != 3 || status < 100 {
		return fmt.Errorf("status %.16q", digits)
	}
	r.status, r.minor = int(status), version[7]-'0'
	r.lasting, r.length, r.chunked = r.minor > 0, -1, false
	r.part = fields
	return nil
}

// field reads the three fields on which the framing depends.
func (r *reader) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(name) == 0 || bytes.IndexByte(name, ' ') >= 0 || bytes.IndexByte(name, '\t') >= 0 {
		if line[0] == ' ' || line[0] == '\t' { // goes on with the field above, as was once allowed
			return nil
		}
		return errors.New("not a field")
	}
	switch len(name) {
	case len("connection"):
		if bytes.EqualFold(name, []byte("connection")) {
			for token := range bytes.SplitSeq(value, []byte{','}) {
				switch token = bytes.TrimSpace(token); {
				case bytes.EqualFold(token, []byte("close")):
					r.lasting = false
				case bytes.EqualFold(token, []byte("keep-alive")) && r.minor == 0:
					r.lasting = true
				}
			}
		}
	case len("content-length"):
		if bytes.EqualFold(name, []byte("content-length")) {
			length, err := number(bytes.TrimSpace(value), 10)
			if err != nil || r.length >= 0 && length != r.length {
				return fmt.Errorf("content length %.32q", value)
			}
			r.length = length
		}
	case len("transfer-encoding"):
		if bytes.EqualFold(name, []byte("transfer-encoding")) && r.minor > 0 {
			if r.chunked || !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return fmt.Errorf("transfer encoding %.32q", value)
			}
			r.chunked = true
		}
	}
	return nil
}

// frame decides, at the end of a head, how the body ends.
func (r *reader) frame() error {
	switch {
	case r.status == 101: // the target speaks another protocol now
		r.lasting, r.part = false, complete
	case r.status < 200:
		r.part = statusLine
	case r.bodiless, r.status == 204, r.status == 304:
		r.part = complete
	case r.chunked:
		r.part = chunk
	case r.length == 0:
		r.part = complete
	case r.length > 0:
		r.left, r.part = r.length, sized
	default:
		r.lasting, r.part = false, unsized
	}
	return nil
}

func chunkSize(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(line, []byte{';'})
	size, err := number(bytes.TrimRight(digits, " \t"), 16)
	if err != nil {
		return 0, errChunk
	}
	return size, nil
}

// number reads digits alone: no sign, no underscore, nothing around.
func number(digits []byte, base int) (int64, error) {
	if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(string(digits), base, 64)
}
