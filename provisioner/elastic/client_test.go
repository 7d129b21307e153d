package elastic

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/go-cmp/cmp"
)

// file writes a file of mode 0600 for one test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

const secret = "s3cr3t"

func TestNewRefuses(t *testing.T) {
	key := file(t, "key", "id:"+secret)
	for name, row := range map[string]struct {
		config Config
		want   string // in the message
		hint   string // in the hint
	}{
		"no address":                  {Config{}, "not a URL", "https://127.0.0.1:9200"},
		"an address without scheme":   {Config{URL: "127.0.0.1:9200"}, "not a URL", "https://"},
		"another scheme":              {Config{URL: "ftp://host"}, "not a URL", "https://"},
		"a password in the address":   {Config{URL: "https://elastic:" + secret + "@host"}, "carries a password", "file"},
		"a CA file that is not there": {Config{URL: "https://host", CAFile: "absent.crt"}, "CA certificate: no such file: absent.crt", "path"},
		"a CA file without a certificate": {
			Config{URL: "https://host", CAFile: file(t, "ca", secret)}, "holds no PEM certificate", "BEGIN CERTIFICATE",
		},
		"a key without id":             {Config{URL: "https://host", KeyFile: file(t, "k", secret)}, `want one line "id:api_key"`, "setup"},
		"a key file of two lines":      {Config{URL: "https://host", KeyFile: file(t, "k", "id:"+secret+"\nid:x")}, "want one line", "setup"},
		"a key file that is not there": {Config{URL: "https://host", KeyFile: "absent.key"}, "API key: no such file: absent.key", "set up"},
		"an empty password":            {Config{URL: "https://host", Username: "elastic", PasswordFile: file(t, "p", "\n")}, "is empty", ""},
		"a key and a user":             {Config{URL: "https://host", KeyFile: key, Username: "elastic"}, "choose one", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(row.config)
			if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(hintOf(err), row.hint) {
				t.Errorf("error %v, hint %q; want %q, %q", err, hintOf(err), row.want, row.hint)
			}
			if err != nil && strings.Contains(err.Error()+hintOf(err), secret) {
				t.Errorf("the secret is in the error: %v", err)
			}
		})
	}
}

func TestCredentialsAreSent(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		io.WriteString(w, `{"count":7}`)
	}))
	t.Cleanup(server.Close)
	for want, config := range map[string]Config{
		"APIKey aWQ6czNjcjN0":    {KeyFile: file(t, "k", "id:"+secret+"\n")},
		"Basic ZWxhc3RpYzpwdw==": {Username: "elastic", PasswordFile: file(t, "p", "pw\n")},
		"":                       {},
	} {
		config.URL = server.URL
		c, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := c.Count(t.Context(), "logs", nil); n != 7 || err != nil {
			t.Errorf("count: %d, %v", n, err)
		}
		if got != want {
			t.Errorf("Authorization: %q, want %q", got, want)
		}
	}
}

func TestAnswersThatAreErrors(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   Error
		text   string
	}{
		"a refused key": {
			401, `{"error":{"type":"security_exception","reason":"no"},"status":401}`,
			Error{"count logs", 401, "security_exception", "no"}, "count logs: 401 Unauthorized: security_exception: no",
		},
		"the cause of failed shards": {
			400, `{"error":{"type":"search_phase_execution_exception","reason":"all shards failed","root_cause":[{"type":"query_shard_exception","reason":"no field x"}]}}`,
			Error{"count logs", 400, "query_shard_exception", "no field x"}, "count logs: 400 Bad Request: query_shard_exception: no field x",
		},
		"a closed index among several": {
			400, `{"error":{"type":"index_closed_exception","reason":"closed","index":".ds-logs-1"}}`,
			Error{"count logs", 400, "index_closed_exception", ".ds-logs-1 is closed"}, "count logs: 400 Bad Request: index_closed_exception: .ds-logs-1 is closed",
		},
		"a bare sentence": {405, `{"error":"Incorrect HTTP method"}`, Error{"count logs", 405, "", "Incorrect HTTP method"}, "count logs: 405 Method Not Allowed: Incorrect HTTP method"},
		"a proxy's page":  {500, `<html>`, Error{"count logs", 500, "", ""}, "count logs: 500 Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				io.WriteString(w, row.body)
			}))
			t.Cleanup(server.Close)
			_, err := client(t, server.URL).Count(t.Context(), "logs", nil)
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v is no *Error", err)
			}
			if diff := cmp.Diff(row.want, *got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err.Error() != row.text {
				t.Errorf("text %q, want %q", err, row.text)
			}
			if !errors.Is(err, &Error{Status: row.status}) || errors.Is(err, &Error{Status: 418}) {
				t.Error("errors.Is does not tell the status")
			}
		})
	}
}

