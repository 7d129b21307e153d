package telemetry

// Fields of the documents that Metricbeat makes. Shares are of the whole host, 0 to 1.
const (
	FieldDataset     = "data_stream.dataset"
	FieldHostName    = "host.name"
	FieldProcessName = "process.name"

	FieldServiceAddress = "service.address" // of what was asked

	FieldHostCPU       = "system.cpu.total.norm.pct"
	FieldHostMemory    = "system.memory.actual.used.pct"
	FieldProcessCPU    = "system.process.cpu.total.norm.pct"
	FieldProcessMemory = "system.process.memory.rss.bytes"

	FieldBeatType = "beat.type" // filebeat or metricbeat
	FieldBeatID   = "beat.id"   // of one installation

	// Counters since the Beat began.
	FieldBeatAcked      = "beat.stats.libbeat.output.events.acked"      // taken by Elasticsearch
	FieldBeatDropped    = "beat.stats.libbeat.output.events.dropped"    // refused for their content
	FieldBeatDuplicates = "beat.stats.libbeat.output.events.duplicates" // refused with 409: they were there
	FieldBeatFailed     = "beat.stats.libbeat.output.events.failed"     // to be sent again

	FieldQueueActive = "http.beat.libbeat.pipeline.events.active" // read and not yet acknowledged
)

// FieldSeries tells apart the request counters that Metricbeat collects.
const FieldSeries = "prometheus.series"

// ScrapedMetric is the field in which Metricbeat keeps a Prometheus metric.
func ScrapedMetric(name string) string { return "prometheus.metrics." + name }

// ScrapedLabel is the field in which Metricbeat keeps a label of one.
func ScrapedLabel(name string) string { return "prometheus.labels." + name }

// Metrics of demo-app's downloads, of the canary, of Elasticsearch as the board
// sees it, and of a Go process.
const (
	MetricJobsDepth     = "icat_jobs_queue_depth"
	MetricJobsOldest    = "icat_jobs_oldest_age_seconds"
	MetricJobsFinished  = "icat_jobs_finished_total"
	MetricJobsDuration  = "icat_jobs_duration_seconds" // histogram
	MetricNotifications = "icat_notifications_total"

	LabelState   = "state"   // of a job in the queue: ready, leased, delayed, dead
	LabelOutcome = "outcome" // of a job, an attempt or a notification

	MetricCanaryRequests     = "plumbline_canary_requests_total"
	MetricCanaryUnanswered   = "plumbline_canary_unanswered_total"
	MetricCanaryInterrupted  = "plumbline_canary_interrupted_total"
	MetricCanaryFound        = "plumbline_canary_found_total"
	MetricCanaryLost         = "plumbline_canary_lost_total"
	MetricCanaryRecovered    = "plumbline_canary_recovered_total" // lost, and found later
	MetricCanaryLate         = "plumbline_canary_late_total"
	MetricCanaryDuplicated   = "plumbline_canary_duplicated_total"
	MetricCanaryCorrupted    = "plumbline_canary_corrupted_total"
	MetricCanarySearchErrors = "plumbline_canary_search_errors_total"
	MetricCanaryPending      = "plumbline_canary_pending"
	MetricCanaryLastFound    = "plumbline_canary_last_found_timestamp_seconds"
	MetricCanaryLastSearch   = "plumbline_canary_last_search_timestamp_seconds"
	MetricCanaryVerdict      = "plumbline_canary_verdict"     // 1 holds, 0 does not, NaN unknown
	MetricCanaryLag          = "plumbline_canary_lag_seconds" // histogram
	MetricCanaryLagP50       = "plumbline_canary_window_lag_p50_seconds"
	MetricCanaryLagP99       = "plumbline_canary_window_lag_p99_seconds"

	MetricClusterHeap    = "plumbline_elasticsearch_heap_used_bytes"
	MetricClusterHeapMax = "plumbline_elasticsearch_heap_max_bytes"
	MetricClusterStore   = "plumbline_elasticsearch_store_bytes"
	MetricClusterDocs    = "plumbline_elasticsearch_documents"

	MetricGoroutines = "go_goroutines"
	MetricHeap       = "go_memstats_heap_inuse_bytes"
	MetricResident   = "process_resident_memory_bytes"
)
