package kibana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plumbline/cli"
)

// poll is how often Kibana is asked whether it is up.
const poll = time.Second

// version is a release of Kibana.
type version struct{ major, minor int }

// The objects are written for Kibana 8.19 and are meant to go into every 9. What a
// later major does with them nobody knows.
var (
	oldest     = version{8, 19}
	dashboards = version{9, 4} // the first with /api/dashboards
)

const newestMajor = 9

func (v version) before(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

func parseVersion(text string) (version, error) {
	parts := strings.Split(text, ".")
	if len(parts) < 2 {
		return version{}, fmt.Errorf("version %q is not of the form 8.19.7", text)
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return version{}, fmt.Errorf("version %q is not of the form 8.19.7", text)
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return version{}, fmt.Errorf("version %q is not of the form 8.19.7", text)
	}
	return version{major, minor}, nil
}

// A hopeless error is one that waiting does not help.
type hopeless struct{ error }

func (e hopeless) Unwrap() error { return e.error }

// ready asks once, and returns the version of a Kibana that is available.
func (c *Client) ready(ctx context.Context) (string, error) {
	var said struct {
		Version struct{ Number string }
		Status  struct{ Overall struct{ Level string } }
	}
	err := c.ask(ctx, request{op: "status", method: http.MethodGet, path: "/api/status", whole: true}, &said)
	if e, is := errors.AsType[*Error](err); is && e.Status == http.StatusServiceUnavailable {
		return "", fmt.Errorf("kibana at %s: it is starting", c.base.Host)
	}
	if e, is := errors.AsType[*unreachable](err); is && e.permanent || status(err)/100 == 4 {
		return "", hopeless{err}
	}
	if err != nil {
		return "", err
	}
	number := said.Version.Number
	if number == "" && said.Status.Overall.Level != "" {
		// So little is told to strangers.
		return "", hopeless{&Error{Host: c.base.Host, Op: "status", Status: http.StatusUnauthorized, Message: "it does not know this user and password, or key"}}
	}
	v, err := parseVersion(number)
	switch {
	case err != nil:
		return "", hopeless{fmt.Errorf("kibana at %s: the answer to /api/status is not Kibana's: %w", c.base.Host, err)}
	case v.before(oldest):
		return "", hopeless{unfit(c.base.Host, number, "too old", "these dashboards are for Kibana 8.19 and 9: update it")}
	case v.major > newestMajor:
		return "", hopeless{unfit(c.base.Host, number, "too new", "these dashboards are for Kibana 8.19 and 9: use a newer version of this program")}
	case said.Status.Overall.Level != "available":
		return "", fmt.Errorf("kibana at %s: it is %s", c.base.Host, said.Status.Overall.Level)
	}
	return number, nil
}

func unfit(host, number, how, next string) error {
	return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("kibana at %s: version %s is %s", host, number, how), Next: next}
}

// await waits until Kibana is up. It fails at the deadline with what it saw last,
// and before it when waiting does not help.
func (c *Client) await(ctx context.Context, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	last := errors.New("not asked yet")
	for {
		number, err := c.ready(ctx)
		if err == nil {
			return number, nil
		}
		if h, is := errors.AsType[hopeless](err); is {
			return "", h.error
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return "", errors.New("wait for kibana: stopped")
			}
			return "", fmt.Errorf("kibana is not ready after %v; last: %w", within, last)
		case <-tick.C:
		}
	}
}

// ensureSpace makes the space that is to be filled, if it is not there.
func (c *Client) ensureSpace(ctx context.Context) (string, error) {
	if c.space == "" {
		return defaultSpace, nil
	}
	_, err := c.do(ctx, request{op: "space " + c.space, method: http.MethodGet, path: "/api/spaces/space/" + c.space, whole: true})
	if err == nil {
		return c.space + " is there", nil
	}
	if status(err) != http.StatusNotFound {
		return "", err
	}
	body, err := json.Marshal(map[string]any{"id": c.space, "name": c.space, "description": "Made by provisioner kibana."})
	if err != nil {
		return "", err
	}
	_, err = c.do(ctx, request{op: "make space " + c.space, method: http.MethodPost, path: "/api/spaces/space", whole: true, body: body})
	return c.space + " was made", err
}
