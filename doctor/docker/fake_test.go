package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"plumbline/doctor"
)

// machine is a machine with a Docker, as a table's row changes it. It begins fit:
// the answers of a real Docker Engine 20.10, and an ordinary processor.
type machine struct {
	version, info               map[string]any
	containers, images, volumes []map[string]any
	project                     string
	status                      int // of every answer, 0 is 200
	options                     Options
	env                         map[string]string
	files                       map[string]string
	busy                        map[int]error
}

func fit(t *testing.T) *machine {
	t.Helper()
	m := &machine{project: "plumbline", env: map[string]string{}, busy: map[int]error{}, files: map[string]string{
		"/proc/cpuinfo":              "processor\t: 0\nflags\t\t: fpu cx16 ssse3 sse4_1 sse4_2 popcnt avx\n",
		"/proc/sys/vm/max_map_count": "262144\n",
	}}
	for file, into := range map[string]*map[string]any{"version": &m.version, "info": &m.info} {
		text, err := os.ReadFile("testdata/" + file + ".json")
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m.options = Options{
		Compose: func(context.Context) (string, error) { return "2.40.3", nil },
		Free:    func(string) (uint64, error) { return 20 << 30, nil },
		Listen:  func(port int) error { return m.busy[port] },
		Getenv:  func(name string) string { return m.env[name] },
		Read: func(path string) ([]byte, error) {
			if text, there := m.files[path]; there {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
	return m
}

// insideOf puts us into a container of that Docker, which does not show its data.
func (m *machine) insideOf() {
	m.files["/.dockerenv"] = ""
	m.options.Free = func(path string) (uint64, error) {
		if path == m.info["DockerRootDir"] {
			return 0, errNoDisk
		}
		return 20 << 30, nil
	}
}

// ServeHTTP answers as Docker does, and refuses what the doctor has no business
// to ask.
func (m *machine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mine := `{"label":["com.docker.compose.project=` + m.project + `"]}`
	filtered := r.URL.Query().Get("filters") == mine
	var answer any
	switch asked := r.Method + " " + r.URL.Path; {
	case asked == "GET /version":
		answer = m.version
	case asked == "GET /info":
		answer = m.info
	case asked == "GET /images/json":
		answer = m.images
	case asked == "GET /containers/json" && filtered && r.URL.Query().Get("all") == "true":
		answer = m.containers
	case asked == "GET /volumes" && filtered:
		answer = map[string]any{"Volumes": m.volumes, "Warnings": nil}
	default:
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]string{"message": "page not found: " + r.URL.String()}
	}
	if m.status != 0 {
		w.WriteHeader(m.status)
		answer = map[string]string{"message": "it is not well"}
	}
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}

// examine starts the Docker on a socket and looks.
func (m *machine) examine(t *testing.T) map[string]doctor.Finding {
	t.Helper()
	if m.env["DOCKER_HOST"] == "" {
		dir, err := os.MkdirTemp("", "docker") // short enough for a socket's name
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		socket := filepath.Join(dir, "docker.sock")
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(m)
		server.Listener.Close()
		server.Listener = l
		server.Start()
		t.Cleanup(server.Close)
		m.env["DOCKER_HOST"] = "unix://" + socket
	}
	found := map[string]doctor.Finding{}
	for _, f := range Examine(t.Context(), m.options) {
		if _, twice := found[f.Check]; twice {
			t.Errorf("two findings %q", f.Check)
		}
		if f.Fix == "" && f.Level != doctor.OK {
			t.Errorf("%s: %q without a fix", f.Check, f.Message)
		}
		found[f.Check] = f
	}
	return found
}

var errNoDisk = errors.New("no such disk")
