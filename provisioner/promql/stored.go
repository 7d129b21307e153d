package promql

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of the fields of a remote read, from Prometheus' remote.proto and
// types.proto.
const (
	readQueries       = 1 // ReadRequest
	readAccepted      = 2
	queryStart        = 1 // Query
	queryEnd          = 2
	queryMatchers     = 3
	matcherType       = 1 // LabelMatcher
	matcherName       = 2
	matcherValue      = 3
	responseSeries    = 1 // ChunkedReadResponse
	seriesChunks      = 2 // ChunkedSeries
	chunkData         = 4 // Chunk
	streamedXORChunks = 1 // ReadRequest.ResponseType
	matchRegexp       = 2 // LabelMatcher.Type
)

// maxFrame is the largest part of an answer, in bytes.
const maxFrame = 64 << 20

// Stored returns how many samples the server keeps of the metrics whose name
// matches a pattern, and in how many bytes: the compressed chunks themselves, as
// a block on its disk has them, whole chunks even if they begin earlier. The
// index and the log of writes are not in it.
func (c *Client) Stored(ctx context.Context, names string, from, to time.Time) (samples, size int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body := s2.EncodeSnappy(nil, readRequest(names, from, to))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/v1/read", bytes.NewReader(body))
	if err != nil {
		return 0, 0, fmt.Errorf("prometheus: %w", err)
	}
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("X-Prometheus-Remote-Read-Version", "0.1.0")
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, 0, &UnreachableError{Host: c.host, Err: cause(err)}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("prometheus: remote read: %s", answer.Status)
	}
	for r := bufio.NewReader(answer.Body); ; {
		frame, err := readFrame(r)
		if err == io.EOF {
			return samples, size, nil
		}
		if err == nil {
			err = each(frame, responseSeries, func(series []byte) error {
				return each(series, seriesChunks, func(chunk []byte) error {
					return each(chunk, chunkData, func(data []byte) error {
						if len(data) < 2 {
							return io.ErrUnexpectedEOF
						}
						samples += int64(binary.BigEndian.Uint16(data)) // every encoding begins with it
						size += int64(len(data))
						return nil
					})
				})
			})
		}
		if err != nil {
			return 0, 0, fmt.Errorf("prometheus: read the chunks: %w", err)
		}
	}
}

func readRequest(names string, from, to time.Time) []byte {
	var matcher, query, request []byte
	matcher = appendNumber(matcher, matcherType, matchRegexp)
	matcher = appendBytes(matcher, matcherName, []byte("__name__"))
	matcher = appendBytes(matcher, matcherValue, []byte(names))
	query = appendNumber(query, queryStart, uint64(from.UnixMilli()))
	query = appendNumber(query, queryEnd, uint64(to.UnixMilli()))
	query = appendBytes(query, queryMatchers, matcher)
	request = appendBytes(request, readQueries, query)
	return appendNumber(request, readAccepted, streamedXORChunks)
}

func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func appendBytes(b []byte, field protowire.Number, text []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), text)
}

// readFrame reads one part of the answer: its length, a checksum, and itself.
func readFrame(r *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if size > maxFrame {
		return nil, fmt.Errorf("a part of %d bytes", size)
	}
	frame := make([]byte, 4+size)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return frame[4:], nil // loopback and TCP have checked it already
}

// each calls yield for each value of a field of a message.
func each(message []byte, field protowire.Number, yield func([]byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if number == field && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return protowire.ParseError(n)
			}
			if err := yield(value); err != nil {
				return err
			}
			message = message[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
	}
	return nil
}
