package dashboards

import "plumbline/demo-app/telemetry"

// Logs is the dashboard of the lines themselves.
func Logs() Dashboard {
	return Dashboard{
		ID:      "logs",
		Title:   "Logs",
		Purpose: "What does the service say of itself, and which of it is an error?",
		Narrow:  []string{telemetry.FieldRoute, telemetry.FieldTraceID},
		Next:    []string{"red", "pipeline", "accounted"},
		Panels: []Panel{
			{
				ID:      "log-lines",
				Title:   "Lines",
				Purpose: "Lines that arrived, of requests and of the program.",
				Advice:  "Each request leaves one; many more are the program's own.",
				Kind:    Stat, Source: logs(), Width: 3,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Lines")},
			},
			{
				ID:      "log-errors",
				Title:   "Errors",
				Purpose: "Share of the lines at level error or fatal.",
				Advice:  "Above one in a thousand the availability objective is in danger.",
				Kind:    Stat, Source: logs(), Width: 3,
				Limits:   Limits{Warn: budget(availability), Bad: 0.01},
				Measures: []Measure{Ratio("Errors", OneOf(telemetry.FieldLogLevel, "error", "fatal"))},
			},
			{
				ID:      "log-error-types",
				Title:   "Error types",
				Purpose: "How many different types of error there were.",
				Advice:  "One type many times is one fault; many types at once is a lost dependency.",
				Kind:    Stat, Source: logs(Has(telemetry.FieldErrorType)), Width: 3,
				Limits:   Limits{None: "a caller's mistake has a type, too"},
				Measures: []Measure{Unique("Types", telemetry.FieldErrorType)},
				Quiet:    "no line names an error",
			},
			{
				ID:      "log-programs",
				Title:   "Programs",
				Purpose: "How many instances of the service wrote lines.",
				Advice:  "Fewer than are running: one does not log, or its log is not shipped.",
				Kind:    Stat, Source: logs(), Width: 3,
				Limits:   Limits{None: "as many as are running"},
				Measures: []Measure{Unique("Instances", telemetry.FieldServiceNode)},
			},
			{
				ID:      "log-rate",
				Title:   "Lines by level",
				Purpose: "Lines per second, by level.",
				Advice:  "A burst of warnings often comes minutes before the errors.",
				Kind:    TimeSeries, Source: logs(), Stacked: true, Width: 12,
				By:       Breakdown{Label: "Level", Field: telemetry.FieldLogLevel, Size: 10},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Rate("Lines per second")},
			},
			{
				ID:      "log-levels",
				Title:   "Levels",
				Purpose: "How many lines there are of each level.",
				Advice:  "Debug lines in production are paid for and read by nobody: PUT /admin/log turns them off.",
				Kind:    Bars, Source: logs(), Width: 4,
				By:       Breakdown{Label: "Level", Field: telemetry.FieldLogLevel, Size: 10},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Lines")},
			},
			{
				ID:      "log-types",
				Title:   "Errors by type",
				Purpose: "What kind of errors the lines name.",
				Advice:  "Start with the type that is new; the list below has their words.",
				Kind:    Bars, Source: logs(Has(telemetry.FieldErrorType)), Width: 8, Show: 10,
				By:       Breakdown{Label: "Type", Field: telemetry.FieldErrorType, Size: 200},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Lines")},
				Quiet:    "no line names an error",
			},
			{
				ID:      "log-latest-errors",
				Title:   "Latest errors",
				Purpose: "The words of the latest lines at level error or fatal.",
				Advice:  "The trace id leads to everything else that the same request left.",
				Kind:    Lines, Source: logs(OneOf(telemetry.FieldLogLevel, "error", "fatal")), Show: 20, Width: 12,
				Order: Order{telemetry.FieldTimestamp},
				Columns: []Column{
					{"When", telemetry.FieldTimestamp, UnitTime}, {"Path", telemetry.FieldPath, UnitText}, {"Status", telemetry.FieldStatus, UnitText},
					{"Error", telemetry.FieldErrorMessage, UnitText}, {"Code", telemetry.FieldErrorCode, UnitText}, {"Trace", telemetry.FieldTraceID, UnitText},
				},
				Quiet: "no line is an error",
			},
			{
				ID:      "log-latest",
				Title:   "Latest lines",
				Purpose: "The latest lines of all, as they came.",
				Advice:  "None for a while, though the service is asked: the pipeline is behind or broken, see Pipeline.",
				Kind:    Lines, Source: logs(), Show: 30, Width: 12,
				Order: Order{telemetry.FieldTimestamp},
				Columns: []Column{
					{"When", telemetry.FieldTimestamp, UnitTime}, {"Level", telemetry.FieldLogLevel, UnitText}, {"Message", telemetry.FieldMessage, UnitText},
					{"Path", telemetry.FieldPath, UnitText}, {"Status", telemetry.FieldStatus, UnitText}, {"Duration", telemetry.FieldEventDuration, UnitNanoseconds},
				},
			},
		},
	}
}
