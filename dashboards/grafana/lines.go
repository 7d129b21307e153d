package grafana

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// lines asks for single documents. Grafana lists them by time alone; those that are
// the first by another field are asked for by their trace, with the largest value of
// that field in it, and one bucket in the other for each column.
func (out *panel) lines(p dashboards.Panel, e encoder) {
	names, order := object{}, object{}
	show := func(name string, c dashboards.Column, i int) {
		names[name], order[name] = c.Label, i
		properties := written(c.Unit, false)
		if c.Field == telemetry.FieldTraceID {
			properties["links"] = link("all its lines", TraceLink("${__value.raw}"))
		}
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, override(c.Label, properties))
	}
	if p.Order.Field == telemetry.FieldTimestamp {
		out.Targets = []object{out.search("A", e.lucene(p.Source), []object{}, []object{{"id": "1", "type": "raw_data", "settings": object{"size": strconv.Itoa(p.Show)}}})}
		var fields []string
		for i, c := range p.Columns {
			fields = append(fields, c.Field)
			show(c.Field, c, i)
		}
		out.Transformations = append(out.Transformations, object{"id": "filterFieldsByName", "options": object{"include": object{"names": fields}}})
	} else {
		buckets := []object{terms("10", telemetry.FieldTraceID, p.Show, "1")}
		metrics := []object{{"id": "1", "type": "max", "field": p.Order.Field}}
		for i, c := range p.Columns {
			switch {
			case c.Field == p.Order.Field:
				show(column(metrics[0], true), c, i)
			case c.Unit == dashboards.UnitText && c.Field != telemetry.FieldTraceID:
				buckets = append(buckets, terms(strconv.Itoa(11+i), c.Field, 1, "_count"))
				show(c.Field, c, i)
			case c.Unit == dashboards.UnitText:
				show(c.Field, c, i)
			default:
				m := object{"id": strconv.Itoa(2 + i), "type": "max", "field": c.Field}
				metrics = append(metrics, m)
				show(column(m, true), c, i)
			}
		}
		if len(metrics) == 1 { // then Grafana leaves the field out of the name
			name := column(metrics[0], true)
			names["Max"], order["Max"] = names[name], order[name]
		}
		out.Targets = []object{out.search("A", e.lucene(p.Source), buckets, metrics)}
		out.Options["sortBy"] = []object{{"displayName": p.Columns[0].Label, "desc": true}}
	}
	out.Transformations = append(out.Transformations, object{"id": "organize", "options": object{"excludeByName": object{}, "renameByName": names, "indexByName": order}})
}

// TraceLink is the address in Grafana of all lines with a trace id. The id may be a
// variable, for Grafana to put in.
func TraceLink(id string) string {
	query := object{
		"refId": "A", "query": telemetry.FieldTraceID + `:"` + id + `"`, "timeField": telemetry.FieldTimestamp,
		"datasource": source{"elasticsearch", Stream(telemetry.StreamsLogs)},
		"metrics":    []object{{"id": "1", "type": "logs"}},
	}
	panes, _ := json.Marshal(object{"lines": object{ // strings and maps of strings
		"datasource": Stream(telemetry.StreamsLogs), "queries": []object{query}, "range": span{"now-6h", "now"},
	}})
	return "/explore?schemaVersion=1&orgId=1&panes=" + strings.ReplaceAll(url.QueryEscape(string(panes)), url.QueryEscape(id), id)
}
