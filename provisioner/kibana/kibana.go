// Package kibana brings the stack's dashboards and alert rules into a Kibana and
// sees that they are there as they were sent. It changes only what differs, so
// that it can be run again at any time, and finds out what somebody has changed
// in front of a screen.
//
// It stands on the standard library: Kibana's API is a handful of requests here,
// and has no kept client in Go. What the objects say is for packages
// plumbline/dashboards/kibana and savedobject; package kibanafake is what the
// tests ask, since no live Kibana has met this package yet.
package kibana

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"plumbline/provisioner/elastic"
)

// Config says where Kibana is and who asks it: User with PasswordFile, or KeyFile.
type Config struct {
	URL          string // http://127.0.0.1:5601, with the base path if it has one
	CAFile       string // PEM; "" = the system's authorities
	User         string
	PasswordFile string // file with one line
	KeyFile      string // file with one line "id:api_key"
	Space        string // id of the space to fill; "" or "default" = the one that is always there
}

const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 60 * time.Second // an import of many objects takes its time
	maxAnswer     = 64 << 20         // bytes
	defaultSpace  = "default"
)

// Client asks one Kibana. It is safe for concurrent use.
type Client struct {
	http   *http.Client
	base   *url.URL
	space  string // "" = the default one
	secret string // of the Authorization header
}

var spaceID = regexp.MustCompile(`^[a-z0-9_-]+$`)

// New reads the files that c names and returns a client. It does not connect.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("kibana address is not a URL of scheme http or https")
	case u.User != nil:
		return nil, errors.New("kibana address carries a password: use -password-file")
	case c.Space != "" && !spaceID.MatchString(c.Space):
		return nil, fmt.Errorf("space %q: want lower case letters, digits, _ and -", c.Space)
	}
	if c.Space == defaultSpace {
		c.Space = ""
	}
	secret, err := authorization(c)
	if err != nil {
		return nil, err
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("CA certificate: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA certificate %s: holds no PEM certificate", c.CAFile)
		}
	}
	return &Client{
		base: u, space: c.Space, secret: secret,
		http: &http.Client{Timeout: answerTimeout, Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout, TLSClientConfig: trust,
		}},
	}, nil
}

// authorization is the header by which Kibana knows the caller.
func authorization(c Config) (string, error) {
	switch {
	case c.KeyFile != "" && c.PasswordFile != "":
		return "", errors.New("both an API key and a password are given: choose one")
	case c.KeyFile != "":
		return elastic.Authorization(c.KeyFile)
	}
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password of %s: %w", c.User, err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return "", fmt.Errorf("password of %s: %s is empty", c.User, c.PasswordFile)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+password)), nil
}

// request is one question to Kibana.
type request struct {
	op     string // for error texts: "import"
	method string
	path   string // below the space, with the query
	whole  bool   // the path is the whole Kibana's and not the space's
	kind   string // of the body; "" = JSON
	body   []byte
}

// do sends r and returns the body of an answer; one that is not 2xx is an *Error.
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	path := r.path
	if c.space != "" && !r.whole {
		path = "/s/" + c.space + path
	}
	q, err := http.NewRequestWithContext(ctx, r.method, strings.TrimRight(c.base.String(), "/")+path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("%s: %v", r.op, err)
	}
	if r.kind == "" {
		r.kind = "application/json"
	}
	q.Header.Set("Content-Type", r.kind)
	q.Header.Set("Authorization", c.secret)
	q.Header.Set("kbn-xsrf", "plumbline") // any value: a form on another site cannot set it
	q.Header.Set("User-Agent", "plumbline")
	response, err := c.http.Do(q)
	if err != nil {
		return nil, c.unanswered(r.op, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unanswered(r.op, err)
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("kibana at %s: %s: the answer is larger than %d MiB", c.base.Host, r.op, maxAnswer>>20)
	case response.StatusCode/100 != 2:
		return nil, c.refused(r.op, response.StatusCode, text)
	}
	return text, nil
}

// ask is do with the JSON of the answer read into out.
func (c *Client) ask(ctx context.Context, r request, out any) error {
	text, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("kibana at %s: %s: the answer is not what Kibana sends: %v", c.base.Host, r.op, err)
	}
	return nil
}
