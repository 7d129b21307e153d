package arrival

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plumbline/demo-app/telemetry"
)

// trail is what Elasticsearch has of a missing attempt.
type trail struct {
	hop      Hop
	evidence string
}

// maxKept is how many texts that were refused are looked at.
const maxKept = 10_000

// ask looks for the missing attempts where they may be without being found by
// their number.
func (t Trace) ask(ctx context.Context, a *Account, missing places) (map[uint64]trail, error) {
	found := map[uint64]trail{}
	if err := t.stored(ctx, a, missing, found); err != nil {
		return nil, err
	}
	return found, t.kept(ctx, a, missing, found)
}

// stored asks for the documents that the lines were to become, by their ids: as
// they are stored, whether a search finds them or not.
func (t Trace) stored(ctx context.Context, a *Account, missing places, found map[uint64]trail) error {
	indices, err := t.Fetch.Backing(ctx, a.index)
	if Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(missing)), maxTerms) {
		ids, of := []string{}, map[string]uint64{}
		for _, seq := range chunk {
			if p := missing[seq]; p.event != "" {
				id := documentID(p.service, p.event)
				ids, of[id] = append(ids, id), seq
			}
		}
		if len(ids) == 0 {
			continue
		}
		for _, index := range indices {
			answer, err := t.Fetch.Fetch(ctx, index, ids)
			if err != nil {
				return err
			}
			if err := takeStored(answer, a.Run, of, found); err != nil {
				return fmt.Errorf("read documents of %s: %w", index, err)
			}
		}
	}
	return nil
}

func takeStored(answer []byte, run string, of map[string]uint64, found map[uint64]trail) error {
	var documents struct {
		Docs []struct {
			ID     string `json:"_id"`
			Found  bool
			Error  json.RawMessage
			Source struct {
				Run struct {
					ID  string
					Seq uint64
				}
			} `json:"_source"`
		}
	}
	if err := json.Unmarshal(answer, &documents); err != nil {
		return err
	}
	for _, d := range documents.Docs {
		seq, asked := of[d.ID]
		switch {
		case d.Error != nil:
			return fmt.Errorf("document %s: %s", d.ID, d.Error)
		case !asked || !d.Found:
		case d.Source.Run.ID == run && d.Source.Run.Seq == seq:
			found[seq] = trail{HopHidden, "stored under its id, and no search found it"}
		case d.Source.Run.ID == run:
			found[seq] = trail{HopCollided, fmt.Sprintf("its id is that of the document of attempt %d", d.Source.Run.Seq)}
		default:
			found[seq] = trail{HopCollided, fmt.Sprintf("its id is that of a document of run %q", d.Source.Run.ID)}
		}
	}
	return nil
}

// documentID is the id that beats/filebeat.yml gives the document of a line: that of
// its event if it has 32 hex digits, else Filebeat's fingerprint of service and event.
func documentID(service, event string) string {
	if len(event) == 32 && strings.Trim(event, "0123456789abcdef") == "" {
		return event
	}
	sum := sha256.Sum256([]byte("|" + telemetry.FieldEventID + "|" + event + "|" + telemetry.FieldServiceName + "|" + service + "|"))
	return hex.EncodeToString(sum[:])
}

// kept looks among the texts that Elasticsearch refused as documents.
func (t Trace) kept(ctx context.Context, a *Account, missing places, found map[uint64]trail) error {
	body := object{
		"size": maxKept, "_source": []string{telemetry.FieldMessage, telemetry.FieldErrorMessage}, "track_total_hits": false,
		"query": all(object{"match_phrase": object{telemetry.FieldMessage: a.Run}}),
	}
	answer, err := t.Search.Search(ctx, t.Kept, encode(body))
	if Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var texts struct {
		Hits struct {
			Hits []struct {
				Source map[string]any `json:"_source"`
			}
		}
	}
	if err := json.Unmarshal(answer, &texts); err != nil {
		return fmt.Errorf("search %s: read the answer: %w", t.Kept, err)
	}
	torn := regexp.MustCompile(`"run"\s*:\s*\{[^}]*"seq"\s*:\s*(\d+)`)
	for _, hit := range texts.Hits.Hits {
		message, _ := sourceText(hit.Source, telemetry.FieldMessage)
		seq := numberIn(message, a.Run, torn)
		if _, is := missing[seq]; !is {
			continue
		}
		evidence := "kept as text in " + t.Kept
		if why, ok := sourceText(hit.Source, telemetry.FieldErrorMessage); ok {
			evidence += ": " + strings.Join(strings.Fields(why), " ")
		}
		found[seq] = trail{HopRefused, evidence}
	}
	return nil
}

// numberIn is the attempt's number in the text of a document of the run: JSON, or
// what was cut off of it. 0 if there is none.
func numberIn(text, run string, torn *regexp.Regexp) uint64 {
	var line struct {
		Run struct {
			ID  string
			Seq uint64
		}
	}
	if json.Unmarshal([]byte(text), &line) == nil {
		if line.Run.ID != run {
			return 0
		}
		return line.Run.Seq
	}
	found := torn.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	seq, _ := strconv.ParseUint(found[1], 10, 64) // 0 if it is too long
	return seq
}

// sourceText is a text of a stored document, however its name is nested.
func sourceText(source map[string]any, name string) (string, bool) {
	if text, ok := source[name].(string); ok {
		return text, true
	}
	if first, rest, nested := strings.Cut(name, "."); nested {
		if inner, ok := source[first].(map[string]any); ok {
			return sourceText(inner, rest)
		}
	}
	return "", false
}
