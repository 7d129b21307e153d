package containers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeLabel says of what an image holds a FAKE, and no program of its makers.
const fakeLabel = "plumbline.fake"

// kibana is a FAKE of Kibana where Kibana would be: see standin/kibana.
func (s sources) kibana() image {
	const home = "/usr/share/kibana"
	return image{
		official: "docker.elastic.co/kibana/kibana", name: "standin/fake-kibana:" + s.Elastic, key: s.fakesKey,
		user: "kibana", number: 1000, home: home,
		config: []string{
			"LABEL " + fakeLabel + "=Kibana", "USER 1000", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "EXPOSE 5601",
			`ENTRYPOINT ["/bin/tini", "--"]`, `CMD ["/usr/local/bin/kibana-docker"]`,
		},
		fill: func(t *tree) {
			t.file("usr/local/bin/kibana-docker", filepath.Join(s.fakes, "kibana"))
			t.text(home+"/package.json", 0o644, `{"name": "kibana", "version": "`+s.Elastic+`"}`)
			for _, dir := range []string{"config", "data", "logs"} {
				t.dir(home+"/"+dir, 0o775)
			}
		},
	}
}

// grafana is a FAKE of Grafana where Grafana would be: see standin/grafana.
func (s sources) grafana() image {
	const home = "/usr/share/grafana"
	return image{
		official: "grafana/grafana", name: "standin/fake-grafana:" + s.settings["GRAFANA_VERSION"], key: s.fakesKey,
		user: "grafana", number: 472, home: home, small: true,
		config: []string{"LABEL " + fakeLabel + "=Grafana", "USER 472", "WORKDIR " + home, "EXPOSE 3000", `ENTRYPOINT ["/run.sh"]`},
		fill: func(t *tree) {
			t.text("run.sh", 0o755, "#!/bin/sh\nexec "+home+"/bin/grafana\n")
			t.file(home+"/bin/grafana", filepath.Join(s.fakes, "grafana"))
			for _, dir := range []string{"datasources", "dashboards", "alerting", "plugins"} {
				t.dir("etc/grafana/provisioning/"+dir, 0o755)
			}
			t.owned("var/lib/grafana", 0o777, 472)
			t.owned("var/log/grafana", 0o777, 472)
		},
	}
}

// fakes builds the programs of both, and says what they are made of.
func fakes(t *testing.T) (dir, key string) {
	t.Helper()
	dir = filepath.Join(cache(t), "fakes")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", dir+"/", "./standin/kibana", "./standin/grafana")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the fakes: %v\n%s", err, out)
	}
	sum := sha256.New()
	for _, name := range []string{"kibana", "grafana"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
	}
	return dir, fmt.Sprintf("%x", sum.Sum(nil))
}

// filled runs the service that brings something into a fake, which has to succeed
// without a request that the fake refuses. A request for what there is not shows
// that one would be seen.
func (p *project) filled(t *testing.T, setup, fake, nowhere string) {
	refused := func() string {
		var lines []string
		for line := range strings.Lines(p.do(t, "logs", "--no-log-prefix", fake)) {
			if strings.HasPrefix(line, "refused: ") {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	if code := p.shown(t, "run", "--rm", "--no-deps", "-T", setup); code != 0 {
		t.Errorf("%s: exit code %d", setup, code)
	}
	if lines := refused(); lines != "" {
		t.Errorf("the fake of %s has refused:\n%s", fake, lines)
	}
	if out, err := p.inside("curl", "--silent", "--max-time", "10", nowhere).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", nowhere, err, out)
	}
	await(t, "what it refuses to be seen", func() error {
		if !strings.Contains(refused(), "/nowhere") {
			return errors.New("no line of it")
		}
		return nil
	})
}
