// Package grafana gives a Grafana the stack's data sources and its dashboard, and
// has it ask each source whether that answers: a data source that is written
// down wrongly shows here and not as an empty panel.
//
// It stands on the official client of Grafana's HTTP API. What the dashboard
// draws is for package plumbline/dashboards/grafana to say.
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
	"strings"
	"time"

	transport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/client/dashboards"
	"github.com/grafana/grafana-openapi-client-go/client/datasources"
	"github.com/grafana/grafana-openapi-client-go/client/health"
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
	dashboards dashboards.ClientService
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
		sources: datasources.New(network, strfmt.Default), dashboards: dashboards.New(network, strfmt.Default),
		health: health.New(network, strfmt.Default), host: u.Host,
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

// Version returns the server's version once its database answers.
func (c *Client) Version(ctx context.Context) (string, error) {
	answer, err := c.health.GetHealthWithParams(health.NewGetHealthParamsWithContext(ctx))
	if err != nil {
		return "", c.refused("health", err)
	}
	if answer.Payload.Database != "ok" {
		return "", fmt.Errorf("grafana at %s: its database is %q", c.host, answer.Payload.Database)
	}
	return answer.Payload.Version, nil
}

// PutSource makes a data source as it should be, and tells whether it was there.
func (c *Client) PutSource(ctx context.Context, s Source) (there bool, err error) {
	found, err := c.sources.GetDataSourceByUIDWithParams(datasources.NewGetDataSourceByUIDParamsWithContext(ctx).WithUID(s.UID))
	if absent := new(datasources.GetDataSourceByUIDNotFound); errors.As(err, &absent) {
		_, err := c.sources.AddDataSourceWithParams(datasources.NewAddDataSourceParamsWithContext(ctx).WithBody(&models.AddDataSourceCommand{
			UID: s.UID, Name: s.Name, Type: s.Type, Access: "proxy", URL: s.URL, IsDefault: s.Default,
			JSONData: s.Settings, SecureJSONData: s.Secrets,
		}))
		return false, c.refused("data source "+s.UID, err)
	}
	if err != nil {
		return false, c.refused("data source "+s.UID, err)
	}
	if found.Payload.ReadOnly {
		return true, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: data source %s comes from a file there", c.host, s.UID),
			Next: "remove it from Grafana's provisioning directory, or keep to that file"}
	}
	_, err = c.sources.UpdateDataSourceByUIDWithParams(datasources.NewUpdateDataSourceByUIDParamsWithContext(ctx).WithUID(s.UID).WithBody(&models.UpdateDataSourceCommand{
		UID: s.UID, Name: s.Name, Type: s.Type, Access: "proxy", URL: s.URL, IsDefault: s.Default,
		JSONData: s.Settings, SecureJSONData: s.Secrets, Version: found.Payload.Version,
	}))
	return true, c.refused("data source "+s.UID, err)
}

// Check has Grafana ask a data source, and returns what it says.
func (c *Client) Check(ctx context.Context, uid string) (string, error) {
	answer, err := c.sources.CheckDatasourceHealthWithUIDWithParams(datasources.NewCheckDatasourceHealthWithUIDParamsWithContext(ctx).WithUID(uid))
	if err != nil {
		return "", c.refused("data source "+uid+" does not answer it", err)
	}
	return answer.Payload.Message, nil
}

// PutDashboard stores a dashboard in place of the one with its uid, reads it
// back, and returns its path.
func (c *Client) PutDashboard(ctx context.Context, dashboard map[string]any) (path string, err error) {
	uid, _ := dashboard["uid"].(string)
	stored, err := c.dashboards.PostDashboardWithParams(dashboards.NewPostDashboardParamsWithContext(ctx).WithBody(
		&models.SaveDashboardCommand{Dashboard: dashboard, Overwrite: true, Message: "by provisioner grafana"}))
	if err != nil {
		return "", c.refused("dashboard "+uid, err)
	}
	back, err := c.dashboards.GetDashboardByUIDWithParams(dashboards.NewGetDashboardByUIDParamsWithContext(ctx).WithUID(uid))
	if err != nil {
		return "", c.refused("dashboard "+uid, err)
	}
	kept, _ := back.Payload.Dashboard.(map[string]any)
	want, _ := dashboard["panels"].([]any)
	if got, _ := kept["panels"].([]any); len(got) != len(want) {
		return "", fmt.Errorf("grafana at %s: dashboard %s has %d panels there, want %d", c.host, uid, len(got), len(want))
	}
	if stored.Payload.URL == nil {
		return "", nil
	}
	return *stored.Payload.URL, nil
}

// refused says what Grafana answered, without the address, which may be long, and
// without what was sent, which may be secret.
func (c *Client) refused(what string, err error) error {
	if err == nil {
		return nil
	}
	var said interface {
		error
		Code() int
	}
	if errors.As(err, &said) {
		switch said.Code() {
		case http.StatusUnauthorized, http.StatusForbidden:
			return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: %s: %d", c.host, what, said.Code()),
				Next: "is that user an administrator, and the password file that of this Grafana?"}
		default:
			return fmt.Errorf("grafana at %s: %s: %d %s", c.host, what, said.Code(), message(said))
		}
	}
	if of := new(url.Error); errors.As(err, &of) {
		err = of.Err
	}
	return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: %s: %w", c.host, what, err), Next: "is Grafana running there? /api/health answers without a password"}
}

// message is what an answer says of itself.
func message(answer error) string {
	of, ok := answer.(interface {
		GetPayload() *models.ErrorResponseBody
	})
	if !ok || of.GetPayload() == nil || of.GetPayload().Message == nil {
		return ""
	}
	return *of.GetPayload().Message
}
