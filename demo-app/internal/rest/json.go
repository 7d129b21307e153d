package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"plumbline/demo-app/icat"
)

const typeJSON = "application/json"

// writeJSON answers with v. It encodes before the header goes out, so that a
// value that does not encode is a 500 and not half an answer.
func (x *exchange) writeJSON(status int, v any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // our own types always encode
	}
	x.writeRaw(status, typeJSON, body.Bytes())
}

// readJSON reads a body that is one JSON object with no unknown field. Errors
// do not repeat the body: it may hold a password.
func (x *exchange) readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(x.ResponseWriter, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return icat.Errorf(icat.TooLarge, "body exceeds %d bytes", maxBody)
	}
	return icat.Errorf(icat.BadParameter, "body is not one JSON object of the documented form; see /docs")
}
