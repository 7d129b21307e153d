package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/klauspost/compress/zstd"
)

// A finished ledger of requests has its outline behind its trailer, in a frame that
// zstd programs skip: magic number, length, the outline as zstd of JSON, and at the
// very end the length again and a mark, to be found from there. A ledger without one,
// such as one that was compressed anew, is read in full instead.
const (
	skippable    = 0x184D2A5B
	outlineMark  = "outline1"
	frameHead    = 8              // bytes: magic number, length of what follows
	frameFoot    = 4 + 8          // bytes: that length, mark
	maxOutline   = 64 << 20       // bytes, of a frame that is believed
	maxOutlined  = int64(1) << 30 // bytes of JSON in it
	outlineLevel = zstd.SpeedFastest
)

// framed is an outline with the place of its frame, so that one in a file that was
// put together from others is not believed.
type framed struct {
	At int64 `json:"at"`
	*Outline
}

// encodeOutline returns the frame that stands at a place of the file.
func encodeOutline(at int64, o *Outline) ([]byte, error) {
	text, err := json.Marshal(framed{at, o})
	if err != nil {
		return nil, err
	}
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(outlineLevel))
	if err != nil {
		return nil, err
	}
	defer zip.Close()
	body := zip.EncodeAll(text, nil)
	length := uint32(len(body) + frameFoot)
	frame := binary.LittleEndian.AppendUint32(nil, skippable)
	frame = binary.LittleEndian.AppendUint32(frame, length)
	frame = append(frame, body...)
	frame = binary.LittleEndian.AppendUint32(frame, length)
	return append(frame, outlineMark...), nil
}

// Outline returns what the writer of a finished run counted; false if the ledger has
// no such part, or none that is whole.
func (r *Reader) Outline() (*Outline, bool) {
	info, err := r.source.file.Stat()
	if err != nil || info.Size() < frameHead+frameFoot {
		return nil, false
	}
	foot := make([]byte, frameFoot)
	if _, err := r.source.file.ReadAt(foot, info.Size()-frameFoot); err != nil || string(foot[4:]) != outlineMark {
		return nil, false
	}
	length := int64(binary.LittleEndian.Uint32(foot))
	at := info.Size() - length - frameHead
	if at < 0 || length < frameFoot || length > maxOutline {
		return nil, false
	}
	frame := make([]byte, frameHead+length-frameFoot)
	if _, err := r.source.file.ReadAt(frame, at); err != nil {
		return nil, false
	}
	if head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, skippable), uint32(length)); !bytes.HasPrefix(frame, head) {
		return nil, false
	}
	return decodeOutline(frame[frameHead:], at)
}

func decodeOutline(body []byte, at int64) (*Outline, bool) {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(maxOutlined)))
	if err != nil {
		return nil, false
	}
	defer zip.Close()
	text, err := zip.DecodeAll(body, nil)
	if err != nil {
		return nil, false
	}
	var f framed
	if json.Unmarshal(text, &f) != nil || f.Outline == nil || f.At != at || f.Width == 0 ||
		uint64(len(f.Stretches)) != (f.Last+f.Width-1)/f.Width {
		return nil, false
	}
	return f.Outline, true
}
