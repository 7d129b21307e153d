// Package node prepares and describes the one Elasticsearch node of the native
// stack: its Java, user, secrets, certificates and settings. Where the
// distribution comes from is fetch's, what is set up inside the running node
// the provisioner's.
package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"plumbline/stack/supervise"
)

// Free disk space below which Elasticsearch stops placing shards, moves them
// away, and makes indices read-only. They are absolute: a laptop that is 90 %
// full has room enough, but the default watermarks are percentages.
const (
	WatermarkLow   = 1 << 30
	WatermarkHigh  = 500 << 20
	WatermarkFlood = 200 << 20
)

// Heap is the node's fixed heap in bytes; the process takes about 800 MB.
const Heap = 512 << 20

// Node is where and how the node runs.
type Node struct {
	Distribution string // the unpacked server: read only, shared by all runs
	Java         Java
	Dir          string // the node's own directory, made by Prepare
	UID          int    // the user it runs as; 0 = the caller
	HTTP         int    // port, TLS
	Transport    int    // port, TLS
	CAFile       string // certificate that clients trust, written by Prepare
	PasswordFile string // the elastic user's password, written by Prepare
	Log          string
}

// FreeUID returns a user id that no account of this machine has. Elasticsearch
// refuses to run as root, and a user of its own shares nothing with others.
func FreeUID() (int, error) {
	for uid := 64200; uid < 64300; uid++ {
		if _, err := user.LookupId(strconv.Itoa(uid)); err == nil {
			continue
		}
		if _, err := user.LookupGroupId(strconv.Itoa(uid)); err == nil {
			continue
		}
		return uid, nil
	}
	return 0, fmt.Errorf("find a user for Elasticsearch: all ids from 64200 to 64299 have an account")
}

// settings is elasticsearch.yml. Each path is quoted: it may hold spaces.
var settings = template.Must(template.New("elasticsearch.yml").Parse(`cluster.name: plumbline
node.name: plumbline-0
discovery.type: single-node
path.data: {{printf "%q" .Data}}
path.logs: {{printf "%q" .Logs}}
network.host: 127.0.0.1
http.port: {{.HTTP}}
transport.port: {{.Transport}}

# Absolute, so that a disk that is 90 % full but large still takes documents.
cluster.routing.allocation.disk.watermark.low: {{.Low}}b
cluster.routing.allocation.disk.watermark.high: {{.High}}b
cluster.routing.allocation.disk.watermark.flood_stage: {{.Flood}}b

xpack.security.enabled: true
xpack.security.enrollment.enabled: false
xpack.security.http.ssl:
  enabled: true
  certificate: node.crt
  key: node.key
xpack.security.transport.ssl:
  enabled: true
  verification_mode: full
  certificate: node.crt
  key: node.key
  certificate_authorities: [ca.crt]
`))

// Prepare makes the node's directory anew: settings, certificates, password.
// AddPassword has to follow.
func (n Node) Prepare() error {
	for _, dir := range []string{"", "config", "data", "logs", "tmp"} {
		if err := os.MkdirAll(n.path(dir), 0o700); err != nil {
			return fmt.Errorf("prepare elasticsearch: %w", err)
		}
	}
	if err := os.CopyFS(n.path("config"), os.DirFS(filepath.Join(n.Distribution, "config"))); err != nil {
		return fmt.Errorf("prepare elasticsearch: %w", err)
	}
	certs, err := Issue(time.Now())
	if err != nil {
		return err
	}
	var yml bytes.Buffer
	err = settings.Execute(&yml, map[string]any{
		"Data": n.path("data"), "Logs": n.path("logs"), "HTTP": n.HTTP, "Transport": n.Transport,
		"Low": WatermarkLow, "High": WatermarkHigh, "Flood": WatermarkFlood,
	})
	if err != nil {
		return fmt.Errorf("prepare elasticsearch: settings: %w", err)
	}
	heap := fmt.Sprintf("-Xms%dm\n-Xmx%[1]dm\n", Heap>>20)
	for _, file := range []struct {
		path string
		data []byte
		mode os.FileMode
	}{
		{n.path("config", "elasticsearch.yml"), yml.Bytes(), 0o600},
		{n.path("config", "jvm.options.d", "heap.options"), []byte(heap), 0o600},
		{n.path("config", "ca.crt"), certs.CA, 0o600},
		{n.path("config", "node.crt"), certs.Cert, 0o600},
		{n.path("config", "node.key"), certs.Key, 0o600},
		{n.CAFile, certs.CA, 0o644},
		{n.PasswordFile, []byte(rand.Text() + "\n"), 0o600},
	} {
		if err := os.MkdirAll(filepath.Dir(file.path), 0o700); err != nil {
			return fmt.Errorf("prepare elasticsearch: %w", err)
		}
		// A copy of the distribution's file may be read only: replace it.
		if err := os.RemoveAll(file.path); err != nil {
			return fmt.Errorf("prepare elasticsearch: %w", err)
		}
		if err := os.WriteFile(file.path, file.data, file.mode); err != nil {
			return fmt.Errorf("prepare elasticsearch: %w", err)
		}
	}
	return n.own()
}

