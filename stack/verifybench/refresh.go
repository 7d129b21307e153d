package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/stack/native"
)

// administrator changes how often the stream is refreshed, which no key of the stack
// may: five times a second while a million documents are written as fast as they can
// be would measure the refreshes.
type administrator struct {
	url, password string
	http          *http.Client
}

func administrate(stack *native.Stack) (*administrator, error) {
	ca, err := os.ReadFile(stack.CAFile)
	if err != nil {
		return nil, err
	}
	password, err := os.ReadFile(filepath.Join(stack.KeysDir, "elastic.password"))
	if err != nil {
		return nil, err
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", stack.CAFile)
	}
	return &administrator{
		url: stack.Elasticsearch, password: strings.TrimSpace(string(password)),
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}},
	}, nil
}

// refreshEvery sets the interval, as JSON; null is the template's own.
func (a *administrator) refreshEvery(ctx context.Context, interval string) error {
	return a.ask(ctx, http.MethodPut, "/"+telemetry.StreamAccess+"/_settings", `{"index":{"refresh_interval":`+interval+`}}`)
}

func (a *administrator) ask(ctx context.Context, method, path, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth("elastic", a.password)
	answer, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return nil
}
