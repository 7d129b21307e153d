package standin

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestServeTellsWhatIsRefused(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var refused []string
	fake := Fake{
		Name: "Nothing", Refusals: func() []string { return refused },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				refused = append(refused, r.URL.Path)
			}
		}),
	}
	out, told := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- fake.Serve(ctx, told, "127.0.0.1:0")
		told.Close()
	}()
	lines := bufio.NewScanner(out)
	lines.Scan()
	address, found := strings.CutPrefix(lines.Text(), "FAKE of Nothing: listening on ")
	if !found {
		t.Fatalf("it says %q", lines.Text())
	}
	go func() {
		for _, path := range []string{"", "a", "", "b"} {
			if res, err := http.Get(address + path); err == nil {
				res.Body.Close()
			}
		}
		stop()
	}()
	var got []string
	for lines.Scan() {
		got = append(got, lines.Text())
	}
	if all := strings.Join(got, "; "); all != "refused: /a; refused: /b" {
		t.Errorf("told %q", all)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
