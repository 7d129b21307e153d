package rest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/internal/limit"
)

// Whoever sends a body drop by drop, or does not read their answer, holds no
// place that another could have.
func TestASlowClientHoldsUpNobody(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Limit = limit.New(limit.Options{Max: 1, Wait: 5 * time.Second, Registerer: prometheus.NewRegistry()})
	}, nil)
	address := strings.TrimPrefix(r.url, "http://")
	connect := func(request string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := fmt.Fprint(conn, request); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range 4 {
		connect("POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		connect(strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 20))
	}
	// The slow ones have been let in once their first answer is on its way.
	reader := connect("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := r.do(t, http.MethodGet, "/ping", "", ""); got.status != http.StatusOK {
			t.Fatalf("beside slow clients: %d %s", got.status, got.body)
		}
	}
}
