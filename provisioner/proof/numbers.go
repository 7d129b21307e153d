package proof

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/panels"
)

// place is where a number stands in a panel.
type place struct {
	measure int
	group   string
	at      int64 // Unix milliseconds; 0 where it is of no moment
}

// classic is the measure of the line of the classic buckets, which is none of the
// panel's.
const classic = -1

// overTime reports whether a panel shows a number for each moment.
func overTime(p dashboards.Panel) bool {
	return p.Kind == dashboards.TimeSeries || p.Kind == dashboards.Heatmap
}

// lineCount is how many questions a panel over time has by its model.
func lineCount(p dashboards.Panel) int { return len(p.Measures) * max(len(p.By.Groups), 1) }

// extraLine reports whether what was rendered has one question more, of percentiles.
func extraLine(p dashboards.Panel, panel panels.Panel) bool {
	return p.Kind == dashboards.TimeSeries && len(panel.Targets) == lineCount(p)+1 &&
		p.By.Field == "" && len(p.By.Groups) == 0 && p.Measures[0].Op == dashboards.OpPercentile
}

// numbersOf are the numbers in what is drawn.
func numbersOf(p dashboards.Panel, panel panels.Panel, d panels.Drawn) map[place]float64 {
	numbers := map[place]float64{}
	for _, s := range d.Series {
		of := placeOf(p, panel, s)
		for _, point := range s.Points {
			if overTime(p) {
				of.at = point.Time.UnixMilli()
			}
			if point.Value != nil {
				numbers[of] = *point.Value
			}
		}
	}
	key := slices.Index(d.Columns, p.By.Label)
	for i, m := range p.Measures {
		column := slices.Index(d.Columns, m.Label)
		if key < 0 || column < 0 {
			continue
		}
		for _, row := range d.Rows {
			if v, is := row[column].(float64); is {
				numbers[place{measure: i, group: fmt.Sprint(row[key])}] = v
			}
		}
	}
	return numbers
}

// placeOf is where a series belongs: questions come measure by measure, and in each
// group by group.
func placeOf(p dashboards.Panel, panel panels.Panel, s panels.Series) place {
	of := place{group: s.Labels[p.Source.Series.Labels[p.By.Field]]}
	switch p.Kind {
	case dashboards.Heatmap:
		of.group = boundary(s.Labels["le"])
	case dashboards.TimeSeries:
		of.measure = slices.IndexFunc(panel.Targets, func(t panels.Target) bool { return t.RefID == s.Ref })
		if n := len(p.By.Groups); of.measure >= lineCount(p) {
			of.measure = classic
		} else if n > 0 {
			of.group, of.measure = p.By.Groups[of.measure%n].Key, of.measure/n
		}
	}
	return of
}

// boundary is the bound of a bucket as we write it.
func boundary(le string) string {
	v, err := strconv.ParseFloat(le, 64)
	if err != nil || math.IsInf(v, 1) {
		return le
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
