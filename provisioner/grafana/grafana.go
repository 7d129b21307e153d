// Package grafana gives a Grafana the stack's data sources, dashboards and alert
// rules, and has it ask each source whether that answers: a data source that is
// written down wrongly shows here and not as an empty panel. It can be done again
// at any time: what is as it should be is left alone, what is not is mended. What
// a file in Grafana's provisioning directory put there is compared and not written.
//
// It stands on the official client of Grafana's HTTP API. The same data sources and
// rules as provisioning files are in files.go. What the dashboards draw is for
// package plumbline/dashboards/grafana to say.
package grafana

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-openapi/runtime"
	transport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/client/dashboards"
	"github.com/grafana/grafana-openapi-client-go/client/datasources"
	"github.com/grafana/grafana-openapi-client-go/client/folders"
	"github.com/grafana/grafana-openapi-client-go/client/health"
	"github.com/grafana/grafana-openapi-client-go/client/provisioning"
	"github.com/grafana/grafana-openapi-client-go/client/search"
	"github.com/grafana/grafana-openapi-client-go/models"

	"plumbline/cli"
)

// Config says where Grafana is and who asks it.
type Config struct {
	URL          string // http://127.0.0.1:3000
	CAFile       string // PEM; "" = the system's authorities
	User         string // an administrator
	PasswordFile string
}

const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 20 * time.Second
)

// Client asks one Grafana.
type Client struct {
	sources    datasources.ClientService
	folders    folders.ClientService
	dashboards dashboards.ClientService
	rules      provisioning.ClientService
	search     search.ClientService
	health     health.ClientService
	host       string
}

// New returns a client of the server. It does not connect.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("grafana address %q is not a URL of scheme http or https", c.URL)
	case u.User != nil:
		return nil, errors.New("grafana address carries a password: use -password-file")
	}
	password, err := secret(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("password of %s: %w", c.User, err)
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
	network := transport.NewWithClient(u.Host, strings.TrimRight(u.Path, "/")+"/api", []string{u.Scheme}, &http.Client{
		Timeout: answerTimeout,
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout, TLSClientConfig: trust,
		},
	})
	network.DefaultAuthentication = transport.BasicAuth(c.User, password)
	return &Client{
		sources: datasources.New(network, strfmt.Default), folders: folders.New(network, strfmt.Default),
		dashboards: dashboards.New(network, strfmt.Default), rules: provisioning.New(network, strfmt.Default),
		search: search.New(network, strfmt.Default), health: health.New(network, strfmt.Default), host: u.Host,
	}, nil
}

// secret reads a file of one line.
func secret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(text))
	if line == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return line, nil
}

// The major versions of Grafana whose API this was written for. From 13 on that
// API is deprecated, but there.
const oldest, newest = 10, 13

// Version returns the server's version once its database answers. One that is too
// old is an error of its own, for which no waiting helps.
func (c *Client) Version(ctx context.Context) (string, error) {
	answer, err := c.health.GetHealthWithParams(health.NewGetHealthParamsWithContext(ctx))
	if err != nil {
		return "", c.refused("health", err)
	}
	if answer.Payload.Database != "ok" {
		return "", fmt.Errorf("grafana at %s: its database is %q", c.host, answer.Payload.Database)
	}
	version := answer.Payload.Version
	first, _, _ := strings.Cut(version, ".")
	switch major, err := strconv.Atoi(first); {
	case err != nil:
		return "", &unfit{fmt.Errorf("grafana at %s: its version is %q", c.host, version)}
	case major < oldest:
		return "", &unfit{fmt.Errorf("grafana at %s: its version is %s, want %d or newer", c.host, version, oldest)}
	case major > newest:
		version += fmt.Sprintf(", newer than what this was written for (%d)", newest)
	}
	return version, nil
}

// unfit is a Grafana that will not do, however long one waits.
type unfit struct{ error }

// Hint says what to do.
func (*unfit) Hint() string { return "is that address Grafana's? .env names the version to use" }

// await waits until Grafana is up.
func (c *Client) await(ctx context.Context, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var last error
	for {
		version, err := c.Version(ctx)
		if _, hopeless := errors.AsType[*unfit](err); err == nil || hopeless {
			return version, err
		}
		if last == nil || ctx.Err() == nil { // an ask that was cut short says less than the one before
			last = err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waited %v: %w", patience, last)
		case <-tick.C:
		}
	}
}

// refused says what Grafana answered, without the address, which may be long, and
// without what was sent, which may be secret.
func (c *Client) refused(what string, err error) error {
	if err == nil {
		return nil
	}
	code, text := status(err)
	switch {
	case code == http.StatusUnauthorized:
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: %s: 401: it does not know this user with this password", c.host, what),
			Next: "are -user and -password-file those of this Grafana?"}
	case code == http.StatusForbidden:
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: %s: 403: this user may not do that", c.host, what),
			Next: "give an administrator as -user: a viewer or an editor is not enough"}
	case code != 0:
		return fmt.Errorf("grafana at %s: %s: %d %s", c.host, what, code, text)
	}
	if of := new(url.Error); errors.As(err, &of) {
		err = of.Err
	}
	return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: %s: %w", c.host, what, err), Next: "is Grafana running there? /api/health answers without a password"}
}

// status is that of an answer, 0 if there was none, and what it says of itself.
func status(err error) (code int, message string) {
	var known interface {
		error
		Code() int
	}
	if errors.As(err, &known) {
		of, has := known.(interface {
			GetPayload() *models.ErrorResponseBody
		})
		if has && of.GetPayload() != nil && of.GetPayload().Message != nil {
			message = *of.GetPayload().Message
		}
		return known.Code(), message
	}
	if other, is := errors.AsType[*runtime.APIError](err); is { // its description does not have that answer
		return other.Code, ""
	}
	return 0, ""
}

// missing reports that there is no such thing.
func missing(err error) bool {
	code, _ := status(err)
	return code == http.StatusNotFound
}
