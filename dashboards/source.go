package dashboards

import (
	"slices"

	"plumbline/demo-app/telemetry"
)

// Source is the documents a panel looks at.
type Source struct {
	Stream string // data stream, or a pattern of several
	Where  []Condition
	Narrow []string // fields by which these documents can be narrowed to one value
	Series Series   // the same signal in Prometheus; zero: it is not there
}

// Series is where Prometheus has what a source's documents say.
type Series struct {
	Metric string // of a histogram without _bucket, _sum and _count; "" if each measure's field names its own
	Form   Form
	Labels map[string]string // label by field; a field without is not in the series
}

// Form is what kind of metric it is.
type Form string

const (
	Histogram Form = "histogram" // classic and native, in seconds: one observation per document
	Scraped   Form = "scraped"   // each measure's field is a metric that Metricbeat scraped: telemetry.ScrapedMetric
)

// Counterpart reports whether Prometheus has the source's signal.
func (s Source) Counterpart() bool { return s.Series.Form != "" }

// narrows reports whether a scope's condition on the field applies.
func (s Source) narrows(field string) bool { return slices.Contains(s.Narrow, field) }

// Breakdown splits documents into groups: by the values of a field, or by
// named conditions that together cover every document once.
type Breakdown struct {
	Label  string // what a group is, e.g. "Route"
	Field  string // values of this field, at most Size of them
	Size   int
	Groups []Group
	Drill  string // dashboard that a group leads to, narrowed to it
}

// Group is a named part of a breakdown.
type Group struct {
	Key   string
	Where Condition
}

func (b Breakdown) none() bool { return b.Field == "" && len(b.Groups) == 0 }

// access are the requests of users and not of probes and scrapes.
func access() Source {
	return Source{
		Stream: telemetry.StreamAccess,
		Where:  []Condition{NoneOf(telemetry.FieldRoute, telemetry.OperationalRoutes()...)},
		Narrow: []string{telemetry.FieldRunID, telemetry.FieldRoute, telemetry.FieldTraceID},
		Series: Series{Metric: telemetry.MetricDuration, Form: Histogram, Labels: map[string]string{
			telemetry.FieldRoute: telemetry.LabelRoute, telemetry.FieldStatus: telemetry.LabelStatus, telemetry.FieldMethod: telemetry.LabelMethod,
		}},
	}
}

// logs are all lines of the service.
func logs(where ...Condition) Source {
	return Source{Stream: telemetry.StreamsLogs, Where: where, Narrow: []string{telemetry.FieldRunID, telemetry.FieldRoute, telemetry.FieldTraceID}}
}

// ofRun are documents about load runs.
func ofRun(stream string, where ...Condition) Source {
	return Source{Stream: stream, Where: where, Narrow: []string{telemetry.FieldRunID}}
}

// collected are documents of Metricbeat, which knows of no run.
func collected(stream string, where ...Condition) Source { return Source{Stream: stream, Where: where} }

// scraped are the documents with a metric that Metricbeat read from a Prometheus
// endpoint; by are the labels that panels break it down by.
func scraped(stream, metric string, by ...string) Source {
	labels := map[string]string{}
	for _, label := range by {
		labels[telemetry.ScrapedLabel(label)] = label
	}
	return Source{Stream: stream, Where: []Condition{Has(telemetry.ScrapedMetric(metric))}, Series: Series{Form: Scraped, Labels: labels}}
}
