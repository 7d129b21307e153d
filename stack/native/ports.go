package native

import (
	"plumbline/stack/preflight"
	"plumbline/stack/statedir"
)

// ports are where the parts listen, all on 127.0.0.1.
type ports struct {
	API, Admin, Elasticsearch, Transport, Board, Canary, FilebeatStats, MetricbeatStats, Loadgen int
	Prometheus, Alertmanager, Alerts                                                             int // with the profile
}

// MaxPortOffset keeps the highest port a port.
const MaxPortOffset = 65535 - 9300

func portsAt(offset int) ports {
	return ports{
		API:             8000 + offset,
		Admin:           8001 + offset,
		Elasticsearch:   9200 + offset,
		Transport:       9300 + offset,
		Board:           5602 + offset,
		FilebeatStats:   5066 + offset,
		MetricbeatStats: 5067 + offset,
		Loadgen:         8089 + offset,
		Prometheus:      9090 + offset,
		Alertmanager:    9093 + offset,
		Alerts:          9095 + offset,
		Canary:          9096 + offset,
	}
}

// nodePorts lists those of Elasticsearch.
func (s *Stack) nodePorts() []preflight.Port {
	return []preflight.Port{
		{Number: s.ports.Elasticsearch, For: "Elasticsearch"},
		{Number: s.ports.Transport, For: "Elasticsearch (transport)"},
	}
}

// wanted lists the ports for the check that they are free.
func (s *Stack) wanted() []preflight.Port {
	p := s.ports
	all := append(s.nodePorts(), []preflight.Port{
		{Number: p.API, For: "demo-app"},
		{Number: p.Admin, For: "demo-app (administration)"},
		{Number: p.Board, For: "the board"},
		{Number: p.Canary, For: "the canary"},
		{Number: p.FilebeatStats, For: "Filebeat (statistics)"},
		{Number: p.MetricbeatStats, For: "Metricbeat (statistics)"},
		{Number: p.Loadgen, For: "loadgen (status, metrics)"},
	}...)
	if s.withPrometheus() {
		all = append(all, []preflight.Port{
			{Number: p.Prometheus, For: "Prometheus"},
			{Number: p.Alertmanager, For: "Alertmanager"},
			{Number: p.Alerts, For: "the receiver of alerts"},
		}...)
	}
	return all
}

// addresses is what a user can open.
func (s *Stack) addresses() []statedir.Address {
	all := []statedir.Address{
		{Name: "API docs", URL: s.API + "/docs"},
		{Name: "API admin", URL: "http://" + loopback(s.ports.Admin) + "/admin/"},
		{Name: "board", URL: s.Board + "/"},
		{Name: "Elasticsearch", URL: s.Elasticsearch},
		{Name: "loadgen, while it sends", URL: s.Console + "/"},
	}
	if s.withPrometheus() {
		all = append(all, []statedir.Address{
			{Name: "Prometheus", URL: s.Prometheus + "/consoles/index.html"},
			{Name: "Alertmanager", URL: s.Alertmanager + "/"},
		}...)
	}
	return all
}
