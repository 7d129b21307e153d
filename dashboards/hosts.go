package dashboards

import "plumbline/demo-app/telemetry"

// Hosts is the dashboard of what the stack costs.
func Hosts() Dashboard {
	byProcess := Breakdown{Label: "Process", Field: telemetry.FieldProcessName, Size: 50}
	byHost := Breakdown{Label: "Host", Field: telemetry.FieldHostName, Size: 100}
	program := scraped(telemetry.StreamPrometheus, telemetry.MetricResident)
	return Dashboard{
		ID:      "hosts",
		Title:   "Hosts and processes",
		Purpose: "Is there enough of everything, and who uses it?",
		Next:    []string{"pipeline", "red"},
		Panels: []Panel{
			{
				ID:      "host-cpu",
				Title:   "Processors",
				Purpose: "Share of all processors in use, by host.",
				Advice:  "Near 100 % every duration grows, and nothing else has to be wrong. Who? See processors by process.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamCPU), By: byHost, Width: 6,
				Limits:   Limits{Warn: 0.8, Bad: 0.95},
				Measures: []Measure{Mean("Share", telemetry.FieldHostCPU, UnitRatio)},
			},
			{
				ID:      "host-memory",
				Title:   "Memory",
				Purpose: "Share of the memory that is in use and could not be given up, by host.",
				Advice:  "Near 100 % the kernel ends a process, mostly the largest. Who? See memory by process.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamMemory), By: byHost, Width: 6,
				Limits:   Limits{Warn: 0.8, Bad: 0.95},
				Measures: []Measure{Mean("Share", telemetry.FieldHostMemory, UnitRatio)},
			},
			{
				ID:      "process-cpu",
				Title:   "Processors by process",
				Purpose: "Share of all processors that each part of the stack uses.",
				Advice:  "The load generator above the service: the benchmark measures itself.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamProcess), By: byProcess, Width: 6,
				Limits:   Limits{None: "what one may use the others decide"},
				Measures: []Measure{Mean("Share", telemetry.FieldProcessCPU, UnitRatio)},
			},
			{
				ID:      "process-memory",
				Title:   "Memory by process",
				Purpose: "Resident bytes of each part of the stack, its largest process.",
				Advice:  "A line that only rises is a leak, or a cache without bound.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamProcess), By: byProcess, Width: 6,
				Limits:   Limits{None: "what one may use the others decide"},
				Measures: []Measure{Max("Resident", telemetry.FieldProcessMemory, UnitBytes)},
			},
			{
				ID:      "app-memory",
				Title:   "Memory of demo-app",
				Purpose: "Resident bytes and the part of them that is Go's heap, as the program says itself.",
				Advice:  "Heap flat and resident rising: something outside Go, say the database's cache.",
				Kind:    TimeSeries, Source: program, Width: 6,
				Limits: Limits{None: "docs/decisions/memory-limit.md says how it is bounded"},
				Measures: []Measure{
					Max("resident", telemetry.ScrapedMetric(telemetry.MetricResident), UnitBytes), Max("heap", telemetry.ScrapedMetric(telemetry.MetricHeap), UnitBytes),
				},
			},
			{
				ID:      "app-goroutines",
				Title:   "Goroutines of demo-app",
				Purpose: "How much goes on at once in the program.",
				Advice:  "Rising while the rate does not: requests wait for something, or something is never ended. Take a profile: docs/operations.md.",
				Kind:    TimeSeries, Source: program, Width: 6,
				Limits:   Limits{Warn: 1000, Bad: 10000},
				Measures: []Measure{Max("goroutines", telemetry.ScrapedMetric(telemetry.MetricGoroutines), UnitCount)},
			},
			{
				ID:      "process-table",
				Title:   "Processes",
				Purpose: "What each part of the stack used on the whole.",
				Advice:  "Compare two runs by it: a change that costs twice shows here first.",
				Kind:    Table, Source: collected(telemetry.StreamProcess), By: byProcess, Width: 12,
				Limits: Limits{None: "what one may use the others decide"},
				Measures: []Measure{
					Mean("Processors, mean", telemetry.FieldProcessCPU, UnitRatio), Max("Processors, most", telemetry.FieldProcessCPU, UnitRatio),
					Max("Memory, most", telemetry.FieldProcessMemory, UnitBytes),
				},
			},
		},
	}
}
