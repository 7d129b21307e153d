package docker

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"plumbline/doctor"
)

// Port is one that compose.yaml publishes on 127.0.0.1 without any profile.
type Port struct {
	Number   int
	For      string // service
	Variable string // of the environment, which moves it
}

// Ports are all of them; a test holds them to compose.yaml.
func Ports() []Port {
	return []Port{
		{8000, "demo-app", "DEMO_APP_PORT"},
		{9200, "elasticsearch", "ELASTICSEARCH_PORT"},
		{5601, "kibana", "KIBANA_PORT"},
		{5602, "board", "BOARD_PORT"},
		{8089, "loadgen", "LOADGEN_PORT"},
	}
}

// ports tries to listen where the services will. All free is one finding.
func (l *look) ports() []doctor.Finding {
	if l.inside() {
		f := doctor.Finding{Check: "ports", Fix: "make doctor, outside"}
		return []doctor.Finding{f.With(doctor.Info, "cannot be seen from inside a container")}
	}
	ours := map[int]bool{}
	for _, c := range l.containers {
		for _, p := range c.Ports {
			ours[p.PublicPort] = true
		}
	}
	var busy []doctor.Finding
	var free []string
	for _, p := range Ports() {
		first, last, err := p.wanted(l.Getenv)
		f := doctor.Finding{Check: "port " + strconv.Itoa(first), Fix: fmt.Sprintf("stop what listens there, or move the port: %s=%d docker compose up", p.Variable, p.Number+10000)}
		if err != nil {
			f.Check = p.Variable
			busy = append(busy, f.With(doctor.Fail, "%v", err))
			continue
		}
		for number := first; number <= last; number++ {
			f.Check = "port " + strconv.Itoa(number)
			switch err := l.Listen(number); {
			case ours[number]:
				free = append(free, strconv.Itoa(number)+" (ours)")
			case err == nil:
				free = append(free, strconv.Itoa(number))
			case errors.Is(err, syscall.EADDRINUSE):
				busy = append(busy, f.With(doctor.Fail, "%s wants port %d, but something listens there", p.For, number))
			default:
				busy = append(busy, f.With(doctor.Fail, "%s wants port %d: %v", p.For, number, err))
			}
		}
	}
	if len(busy) == 0 {
		return []doctor.Finding{{Check: "ports", Level: doctor.OK, Message: "free: " + strings.Join(free, " ")}}
	}
	return busy
}

// wanted is the port, or the range of ports, that the environment leaves or sets.
func (p Port) wanted(getenv func(string) string) (first, last int, err error) {
	set := getenv(p.Variable)
	if set == "" {
		return p.Number, p.Number, nil
	}
	from, to, isRange := strings.Cut(set, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first < 1 || last < first || last > 65535 {
		return p.Number, p.Number, fmt.Errorf("%s=%q is neither a port nor a range such as 8010-8019", p.Variable, set)
	}
	return first, last, nil
}
