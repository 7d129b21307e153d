package canary

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival/fate"
)

const (
	leastSize = 200             // bytes of a line
	mostSize  = 600             //
	skew      = 5 * time.Minute // by which the shipper's clock may be behind ours
)

// shipper brings lines that are written to a file.
type shipper struct {
	out    lines.Output
	format lines.Format
	text   string       // field
	maker  *lines.Maker // of the one run
}

func (s *shipper) name() string { return string(s.format) + " lines" }

// line is that of a probe, with its newline: the same each time.
func (s *shipper) line(run string, p *probe) []byte {
	if s.maker == nil {
		s.maker = lines.NewMaker(lines.Content{RunID: run, Seed: 1, Format: s.format, Size: lines.Size{Min: leastSize, Max: mostSize}})
	}
	line, _ := s.maker.Append(nil, uint64(p.Seq), p.At)
	return line
}

func (s *shipper) send(_ context.Context, run string, p *probe) error {
	line := s.line(run, p)
	if r := s.out.Write(line, []int{len(line)}); r.Done == 0 {
		return fmt.Errorf("write line %d: %w", p.Seq, r.Err)
	}
	return nil
}

// query cannot ask for numbers in a text; those of the last minutes are few.
func (s *shipper) query(run string, of []*probe) (object, any) {
	oldest := time.Now()
	for _, p := range of {
		if p.At.Before(oldest) {
			oldest = p.At
		}
	}
	return all(
		object{"range": object{telemetry.FieldTimestamp: object{"gte": oldest.Add(-skew).UTC().Format(time.RFC3339), "format": "strict_date_optional_time"}}},
		object{"bool": object{"minimum_should_match": 1, "should": []object{
			all(term(telemetry.FieldRunID, run), numbers(of)), {"match_phrase": object{s.text: run}},
		}}},
	), true
}

func (s *shipper) read(run string, document fate.Fields, of map[int64]*probe) (seqs []int64, altered bool) {
	text := []byte(document[s.text])
	for _, id := range lines.Identities(text, run) {
		if p := of[int64(id.Seq)]; p != nil && id.Run == run {
			seqs = append(seqs, p.Seq)
			altered = altered || fate.Of(bytes.TrimSuffix(s.line(run, p), []byte("\n")), text).Fate != fate.Whole
		}
	}
	if len(seqs) > 0 || document[telemetry.FieldRunID] != run {
		return seqs, altered
	}
	seq, err := strconv.ParseInt(strings.TrimSuffix(document[telemetry.FieldRunSeq], ".0"), 10, 64)
	if err != nil || of[seq] == nil {
		return nil, false
	}
	return []int64{seq}, len(fate.Differ(s.fields(s.line(run, of[seq])), document)) > 0
}

// fields are a line's own, but its time, which a shipper may put itself; none of a
// format whose parts every parser names in its own way.
func (s *shipper) fields(line []byte) (own fate.Fields) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	switch s.format {
	case lines.ECS:
		own, _ = fate.ParseJSON(line) // we made it
		delete(own, telemetry.FieldTimestamp)
	case lines.Logfmt:
		own, _ = fate.ParseLogfmt(line)
		delete(own, "ts")
	}
	return own
}
