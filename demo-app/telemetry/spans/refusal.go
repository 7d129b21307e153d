package spans

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// refusal says that a collector took a batch but for some of its spans.
type refusal struct {
	spans int64
	why   string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the collector refused %d spans: %s", r.spans, r.why)
}

// refused reads an ExportTraceServiceResponse: a *refusal, or nil if all was taken.
func refused(response []byte) error {
	partial, err := fields(response)
	if err != nil {
		return err
	}
	said, err := fields(partial[1].bytes)
	if err != nil {
		return err
	}
	r := &refusal{spans: int64(said[1].number), why: string(said[2].bytes)}
	if r.spans <= 0 { // a warning at most
		return nil
	}
	return r
}

type field struct {
	number uint64
	bytes  []byte
}

// fields splits a protobuf message by field number. A number that comes again
// overwrites, bytes that come again are joined, which merges messages.
func fields(message []byte) (map[protowire.Number]field, error) {
	all := map[protowire.Number]field{}
	for len(message) > 0 {
		id, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, fmt.Errorf("the collector's answer: %w", protowire.ParseError(n))
		}
		message = message[n:]
		length := protowire.ConsumeFieldValue(id, kind, message)
		if length < 0 {
			return nil, fmt.Errorf("the collector's answer: %w", protowire.ParseError(length))
		}
		switch kind {
		case protowire.VarintType:
			v, _ := protowire.ConsumeVarint(message)
			all[id] = field{number: v}
		case protowire.BytesType:
			v, _ := protowire.ConsumeBytes(message)
			all[id] = field{bytes: append(all[id].bytes, v...)}
		}
		message = message[length:]
	}
	return all, nil
}
