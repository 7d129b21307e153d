package rest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"plumbline/demo-app/telemetry"
)

// What net/http refuses before it is a request reaches no handler of ours: the
// answer is plain text, and nothing tells of it. The documentation says so, and
// this that it is so.
func TestAHeadThatIsNoneIsRefusedInPlainText(t *testing.T) {
	r := start(t, nil)
	maxHeader := r.HTTP().MaxHeaderBytes
	for _, row := range []struct {
		proves, head string
		status       int
	}{
		{"a malformed line", "GET /version HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
		{"no host", "GET /version HTTP/1.1\r\n\r\n", 400},
		{"two lengths", "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		{"an expectation that nobody meets", "GET /version HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", 417},
		{"a head without end", "GET /version HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n", 431},
		{"a path without end", "GET /" + strings.Repeat("x", 2*maxHeader) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
		{"an unknown transfer encoding", "POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: brotli\r\n\r\n", 501},
		{"another version", "GET /version HTTP/3.0\r\nHost: a\r\n\r\n", 505},
		{"the control", "GET /version HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", maxHeader/2) + "\r\n\r\n", 200},
	} {
		t.Run(row.proves, func(t *testing.T) {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, row.head); err != nil {
				t.Fatal(err)
			}
			a, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			if ours := a.Header.Get(telemetry.HeaderRequestID) != ""; a.StatusCode != row.status || ours != (row.status == 200) {
				t.Errorf("%s, by a handler of ours: %v", a.Status, ours)
			}
		})
	}
	if lines := r.lines(t, telemetry.DatasetAccess); len(lines) != 1 || lines[0].HTTP.Response.StatusCode != 200 {
		t.Errorf("access lines %+v, want the control's alone", lines)
	}
	if n := samples(t, r.metrics); n != 1 {
		t.Errorf("%d requests counted, want the control alone", n)
	}
}
