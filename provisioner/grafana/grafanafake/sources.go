package grafanafake

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Source is a data source as the API has it.
type Source struct {
	ID               int64             `json:"id,omitempty"`
	OrgID            int64             `json:"orgId,omitempty"`
	UID              string            `json:"uid"`
	Name             string            `json:"name"`
	Type             string            `json:"type"`
	TypeLogoURL      string            `json:"typeLogoUrl,omitempty"`
	Access           string            `json:"access"`
	URL              string            `json:"url"`
	User             string            `json:"user,omitempty"`
	Database         string            `json:"database,omitempty"`
	BasicAuth        bool              `json:"basicAuth,omitempty"`
	BasicAuthUser    string            `json:"basicAuthUser,omitempty"`
	WithCredentials  bool              `json:"withCredentials,omitempty"`
	IsDefault        bool              `json:"isDefault,omitempty"`
	JSONData         map[string]any    `json:"jsonData"`
	SecureJSONData   map[string]string `json:"secureJsonData,omitempty"`
	SecureJSONFields map[string]bool   `json:"secureJsonFields,omitempty"`
	Version          int64             `json:"version,omitempty"`
	ReadOnly         bool              `json:"readOnly,omitempty"`
}

// breakage is why a data source does not answer.
type breakage struct {
	why     string
	mending bool // until it is written again
}

// Break makes a data source answer its health with an error, and if mending, only
// until it is written again: as one whose key was lost.
func (g *Grafana) Break(uid, why string, mending bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broken[uid] = breakage{why, mending}
}

// Sources are the data sources that are there, by uid, with their secrets.
func (g *Grafana) Sources() map[string]Source {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]Source{}
	for uid, s := range g.sources {
		all[uid] = *s
	}
	return all
}

// EditSource changes a data source as somebody does in the browser.
func (g *Grafana) EditSource(uid string, change func(*Source)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g.sources[uid])
	g.sources[uid].Version++
}

// shown is what the API tells of it: no secret, but that there is one.
func (s Source) shown() Source {
	s.SecureJSONFields = map[string]bool{}
	for name := range s.SecureJSONData {
		s.SecureJSONFields[name] = true
	}
	s.SecureJSONData = nil
	return s
}

func (s Source) fault() string {
	switch {
	case s.Name == "" || s.Type == "" || s.Access == "":
		return "bad request data: name, type and access are required"
	case s.UID == "" || len(s.UID) > 40:
		return fmt.Sprintf("Invalid UID %q", s.UID)
	case s.Access != "proxy" && s.Access != "direct":
		return "access " + s.Access
	case s.Type != "prometheus" && s.Type != "elasticsearch":
		return "no plugin " + s.Type
	case !strings.HasPrefix(s.URL, "http://") && !strings.HasPrefix(s.URL, "https://"):
		return fmt.Sprintf("Invalid URL %q", s.URL)
	case s.Type == "elasticsearch" && (s.JSONData["index"] == nil || s.JSONData["timeField"] == nil):
		return "an Elasticsearch without index or timeField"
	}
	return ""
}

func (g *Grafana) getSource(w http.ResponseWriter, r *http.Request) {
	s, there := g.sources[r.PathValue("uid")]
	if !there {
		absent(w, "Data source not found")
		return
	}
	answer(w, http.StatusOK, s.shown())
}

func (g *Grafana) addSource(w http.ResponseWriter, r *http.Request) {
	var s Source
	if !g.read(w, r, &s) {
		return
	}
	if fault := s.fault(); fault != "" {
		g.refuse(w, r, http.StatusBadRequest, fault)
		return
	}
	for _, other := range g.sources {
		if other.UID == s.UID {
			g.refuse(w, r, http.StatusConflict, "data source with the same uid already exists")
			return
		}
		if other.Name == s.Name {
			g.refuse(w, r, http.StatusConflict, "data source with the same name already exists")
			return
		}
	}
	s.ID, s.OrgID, s.Version = g.next(), 1, 1
	g.sources[s.UID] = &s
	answer(w, http.StatusOK, object{"id": s.ID, "name": s.Name, "message": "Datasource added", "datasource": s.shown()})
}

func (g *Grafana) putSource(w http.ResponseWriter, r *http.Request) {
	var s Source
	if !g.read(w, r, &s) {
		return
	}
	old, there := g.sources[r.PathValue("uid")]
	switch fault := s.fault(); {
	case !there:
		g.refuse(w, r, http.StatusNotFound, "Data source not found")
		return
	case old.ReadOnly:
		g.refuse(w, r, http.StatusForbidden, "Cannot update read-only data source")
		return
	case fault != "":
		g.refuse(w, r, http.StatusBadRequest, fault)
		return
	case s.Version != 0 && s.Version != old.Version:
		g.refuse(w, r, http.StatusConflict, "Datasource has already been updated by someone else. Please reload and try again")
		return
	}
	kept := maps.Clone(old.SecureJSONData) // a secret that is not sent stays
	if kept == nil {
		kept = map[string]string{}
	}
	maps.Copy(kept, s.SecureJSONData)
	s.ID, s.OrgID, s.Version, s.SecureJSONData = old.ID, 1, old.Version+1, kept
	g.sources[s.UID] = &s
	if g.broken[s.UID].mending {
		delete(g.broken, s.UID)
	}
	answer(w, http.StatusOK, object{"id": s.ID, "name": s.Name, "message": "Datasource updated", "datasource": s.shown()})
}

func (g *Grafana) checkSource(w http.ResponseWriter, r *http.Request) {
	s, there := g.sources[r.PathValue("uid")]
	if !there {
		absent(w, "Data source not found")
		return
	}
	message, why := "Successfully queried the Prometheus API.", g.broken[s.UID].why
	if s.Type == "elasticsearch" {
		message = "Elasticsearch data source is healthy."
	}
	if g.options.Ask && why == "" {
		if err := s.ask(r); err != nil {
			why = err.Error()
		}
	}
	if why != "" { // not listed: it is no request's fault
		answer(w, http.StatusBadRequest, object{"status": "ERROR", "message": why})
		return
	}
	answer(w, http.StatusOK, object{"status": "OK", "message": message})
}

// patience is how long a data source may take to answer.
const patience = 10 * time.Second

// ask sends what Grafana sends to see whether a data source is well, trusting the
// authority and with the header that it was given.
func (s Source) ask(r *http.Request) error {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem := s.SecureJSONData["tlsCACert"]; s.JSONData["tlsAuthWithCACert"] == true {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return fmt.Errorf("tlsCACert holds no certificate")
		}
	}
	method, path, body := http.MethodPost, "/api/v1/query", "query=1%2B1"
	if s.Type == "elasticsearch" {
		method, path, body = http.MethodGet, "/_cluster/health?wait_for_status=yellow", ""
	}
	request, err := http.NewRequestWithContext(r.Context(), method, strings.TrimRight(s.URL, "/")+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if name, _ := s.JSONData["httpHeaderName1"].(string); name != "" {
		request.Header.Set(name, s.SecureJSONData["httpHeaderValue1"])
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	res, err := client.Do(request)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", s.Type, res.Status)
	}
	return nil
}
