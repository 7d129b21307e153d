package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// ours are the fields that ECS has no word for, with their types.
func ours() map[string]string {
	return map[string]string{
		FieldRoute:  "keyword", // OpenTelemetry's
		FieldRunID:  "keyword",
		FieldRunSeq: "long",

		FieldLagCount: "long", FieldLagP50: "long", FieldLagP95: "long", FieldLagP99: "long", FieldLagMax: "long",
	}
}

// schema is the field list of ECSVersion: name to type, with " array" behind
// where values come in arrays.
func schema(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/ecs-" + ECSVersion + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, kind, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			fields[name] = kind
		}
	}
	if len(fields) < 1000 {
		t.Fatalf("the field list has %d fields", len(fields))
	}
	return fields
}

// strangers returns what the schema does not know in a line, or knows with
// another type.
func strangers(schema map[string]string, line map[string]any) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(line)) {
		kind, known := schema[name]
		if kind == "" {
			kind, known = ours()[name]
		}
		value := line[name]
		kind, array := strings.CutSuffix(kind, " array")
		if list, is := value.([]any); is && array && len(list) > 0 {
			value = list[0]
		} else if is || array {
			known = false
		}
		if !known || !fits(kind, value) {
			found = append(found, fmt.Sprintf("%s: %v", name, line[name]))
		}
	}
	return found
}

func fits(kind string, value any) bool {
	switch v := value.(type) {
	case json.Number:
		_, err := v.Int64()
		return kind == "long" && err == nil
	case string:
		switch kind {
		case "date":
			_, err := time.Parse(time.RFC3339Nano, v)
			return err == nil
		case "ip":
			_, err := netip.ParseAddr(v)
			return err == nil
		}
		return slices.Contains([]string{"keyword", "wildcard", "match_only_text"}, kind)
	}
	return false
}

func TestLinesSpeakECS(t *testing.T) {
	known := schema(t)
	var out bytes.Buffer
	l := aLog(&out)
	l.Access(anAccess())
	Failure(l.Error(), anAccess().Identity, "INTERNAL", "string", "boom", []byte("stack")).Msg("handler panicked")
	for line := range bytes.Lines(out.Bytes()) {
		if found := strangers(known, flatten(t, line)); len(found) > 0 {
			t.Errorf("not in ECS %s, or of another type: %q in %s", ECSVersion, found, line)
		}
	}
	for _, row := range []struct{ proves, line string }{
		{"an unknown field is found", `{"http":{"request":{"bytesize":1}}}`},
		{"a number for a keyword is found", `{"event":{"id":1}}`},
		{"a text for a long is found", `{"event":{"duration":"1"}}`},
		{"one value where ECS wants several is found", `{"event":{"category":"web"}}`},
		{"several where ECS wants one are found", `{"event":{"kind":["event"]}}`},
		{"a name for an address is found", `{"client":{"ip":"localhost"}}`},
		{"a date in words is found", `{"@timestamp":"yesterday"}`},
		{"our own field of another type is found", `{"run":{"seq":"1"}}`},
	} {
		if found := strangers(known, flatten(t, []byte(row.line))); len(found) != 1 {
			t.Errorf("%s: found %q in %s", row.proves, found, row.line)
		}
	}
}

// Each name in the vocabulary is ECS's or named as ours, not both.
func TestTheVocabularyIsECS(t *testing.T) {
	known := schema(t)
	for _, name := range []string{
		FieldTimestamp, FieldLogLevel, FieldMessage, FieldECSVersion, FieldServiceName, FieldServiceVer, FieldServiceEnv, FieldServiceNode,
		FieldEventID, FieldEventDataset, FieldEventKind, FieldEventCategory, FieldEventOutcome, FieldEventDuration, FieldEventCreated, FieldEventStart, FieldEventEnd,
		FieldRequestID, FieldMethod, FieldStatus, FieldResponseBytes, FieldPath, FieldUserName, FieldClientIP, FieldUserAgent, FieldTraceID,
		FieldSpanID, FieldErrorCode, FieldErrorType, FieldErrorMessage, FieldErrorStack,
	} {
		if known[name] == "" {
			t.Errorf("%s is not in ECS %s", name, ECSVersion)
		}
	}
	for name := range known {
		if strings.HasPrefix(name, "loadgen.") { // as all of ours about a load do
			t.Errorf("%s is in ECS %s", name, ECSVersion)
		}
	}
	for name := range ours() {
		if known[name] != "" {
			t.Errorf("%s is in ECS %s: no exception is needed", name, ECSVersion)
		}
	}
}
