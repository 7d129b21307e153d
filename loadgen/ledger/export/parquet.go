package export

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	rowGroup = 64 << 10 // rows that are held until they are written
	batch    = 512      // rows that are handed over together
)

// parquetWriter writes zstd-compressed columns: nanosecond timestamps in UTC,
// dictionaries for the names that repeat.
type parquetWriter struct {
	out  *parquet.GenericWriter[Row]
	rows []Row
}

func newParquetWriter(to io.Writer) *parquetWriter {
	out := parquet.NewGenericWriter[Row](to, parquet.MaxRowsPerRowGroup(rowGroup), parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("plumbline loadgen", "1", ""))
	return &parquetWriter{out, make([]Row, 0, batch)}
}

func (w *parquetWriter) Write(r Row) error {
	w.rows = append(w.rows, r)
	if len(w.rows) < batch {
		return nil
	}
	return w.flush()
}

func (w *parquetWriter) flush() error {
	_, err := w.out.Write(w.rows)
	w.rows = w.rows[:0]
	return err
}

func (w *parquetWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}
