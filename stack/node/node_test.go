package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// prepared is a node on a stand-in for the distribution.
func prepared(t *testing.T, httpPort int) Node {
	t.Helper()
	root := t.TempDir()
	n := Node{
		Distribution: filepath.Join(root, "dist"), Dir: filepath.Join(root, "a run", "elasticsearch"), HTTP: httpPort, Transport: 9300,
		CAFile: filepath.Join(root, "certs", "ca.crt"), PasswordFile: filepath.Join(root, "secrets", "elastic.password"),
	}
	if err := os.MkdirAll(filepath.Join(n.Distribution, "config", "jvm.options.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"elasticsearch.yml", "log4j2.properties", "jvm.options"} {
		if err := os.WriteFile(filepath.Join(n.Distribution, "config", name), []byte("# theirs\n"), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Prepare(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPrepareKeepsSecretsToTheirOwner(t *testing.T) {
	n := prepared(t, 9200)
	for _, path := range []string{n.PasswordFile, n.path("config", "node.key"), n.path("config", "elasticsearch.yml")} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600", path, info.Mode())
		}
	}
	if info, _ := os.Stat(n.Dir); info.Mode().Perm() != 0o700 {
		t.Errorf("%s: mode %v, want 0700", n.Dir, info.Mode())
	}
	password, _ := os.ReadFile(n.PasswordFile)
	for _, spec := range [][]string{n.Keystore().Command, n.Server().Command, n.Server().Env} {
		if strings.Contains(strings.Join(spec, "\n"), strings.TrimSpace(string(password))) {
			t.Errorf("the password is in %q", spec)
		}
	}
}

func TestPrepareMakesEachRunItsOwnSecrets(t *testing.T) {
	a, b := prepared(t, 9200), prepared(t, 9200)
	for _, pair := range [][2]string{{a.PasswordFile, b.PasswordFile}, {a.CAFile, b.CAFile}, {a.path("config", "node.key"), b.path("config", "node.key")}} {
		one, _ := os.ReadFile(pair[0])
		two, _ := os.ReadFile(pair[1])
		if len(one) < 16 || string(one) == string(two) {
			t.Errorf("%s: the same twice, or too short", filepath.Base(pair[0]))
		}
	}
}

func TestSettingsAreSecureOnLoopbackAndAbsolute(t *testing.T) {
	n := prepared(t, 9211)
	text, err := os.ReadFile(n.path("config", "elasticsearch.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"network.host":           "127.0.0.1",
		"http.port":              9211,
		"transport.port":         9300,
		"discovery.type":         "single-node",
		"xpack.security.enabled": true,
		"path.data":              n.path("data"), // with a space in it
		"cluster.routing.allocation.disk.watermark.flood_stage": "209715200b",
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
	for _, layer := range []string{"xpack.security.http.ssl", "xpack.security.transport.ssl"} {
		if ssl, _ := got[layer].(map[string]any); ssl["enabled"] != true {
			t.Errorf("%s: got %v, want it enabled", layer, got[layer])
		}
	}
}

func TestIssuedCertificateIsGoodForItsNamesOnly(t *testing.T) {
	now := time.Now()
	certs, err := Issue(now)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(certs.CA)
	pair, err := tls.X509KeyPair(certs.Cert, certs.Key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Issue(now)
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM(other.CA)
	for _, row := range []struct {
		proves, name string
		roots        *x509.CertPool
		at           time.Time
		good         bool
	}{
		{"localhost", "localhost", trust, now, true},
		{"the service name of containers", "elasticsearch", trust, now, true},
		{"IPv4 loopback", "127.0.0.1", trust, now, true},
		{"IPv6 loopback", "::1", trust, now, true},
		{"no other name", "example.org", trust, now, false},
		{"no other CA", "localhost", strangers, now, false},
		{"not for ever", "localhost", trust, now.Add(certificateLife + time.Hour), false},
	} {
		t.Run(row.proves, func(t *testing.T) {
			_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: row.name, Roots: row.roots, CurrentTime: row.at})
			if (err == nil) != row.good {
				t.Errorf("got %v, want good = %v", err, row.good)
			}
		})
	}
}

func TestUpAsksAsElasticOverTLS(t *testing.T) {
	var paths []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "elastic" || password == "" || strings.ContainsAny(password, "\n ") {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		paths = append(paths, r.URL.Path)
		_ = json.NewEncoder(w).Encode("ok")
	}))
	at, err := url.Parse("https://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(at.Port())
	n := prepared(t, port)
	pair, err := tls.LoadX509KeyPair(n.path("config", "node.crt"), n.path("config", "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	gate, err := n.Up(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Check(t.Context()); err != nil || len(paths) != 2 {
		t.Errorf("asked %q, got %v", paths, err)
	}
	if err := os.WriteFile(n.PasswordFile, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gate, err = n.Up(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without the password: got %v, want 401", err)
	}
}

func TestFreeUIDIsNobodys(t *testing.T) {
	uid, err := FreeUID()
	if err != nil || uid < 64200 {
		t.Errorf("got %d, %v", uid, err)
	}
}
