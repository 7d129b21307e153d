package containers

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// confinement is what a container's first process may do and use.
type confinement struct {
	UID             int
	Capabilities    uint64 // effective, a bit each
	NoNewPrivileges bool
	Filtered        bool // its system calls, by seccomp
	ReadOnlyRoot    bool
	Memory, Pids    int64   // 0 = no limit
	CPUs            float64 // 0 = no limit
}

// wanted is what compose.yaml says of a service.
func (s service) wanted() (confinement, error) {
	uid, _, _ := strings.Cut(s.User, ":")
	c := confinement{
		NoNewPrivileges: slices.Contains(s.SecurityOpt, "no-new-privileges:true"), Filtered: true,
		ReadOnlyRoot: s.ReadOnly, Memory: s.limit(), Pids: s.Pids, CPUs: s.CPUs,
	}
	var err error
	if c.UID, err = strconv.Atoi(uid); err != nil || c.UID != 0 {
		return c, err // no capability is effective for other users
	}
	bits := map[string]uint64{"CHOWN": 1 << 0, "DAC_OVERRIDE": 1 << 1, "DAC_READ_SEARCH": 1 << 2}
	for _, name := range s.CapAdd {
		if bits[name] == 0 {
			return c, fmt.Errorf("unknown capability %s", name)
		}
		c.Capabilities |= bits[name]
	}
	return c, nil
}

// confinement is what the kernel says of a running container.
func (e *engine) confinement(t *testing.T, id string) confinement {
	t.Helper()
	process := fmt.Sprintf("/proc/%d", e.processes(t, id)[0])
	status := map[string]string{}
	for _, line := range lines(t, filepath.Join(process, "status")) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.TrimSpace(value)
	}
	c := confinement{NoNewPrivileges: status["NoNewPrivs"] == "1", Filtered: status["Seccomp"] == "2"}
	var err error
	if c.UID, err = strconv.Atoi(strings.Fields(status["Uid"])[1]); err != nil {
		t.Fatal(err)
	}
	if c.Capabilities, err = strconv.ParseUint(status["CapEff"], 16, 64); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines(t, filepath.Join(process, "mountinfo")) {
		if fields := strings.Fields(line); fields[4] == "/" {
			c.ReadOnlyRoot = slices.Contains(strings.Split(fields[5], ","), "ro")
		}
	}
	group := e.group(id)
	c.Memory = group.number("memory", "memory.limit_in_bytes", "memory.max")
	c.Pids = group.number("pids", "pids.max", "pids.max")
	c.CPUs = group.processors()
	return c
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// confined holds what the kernel says of every container against compose.yaml.
func (p *project) confined(t *testing.T) {
	for _, name := range p.lasting() {
		want, err := p.services[name].wanted()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, p.confinement(t, p.container(t, name))); diff != "" {
			t.Errorf("%s (-compose.yaml +kernel):\n%s", name, diff)
		}
	}
	t.Run("and one that nothing confines is seen as such", func(t *testing.T) {
		id := p.run(t, "run", "--detach", "--user", "0", "--security-opt", "seccomp=unconfined", p.services["filebeat"].Image, "sleep", "600")
		defer p.run(t, "rm", "--force", id)
		got := p.confinement(t, id)
		if got.Capabilities == 0 {
			t.Error("it has no capability, want Docker's usual ones")
		}
		got.Capabilities = 0
		if diff := cmp.Diff(confinement{}, got); diff != "" {
			t.Errorf("got (-want +got):\n%s", diff)
		}
	})
}

// listening are the TCP sockets that wait for connections in the engine's
// network, which for the machine's users is the machine's.
func (e *engine) listening(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		for _, line := range lines(t, fmt.Sprintf("/proc/%d/net/%s", e.pid, table))[1:] {
			fields := strings.Fields(line)
			if fields[3] != "0A" { // LISTEN
				continue
			}
			address, err := parseSocket(fields[1])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			found = append(found, address.String())
		}
	}
	slices.Sort(found)
	return found
}

// parseSocket reads an address of /proc/net/tcp: words in the machine's order
// of bytes, which is little-endian wherever this runs.
func parseSocket(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, errors.Join(errors.New("no address"), err)
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	address, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil || !ok {
		return netip.AddrPort{}, errors.Join(errors.New("no address and port"), err)
	}
	return netip.AddrPortFrom(address, uint16(number)), nil
}

// closed checks that the stack listens on loopback alone.
func (p *project) closed(t *testing.T) {
	var want []string
	for _, name := range p.lasting() {
		for _, port := range p.services[name].Ports {
			want = append(want, port.HostIP+":"+port.Published)
		}
	}
	slices.Sort(want)
	if got := p.listening(t); !slices.Equal(got, want) {
		t.Errorf("listening: %v, want %v", got, want)
	}
	for _, address := range want {
		if !strings.HasPrefix(address, "127.0.0.1:") {
			t.Errorf("%s is open to the network", address)
		}
	}
	t.Run("and a port that is open is seen", func(t *testing.T) {
		id := p.run(t, "run", "--detach", "--publish", "8099:80", p.services["filebeat"].Image, "sleep", "600")
		defer p.run(t, "rm", "--force", id)
		if got := p.listening(t); !slices.Contains(got, "0.0.0.0:8099") {
			t.Errorf("listening: %v, want 0.0.0.0:8099 among them", got)
		}
	})
}

// published asks every published port of what stays up from the engine's own
// network, as a browser on the machine would, until it answers: `up` alone does
// not wait for Kibana.
func (p *project) published(t *testing.T) {
	type question struct{ scheme, path, code string }
	questions := map[string]question{
		"demo-app":      {"http", "/docs", "200"},
		"board":         {"http", "/", "200"},
		"elasticsearch": {"https", "/", "401"},
		"kibana":        {"http", "/api/status", "200"},
		"prometheus":    {"http", "/-/ready", "200"},
		"alertmanager":  {"http", "/-/ready", "200"},
		"grafana":       {"http", "/api/health", "200"},
	}
	for _, name := range p.lasting() {
		for _, port := range p.services[name].Ports {
			ask, known := questions[name]
			if !known {
				t.Errorf("%s publishes port %s, and nobody asks it", name, port.Published)
				continue
			}
			address := ask.scheme + "://" + port.HostIP + ":" + port.Published + ask.path
			await(t, address, func() error {
				// --insecure: who answers is asked elsewhere.
				code, err := p.inside("curl", "--silent", "--insecure", "--location", "--max-time", "30", "--output", "/dev/null", "--write-out", "%{http_code}", address).Output()
				if err == nil && string(code) != ask.code {
					err = fmt.Errorf("%s, want %s", code, ask.code)
				}
				return err
			})
		}
	}
}

// apart checks who reaches whom over the networks.
func (p *project) apart(t *testing.T) {
	for _, row := range []struct {
		network, address string
		reached          bool
	}{
		{"api", "demo-app/8000", true},
		{"api", "demo-app/8001", false}, // its admin port
		{"api", "elasticsearch/9200", false},
		{"store", "elasticsearch/9200", true},
		{"store", "demo-app/8000", false},
	} {
		_, err := p.engine.try(t.Context(), nil, "run", "--rm", "--network", "plumbline_"+row.network, p.services["filebeat"].Image,
			"timeout", "5", "bash", "-c", "exec 3<>/dev/tcp/"+row.address)
		if reached := err == nil; reached != row.reached {
			t.Errorf("%s from network %s: reached is %v, want %v (%v)", row.address, row.network, reached, row.reached, err)
		}
	}
}
