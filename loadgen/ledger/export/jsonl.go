package export

import (
	"bufio"
	"encoding/json"
	"io"
)

const buffer = 64 << 10

// jsonlWriter writes one JSON object a line.
type jsonlWriter struct {
	out     *bufio.Writer
	encoder *json.Encoder
}

func newJSONLWriter(to io.Writer) *jsonlWriter {
	out := bufio.NewWriterSize(to, buffer)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &jsonlWriter{out, encoder}
}

func (w *jsonlWriter) Write(r Row) error { return w.encoder.Encode(&r) }

func (w *jsonlWriter) Close() error { return w.out.Flush() }
