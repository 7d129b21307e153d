package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"plumbline/provisioner/kibana/kibanafake"
)

// elasticsearch is asked who somebody is.
type elasticsearch struct {
	url, token string
	http       *http.Client
}

// patience is how long Elasticsearch may take to answer.
const patience = 3 * time.Second

func dial(s settings) (elasticsearch, error) {
	trust := x509.NewCertPool()
	for _, file := range s.Authorities {
		text, err := os.ReadFile(file)
		if err != nil {
			return elasticsearch{}, err
		}
		if !trust.AppendCertsFromPEM(text) {
			return elasticsearch{}, fmt.Errorf("%s: no certificate in it", file)
		}
	}
	return elasticsearch{
		url: strings.TrimSuffix(s.Hosts[0], "/"), token: s.Token,
		http: &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trust}}},
	}, nil
}

// user is what Elasticsearch says of one.
type user struct {
	Username string
	Roles    []string
}

// who asks Elasticsearch whose credentials these are; nil: nobody's.
func (e elasticsearch) who(ctx context.Context, authorization string) (*user, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/_security/_authenticate", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
	res, err := e.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		var found user
		return &found, json.NewDecoder(res.Body).Decode(&found)
	case http.StatusUnauthorized:
		return nil, nil
	}
	return nil, fmt.Errorf("ask who that is: %s", res.Status)
}

// ready tells why there is no Kibana yet; nil once Elasticsearch takes its token.
func (e elasticsearch) ready(ctx context.Context) error {
	self, err := e.who(ctx, "Bearer "+e.token)
	if err == nil && (self == nil || self.Username != "elastic/kibana") {
		err = errors.New("the token is not that of elastic/kibana")
	}
	return err
}

// gate asks Elasticsearch who a caller is, before the fake is asked, which knows
// two: one who may change things and one who may look.
type gate struct {
	es             elasticsearch
	fake           *kibanafake.Kibana
	writer, reader kibanafake.Account
}

func newGate(es elasticsearch, c kibanafake.Config) *gate {
	g := &gate{
		es: es, writer: kibanafake.Account{Name: "writer", Password: rand.Text()},
		reader: kibanafake.Account{Name: "reader", Password: rand.Text(), ReadOnly: true},
	}
	c.Accounts = []kibanafake.Account{g.writer, g.reader}
	g.fake = kibanafake.New(c)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var caller *user
	err := g.es.ready(r.Context())
	if sent := r.Header.Get("Authorization"); err == nil && sent != "" {
		caller, err = g.es.who(r.Context(), sent)
	}
	if err != nil {
		http.Error(w, "Kibana server is not ready yet: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	switch {
	case caller == nil:
	case slices.Contains(caller.Roles, "superuser"), slices.Contains(caller.Roles, "kibana_admin"):
		r.SetBasicAuth(g.writer.Name, g.writer.Password)
	default:
		r.SetBasicAuth(g.reader.Name, g.reader.Password)
	}
	g.fake.ServeHTTP(w, r)
}

// refusals are the fake's, in words.
func (g *gate) refusals() []string {
	var all []string
	for _, r := range g.fake.Refusals() {
		all = append(all, fmt.Sprintf("%s %s: %d %s", r.Method, r.Path, r.Status, r.Message))
	}
	return all
}