func TestServersThatCannotBeAsked(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) })
	plain, secure := httptest.NewServer(ok), httptest.NewUnstartedServer(ok)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	gone := httptest.NewServer(ok)
	gone.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{`)
	}))
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	t.Cleanup(cut.Close)
	right := file(t, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	otherName := strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)

	for name, row := range map[string]struct {
		config     Config
		want, hint string
		permanent  bool
	}{
		"nothing listens":            {Config{URL: gone.URL}, "connection refused", "is Elasticsearch running", false},
		"another authority":          {Config{URL: secure.URL}, "not signed by the given CA", "wrong CA file?", true},
		"another name":               {Config{URL: otherName, CAFile: right}, "not for this name", "-es", true},
		"no TLS":                     {Config{URL: strings.Replace(plain.URL, "http:", "https:", 1)}, "does not speak TLS", "http://", true},
		"an answer that is cut off":  {Config{URL: cut.URL}, "connection closed", "just stop", false},
		"a name that does not exist": {Config{URL: "http://es.invalid:9200"}, "no such host", "-es", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(row.config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Count(t.Context(), "logs", nil)
			var got *ConnectError
			if !errors.As(err, &got) || !strings.Contains(got.What, row.want) || !strings.Contains(got.Hint(), row.hint) || got.Permanent != row.permanent {
				t.Errorf("error %v, hint %q; want %q, %q", err, hintOf(err), row.want, row.hint)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
	c, err := New(Config{URL: secure.URL, CAFile: right})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Count(t.Context(), "logs", nil); err != nil {
		t.Errorf("with the right CA: %v", err)
	}
}

// answers is a transport that gives the next of a list of answers, the last
// one for ever, and counts.
type answers struct {
	list  []func(*http.Request) (*http.Response, error)
	asked []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	n := min(len(a.asked), len(a.list)-1)
	a.asked = append(a.asked, r.Method+" "+r.URL.Path)
	return a.list[n](r)
}

func status(code int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
	}
}

// scripted is a client of a server that gives these answers.
func scripted(t *testing.T, list ...func(*http.Request) (*http.Response, error)) (*Client, *answers) {
	t.Helper()
	server := &answers{list: list}
	c, err := newClient(&url.URL{Scheme: "http", Host: "es:9200"}, server)
	if err != nil {
		t.Fatal(err)
	}
	return c, server
}

func TestRepeating(t *testing.T) {
	busy, fine := status(503, `{}`), status(200, `{"count":7}`)
	count := func(c *Client, ctx context.Context) error { _, err := c.Count(ctx, "logs", nil); return err }
	for name, row := range map[string]struct {
		do      func(*Client, context.Context) error
		answers []func(*http.Request) (*http.Response, error)
		tries   int
		status  int // of the error, 0 = none
	}{
		"a question is repeated while the server is busy": {count, append(list(busy, status(429, ``), status(502, ``)), fine), 4, 0},
		"but not for ever":                  {count, list(busy), maxRetries + 1, 503},
		"an error that stays is asked once": {count, list(status(404, `{}`)), 1, 404},
		"a document with its own id is sent again": {
			func(c *Client, ctx context.Context) error { return c.Create(ctx, "logs", map[string]int{}) }, list(busy, status(201, `{}`)), 2, 0,
		},
		"and meets itself if it had arrived": {
			func(c *Client, ctx context.Context) error { return c.Create(ctx, "logs", map[string]int{}) }, list(busy, status(409, `{}`)), 2, 0,
		},
		"what must happen once is sent once": {
			func(c *Client, ctx context.Context) error {
				return c.tell(ctx, request{op: "create key", api: esapi.SecurityCreateAPIKeyRequest{}})
			}, list(busy), 1, 503,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, server := scripted(t, row.answers...)
				err := row.do(c, t.Context())
				if len(server.asked) != row.tries {
					t.Errorf("asked %d times, want %d", len(server.asked), row.tries)
				}
				if (err == nil) != (row.status == 0) || row.status != 0 && !errors.Is(err, &Error{Status: row.status}) {
					t.Errorf("error %v, want status %d", err, row.status)
				}
			})
		})
	}
}

func list(of ...func(*http.Request) (*http.Response, error)) []func(*http.Request) (*http.Response, error) {
	return of
}

func TestADeadlineEndsTheWaitBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		c, server := scripted(t, status(503, `{}`))
		_, err := c.Count(ctx, "logs", nil)
		var got *ConnectError
		if !errors.As(err, &got) || got.What != "no answer in the time allowed" || len(server.asked) != 1 {
			t.Errorf("error %v after %d tries", err, len(server.asked))
		}
	})
}

// A server that dies in the middle of an answer without closing the connection
// must not hold anybody for ever.
func TestAnAnswerThatStallsIsGivenUp(t *testing.T) {
	stall := func(after string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if after != "" {
				io.WriteString(w, after)
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, url := range map[string]string{"before the first byte": stall(""), "after the first byte": stall("{")} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			if c.limit != answerTimeout {
				t.Errorf("limit %v, want %v", c.limit, answerTimeout)
			}
			c.limit = 50 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err = c.Count(ctx, "logs", nil)
			var got *ConnectError
			if !errors.As(err, &got) || got.What != "no answer in the time allowed" || ctx.Err() != nil {
				t.Errorf("error %v, the caller's own limit: %v", err, ctx.Err())
			}
		})
	}
}

func TestInfoRefusesSomethingElseThatAnswers(t *testing.T) {
	c, _ := scripted(t, status(200, `{"hello":"world"}`))
	if _, err := c.Info(t.Context()); err == nil || !strings.Contains(err.Error(), "not as Elasticsearch does") {
		t.Errorf("error %v", err)
	}
}
