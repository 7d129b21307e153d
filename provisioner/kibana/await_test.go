package kibana

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/provisioner/kibana/kibanafake"
)

// direct asks a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestAwait(t *testing.T) {
	for proves, row := range map[string]struct {
		starting int
		version  string
		within   time.Duration
		took     time.Duration
		says     string
	}{
		"it is there":                    {0, "8.19.7", time.Minute, 0, ""},
		"it comes":                       {40, "8.19.7", time.Minute, 40 * time.Second, ""},
		"it does not come in time":       {100, "8.19.7", time.Minute, time.Minute, "kibana is not ready after 1m0s; last: kibana at kibana:5601: it is starting"},
		"it will never be the right one": {0, "7.17.0", time.Minute, 0, "too old"},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, err := New(Config{URL: "http://kibana:5601", User: "elastic", PasswordFile: file(t, password)})
			if err != nil {
				t.Fatal(err)
			}
			client.http.Transport = direct{kibanafake.New(kibanafake.Config{
				Version: row.version, Starting: row.starting, Accounts: []kibanafake.Account{{Name: "elastic", Password: password}},
			})}
			begun := time.Now()
			number, err := client.await(t.Context(), row.within)
			if took := time.Since(begun); took != row.took {
				t.Errorf("%s: after %v, want %v", proves, took, row.took)
			}
			switch {
			case row.says == "" && (err != nil || number != row.version):
				t.Errorf("%s: %q, %v", proves, number, err)
			case row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)):
				t.Errorf("%s: %v, want %q", proves, err, row.says)
			}
		})
	}
}