// own gives the node's directory to its user.
func (n Node) own() error {
	if n.UID == 0 {
		return nil
	}
	err := filepath.WalkDir(n.Dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, n.UID, n.UID)
	})
	if err != nil {
		return fmt.Errorf("give %s to user %d: %w", n.Dir, n.UID, err)
	}
	return nil
}

func (n Node) path(parts ...string) string {
	return filepath.Join(append([]string{n.Dir}, parts...)...)
}

// URL is the node's address.
func (n Node) URL() string { return "https://127.0.0.1:" + strconv.Itoa(n.HTTP) }

// Keystore describes the command that stores the password where the node reads
// it; it takes it on standard input and ends.
func (n Node) Keystore() supervise.Spec {
	s := n.spec("keystore", filepath.Join(n.Distribution, "bin", "elasticsearch-keystore"), "add", "--force", "--stdin", "bootstrap.password")
	s.Stdin, s.Ends = n.PasswordFile, true
	return s
}

// Server describes the node's process: Elasticsearch's own launcher, which
// starts the server and passes signals on.
func (n Node) Server() supervise.Spec {
	s := n.spec("elasticsearch", filepath.Join(n.Distribution, "bin", "elasticsearch"))
	s.StopWithin = 30 * time.Second
	return s
}

func (n Node) spec(name string, command ...string) supervise.Spec {
	return supervise.Spec{
		Name: name, Command: command, Dir: n.Dir, Log: n.Log, UID: n.UID,
		Env: []string{
			"ES_JAVA_OPTS=" + os.Getenv("ES_JAVA_OPTS"), // the user's last word, on the heap for one
			"PATH=" + os.Getenv("PATH"),
			"HOME=" + n.Dir,
			"ES_JAVA_HOME=" + n.Java.Home,
			"ES_PATH_CONF=" + n.path("config"),
			"ES_TMPDIR=" + n.path("tmp"),
			"CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1", // the launcher lives too short for more
		},
	}
}

// Up is the gate of the node: it answers over TLS to the elastic user, its
// state is recovered and each shard it holds is there.
func (n Node) Up(within time.Duration) (supervise.Gate, error) {
	ca, err := os.ReadFile(n.CAFile)
	if err != nil {
		return supervise.Gate{}, fmt.Errorf("elasticsearch: %w", err)
	}
	password, err := os.ReadFile(n.PasswordFile)
	if err != nil {
		return supervise.Gate{}, fmt.Errorf("elasticsearch: %w", err)
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(ca) {
		return supervise.Gate{}, fmt.Errorf("elasticsearch: %s holds no certificate", n.CAFile)
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &asElastic{
		password: string(bytes.TrimSpace(password)),
		next:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, DisableKeepAlives: true},
	}}
	health := supervise.Answers(client, n.URL()+"/_cluster/health?wait_for_status=yellow&timeout=2s")
	who := supervise.Answers(client, n.URL()+"/_security/_authenticate")
	return supervise.Gate{
		What: "answering over TLS", Within: within, Every: 150 * time.Millisecond,
		Check: func(ctx context.Context) error {
			if err := health(ctx); err != nil {
				return err
			}
			return who(ctx)
		},
	}, nil
}

// asElastic adds the elastic user's password to requests.
type asElastic struct {
	password string
	next     http.RoundTripper
}

func (a *asElastic) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("elastic", a.password)
	return a.next.RoundTrip(r)
}
