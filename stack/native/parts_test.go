package native

import (
	"strings"
	"testing"
)

func TestABeatShipsOnceElasticsearchHasTakenAnEvent(t *testing.T) {
	for name, row := range map[string]struct{ stats, want string }{
		"an acknowledged event is enough":    {`{"libbeat":{"output":{"events":{"acked":1,"failed":3,"total":4}}}}`, ""},
		"events that were refused are not":   {`{"libbeat":{"output":{"events":{"acked":0,"failed":3,"total":4}}}}`, "(4 sent, 3 failed)"},
		"nothing sent yet is not":            {`{"libbeat":{"output":{"events":{}}}}`, "(0 sent, 0 failed)"},
		"an answer of something else is not": {`<html>`, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			err := acked(strings.NewReader(row.stats))
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
		})
	}
}
