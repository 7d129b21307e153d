package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"unicode/utf8"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/ports"
)

const (
	typeJSON = "application/json"
	typeText = "text/plain; charset=utf-8"
)

// maxPooled is the largest buffer that is kept for the next answer, in bytes.
const maxPooled = 1 << 20

// writeJSON answers with v. It encodes before the header goes out, so that a
// value that does not encode is a 500 and not half an answer.
func (x *exchange) writeJSON(status int, v any) {
	x.writeRaw(status, typeJSON, ports.JSON(v, ""))
}

// writeAppended answers with what encode appends, in a buffer of the pool.
func (s *Server) writeAppended(x *exchange, status int, encode func([]byte) []byte) {
	buffer := s.buffers.Get().(*[]byte)
	*buffer = append(encode((*buffer)[:0]), '\n')
	x.writeRaw(status, typeJSON, *buffer)
	if cap(*buffer) <= maxPooled {
		s.buffers.Put(buffer)
	}
}

// readBody reads a body that says it is JSON, or does not say what it is.
func (x *exchange) readBody(r *http.Request, longest int64) ([]byte, error) {
	if v := r.Header.Get("Content-Type"); v != "" {
		if media, _, err := mime.ParseMediaType(v); err != nil || media != typeJSON {
			return nil, icat.Errorf(icat.UnsupportedMediaType, "send the body as Content-Type: %s", typeJSON)
		}
	}
	x.leave() // it may take its time, and holds no place while it arrives
	b, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, r.Body, longest))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, icat.Errorf(icat.TooLarge, "body exceeds %d bytes", longest)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, icat.Wrap(icat.BadParameter, "body did not arrive in time", err)
	}
	if err != nil {
		return nil, icat.Wrap(icat.BadParameter, "body did not arrive whole", err)
	}
	if !utf8.Valid(b) {
		return nil, icat.Errorf(icat.BadParameter, "body is not UTF-8")
	}
	return b, x.enter(r, x.route.Template)
}

// readJSON reads a body that is one JSON object with no unknown member. Errors
// do not repeat the body: it may hold a password.
func (x *exchange) readJSON(r *http.Request, v any) error {
	b, err := x.readBody(r, maxBody)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) == nil && bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
	}
	return icat.Errorf(icat.BadParameter, "body is not one JSON object of the documented form; see /docs")
}
