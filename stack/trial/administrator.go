package trial

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Administrator asks Elasticsearch as the user elastic.
type Administrator struct {
	url, password string
	http          *http.Client
}

// NewAdministrator reads the certificate to trust and, from the directory of
// secrets, the password.
func NewAdministrator(url, caFile, secrets string) (*Administrator, error) {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("administrator: %w", err)
	}
	password, err := os.ReadFile(filepath.Join(secrets, "elastic.password"))
	if err != nil {
		return nil, fmt.Errorf("administrator: %w", err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(ca)
	return &Administrator{
		url: url, password: strings.TrimSpace(string(password)),
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}},
	}, nil
}

// Close lets the connections go.
func (a *Administrator) Close() { a.http.CloseIdleConnections() }

// Ask sends body, unless it is nil, as JSON. An answer that is not 2xx is an error.
func (a *Administrator) Ask(ctx context.Context, method, path string, body any) ([]byte, error) {
	var text io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		text = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, text)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("elastic", a.password)
	res, err := a.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, answer)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer, nil
}
