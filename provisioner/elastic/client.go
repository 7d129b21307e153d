// Package elastic talks to Elasticsearch: a small client that holds the
// project's rules about time-outs, retries, secrets and error texts. What to
// ask belongs to the callers: the steps of setup, the verdict, the dashboards,
// and the load generator that tells of its run.
//
// It stands on the official Go client: its request structs (esapi) over its
// transport. The fully typed API above them is left out, because it takes
// minutes to compile and answers are read into the few fields used here.
package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 60 * time.Second // for a whole exchange: repeats, and the answer to its last byte
	maxRetries    = 4
	maxAnswer     = 256 << 20 // bytes; a larger answer is an error, not a full memory
)

// Config says where Elasticsearch is and who asks: KeyFile, TokenFile, Username
// with PasswordFile, or none of them for a node without security.
type Config struct {
	URL          string // http(s)://host:port
	CAFile       string // PEM of the authority that signed the server; "" = the system's
	KeyFile      string // file with one line "id:api_key"
	TokenFile    string // file with one line, a service account's token
	Username     string
	PasswordFile string // file with one line
}

// A Client asks one Elasticsearch. It is safe for concurrent use.
type Client struct {
	host  string
	limit time.Duration            // answerTimeout, but in tests
	once  *elastictransport.Client // for requests that must not be repeated
	again *elastictransport.Client // repeats on 429, 502, 503
}

// Info is what GET / answers.
type Info struct {
	Name    string // node
	Cluster string
	Version string // e.g. 8.19.7
}

// New reads the files that c names and returns a client. It does not connect.
func New(c Config) (*Client, error) {
	target, err := url.Parse(c.URL)
	switch {
	case err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https"):
		return nil, hinted("use a form like https://127.0.0.1:9200", "elasticsearch address is not a URL of scheme http or https")
	case target.User != nil:
		return nil, hinted("put the password into a file of mode 0600", "elasticsearch address carries a password")
	}
	target.Path = strings.TrimRight(target.Path, "/")

	tlsConfig, err := trust(c.CAFile)
	if err != nil {
		return nil, err
	}
	credentials, err := authorize(c)
	if err != nil {
		return nil, err
	}
	return newClient(target, &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: dialTimeout,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true, // on loopback and in one data centre it costs more than it saves
	}, credentials...)
}

// newClient adds the rules about repeating.
func newClient(target *url.URL, network http.RoundTripper, more ...elastictransport.Option) (client *Client, err error) {
	options := append([]elastictransport.Option{
		elastictransport.WithURLs(target),
		elastictransport.WithTransport(network),
		elastictransport.WithUserAgent("plumbline"),
		elastictransport.WithHeader(http.Header{"Accept": {"application/json"}}),
	}, more...)
	client = &Client{host: target.Host, limit: answerTimeout}
	if client.once, err = elastictransport.NewClient(append(slices.Clone(options), elastictransport.WithDisableRetry())...); err != nil {
		return nil, fmt.Errorf("elasticsearch client: %v", err)
	}
	client.again, err = elastictransport.NewClient(append(options,
		elastictransport.WithRetry(maxRetries, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable),
		elastictransport.WithRetryOnError(func(*http.Request, error) bool { return false }), // refused or untrusted stays so
		elastictransport.WithRetryBackoff(backoff))...)
	if err != nil {
		return nil, fmt.Errorf("elasticsearch client: %v", err)
	}
	return client, nil
}

// backoff waits 100, 200, 400, 800 ms, each spread over a half to the whole
// so that two askers do not stay in step.
func backoff(attempt int) time.Duration {
	d := 100 * time.Millisecond << (attempt - 1)
	return d/2 + rand.N(d/2)
}

// request is one question to Elasticsearch.
type request struct {
	op     string // for error texts: "search logs-icat.access-default"
	api    esapi.Request
	repeat bool   // the request may be sent twice without harm
	into   []byte // what the answer may be written over
}

// do sends r and returns the body of a 2xx answer; anything else is an *Error
// (Elasticsearch said no) or a *ConnectError (it could not be asked).
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	transport := c.once
	if r.repeat {
		transport = c.again
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	res, err := r.api.Do(ctx, transport)
	if err != nil {
		return nil, connectError(ctx, r.op, c.host, err)
	}
	defer res.Body.Close()
	written := bytes.NewBuffer(r.into[:0])
	_, err = written.ReadFrom(io.LimitReader(res.Body, maxAnswer+1))
	answer := written.Bytes()
	switch {
	case err != nil:
		return nil, connectError(ctx, r.op, c.host, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%s: answer is larger than %d MiB", r.op, maxAnswer>>20)
	case res.IsError():
		return nil, answerError(r.op, res.StatusCode, answer)
	}
	return answer, nil
}

// ask is do with the answer's JSON read into out.
func (c *Client) ask(ctx context.Context, r request, out any) error {
	answer, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: answer is not what Elasticsearch sends: %v", r.op, err)
	}
	return nil
}

// tell is do for a request whose answer says no more than that it was taken.
func (c *Client) tell(ctx context.Context, r request) error {
	_, err := c.do(ctx, r)
	return err
}

// Info returns the node's name, cluster and version.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var root struct {
		Name    string
		Cluster string `json:"cluster_name"`
		Version struct{ Number string }
	}
	if err := c.ask(ctx, request{op: "info", api: esapi.InfoRequest{}, repeat: true}, &root); err != nil {
		return Info{}, err
	}
	if root.Version.Number == "" {
		return Info{}, hinted("is -es the address of Elasticsearch itself?", "info: %s answers, but not as Elasticsearch does", c.host)
	}
	return Info{Name: root.Name, Cluster: root.Cluster, Version: root.Version.Number}, nil
}
