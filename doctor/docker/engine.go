package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	askWithin = 10 * time.Second
	maxAnswer = 16 << 20 // bytes
)

// engine asks Docker's API by its socket. It only reads: the daemon's word is
// taken over that of the docker command, which may not be there.
type engine struct {
	address string // unix:///var/run/docker.sock
	client  *http.Client
}

func newEngine(address string) (*engine, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of Docker %q: %w", address, err)
	}
	network, at := "unix", u.Path
	switch u.Scheme {
	case "unix":
	case "tcp":
		network, at = "tcp", u.Host
	default: // ssh, npipe
		return nil, fmt.Errorf("ask Docker at %s: only unix:// and tcp:// can be asked from here", address)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}
	return &engine{address, &http.Client{Timeout: askWithin, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}, nil
}

// get reads the answer to GET path into out.
func (e *engine) get(ctx context.Context, path string, query url.Values, out any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return fmt.Errorf("ask Docker for %s: %w", path, err)
	}
	request.URL.RawQuery = query.Encode()
	answer, err := e.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask Docker for %s: %w", path, err)
	}
	defer answer.Body.Close()
	body := io.LimitReader(answer.Body, maxAnswer)
	if answer.StatusCode != http.StatusOK {
		var refusal struct{ Message string }
		_ = json.NewDecoder(body).Decode(&refusal)
		return fmt.Errorf("ask Docker for %s: %s %s", path, answer.Status, refusal.Message)
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("ask Docker for %s: answer is not what Docker sends: %w", path, err)
	}
	return nil
}

// address is where the docker command would look: DOCKER_HOST, else the context
// in use, else the usual socket.
func address(getenv func(string) string) string {
	if host := getenv("DOCKER_HOST"); host != "" {
		return host
	}
	dir := getenv("DOCKER_CONFIG")
	if dir == "" {
		dir = filepath.Join(getenv("HOME"), ".docker")
	}
	name := getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct{ CurrentContext string }
		_ = readJSON(filepath.Join(dir, "config.json"), &config) // there need be none
		name = config.CurrentContext
	}
	if name != "" && name != "default" {
		sum := sha256.Sum256([]byte(name))
		var context struct {
			Endpoints struct {
				Docker struct{ Host string } `json:"docker"`
			}
		}
		if readJSON(filepath.Join(dir, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json"), &context) == nil && context.Endpoints.Docker.Host != "" {
			return context.Endpoints.Docker.Host
		}
	}
	return "unix:///var/run/docker.sock"
}

func readJSON(path string, out any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// local reports whether Docker's machine is this one's: its paths are ours.
func (e *engine) local() bool { return strings.HasPrefix(e.address, "unix://") }
