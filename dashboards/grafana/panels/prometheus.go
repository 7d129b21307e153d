package panels

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// readPrometheus reads the answer to a query or a query over a range.
func readPrometheus(t Target, answer []byte) ([]frame, error) {
	var a struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  sample
				Values []sample
			}
		}
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("%s: %s", a.Status, a.Error)
	}
	var frames []frame
	for _, series := range a.Data.Result {
		f := frame{ref: t.RefID, labels: series.Metric, name: legend(t.LegendFormat, series.Metric)}
		if t.Instant {
			series.Values = []sample{series.Value}
		}
		for _, s := range series.Values {
			point := Point{Time: s.at, Value: &s.value}
			if math.IsNaN(s.value) { // a quantile of no observation: nothing is drawn
				point.Value = nil
			}
			f.points = append(f.points, point)
		}
		frames = append(frames, f)
	}
	return frames, nil
}

func legend(pattern string, labels map[string]string) string {
	for name, value := range labels {
		pattern = strings.ReplaceAll(pattern, "{{"+name+"}}", value)
	}
	return pattern
}

// sample is [seconds, "value"].
type sample struct {
	at    time.Time
	value float64
}

func (s *sample) UnmarshalJSON(text []byte) error {
	var pair [2]any
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	at, ok := pair[0].(float64)
	value, is := pair[1].(string)
	if !ok || !is {
		return fmt.Errorf("no sample: %s", text)
	}
	s.at = time.UnixMilli(int64(at * 1000)).UTC()
	var err error
	s.value, err = strconv.ParseFloat(value, 64)
	return err
}
