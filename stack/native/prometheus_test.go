package native

import (
	"strings"
	"testing"
)

func TestPrometheusScrapesOnceThereIsASample(t *testing.T) {
	for name, row := range map[string]struct{ answer, want string }{
		"a sample is enough":                 {`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`, ""},
		"an empty result is not":             {`{"status":"success","data":{"resultType":"vector","result":[]}}`, "no sample yet"},
		"an error is not":                    {`{"status":"error","error":"parse error"}`, "no sample yet"},
		"an answer of something else is not": {`<html>`, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			err := hasResult(strings.NewReader(row.answer))
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
		})
	}
}
