package images

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// fakeLabel says of what an image holds a FAKE, and no program of its makers.
const fakeLabel = "plumbline.fake"

// kibana is a FAKE of Kibana where Kibana would be: see stack/containers/standin/kibana.
func (s Sources) kibana() Image {
	const home = "/usr/share/kibana"
	return Image{
		Official: "docker.elastic.co/kibana/kibana", Name: "standin/fake-kibana:" + s.Elastic, Key: s.fakesKey,
		User: "kibana", Number: 1000, Home: home,
		Config: []string{
			"LABEL " + fakeLabel + "=Kibana", "USER 1000", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "EXPOSE 5601",
			`ENTRYPOINT ["/bin/tini", "--"]`, `CMD ["/usr/local/bin/kibana-docker"]`,
		},
		Fill: func(t *tree) {
			t.file("usr/local/bin/kibana-docker", filepath.Join(s.fakes, "kibana"))
			t.text(home+"/package.json", 0o644, `{"name": "kibana", "version": "`+s.Elastic+`"}`)
			for _, dir := range []string{"config", "data", "logs"} {
				t.dir(home+"/"+dir, 0o775)
			}
		},
	}
}

// grafana is a FAKE of Grafana where Grafana would be: see stack/containers/standin/grafana.
func (s Sources) grafana() Image {
	const home = "/usr/share/grafana"
	return Image{
		Official: "grafana/grafana", Name: "standin/fake-grafana:" + s.settings["GRAFANA_VERSION"], Key: s.fakesKey,
		User: "grafana", Number: 472, Home: home, Small: true,
		Config: []string{"LABEL " + fakeLabel + "=Grafana", "USER 472", "WORKDIR " + home, "EXPOSE 3000", `ENTRYPOINT ["/run.sh"]`},
		Fill: func(t *tree) {
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

// fakes builds the programs of both into a directory, and says what they are made of.
func fakes(ctx context.Context, repository, into string) (key string, err error) {
	if err := os.MkdirAll(into, 0o700); err != nil {
		return "", fmt.Errorf("build the fakes: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-C", repository, "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", into+"/",
		"./stack/containers/standin/kibana", "./stack/containers/standin/grafana")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the fakes: %w\n%s", err, out)
	}
	sum := sha256.New()
	for _, name := range []string{"kibana", "grafana"} {
		text, err := os.ReadFile(filepath.Join(into, name))
		if err != nil {
			return "", fmt.Errorf("build the fakes: %w", err)
		}
		sum.Write(text)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
