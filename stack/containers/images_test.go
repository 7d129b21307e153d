package containers

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:embed standin/*.sh
var entrypoints embed.FS

// image is a stand-in for one that cannot be pulled here: the same program, and
// what compose.yaml relies on of the official image: user, paths, entry point,
// settings by environment, bash and curl where the official one has them.
type image struct {
	official string   // which it stands in for, without a tag
	name     string   // what it is called here
	key      string   // changes with what it is made of, and not with where that is
	user     string   // the name of a user besides root, if there is one
	number   int      // that user's
	home     string   // and directory
	small    bool     // busybox is all there is beside the program
	config   []string // as in a Dockerfile
	fill     func(*tree)
}

// standIns are all that there are.
func (s sources) standIns() []image {
	return []image{
		s.server(), s.beat("filebeat", s.Filebeat), s.beat("metricbeat", s.Metricbeat), s.prometheus(), s.alertmanager(),
		redis(), haproxy(), mariadb(), s.kibana(), s.grafana(),
	}
}

// server is Elasticsearch on a Java of this machine.
func (s sources) server() image {
	const home = "/usr/share/elasticsearch"
	return image{
		official: "docker.elastic.co/elasticsearch/elasticsearch",
		name:     "standin/elasticsearch:" + s.Elastic,
		key:      filepath.Base(s.Elasticsearch) + s.java.String(),
		user:     "elasticsearch", number: 1000, home: home,
		config: []string{
			"USER 1000:0", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "ENV PATH=" + home + "/bin:/usr/sbin:/usr/bin:/sbin:/bin", "EXPOSE 9200 9300",
			`ENTRYPOINT ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"]`, `CMD ["eswrapper"]`,
		},
		fill: func(t *tree) {
			t.entrypoint("usr/local/bin/docker-entrypoint.sh", "elasticsearch.sh")
			t.inContainer(home+"/bin/elasticsearch-env", filepath.Join(s.Elasticsearch, "bin", "elasticsearch-env"))
			t.text(home+"/config/elasticsearch.yml", 0o664, "cluster.name: docker-cluster\nnetwork.host: 0.0.0.0\n")
			for _, dir := range []string{"config", "config/jvm.options.d", "data", "logs"} {
				t.dir(home+"/"+dir, 0o775)
			}
			t.copy(home, s.Elasticsearch, "*.bat", "*.exe")
			t.copy(home+"/jdk", s.java.Home, "jmods", "src.zip", "ct.sym", "include", "man", "docs", "legal", "demo")
			for _, name := range []string{"bin/java", "lib/server/libjvm.so", "lib/libjava.so", "lib/libnet.so", "lib/libnio.so", "lib/libzip.so", "lib/libmanagement_ext.so"} {
				t.libraries(filepath.Join(s.java.Home, name))
			}
		},
	}
}

// beat is Filebeat or Metricbeat.
func (s sources) beat(name, program string) image {
	home := "/usr/share/" + name
	return image{
		official: "docker.elastic.co/beats/" + name,
		name:     "standin/" + name + ":" + s.Beats,
		key:      filepath.Base(filepath.Dir(program)),
		user:     name, number: 1000, home: home,
		config: []string{
			"USER 1000:0", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "ENV PATH=" + home + ":/usr/sbin:/usr/bin:/sbin:/bin",
			`ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/docker-entrypoint"]`, `CMD ["--environment=container"]`,
		},
		fill: func(t *tree) {
			t.entrypoint("usr/local/bin/docker-entrypoint", "beat.sh", "@beat@", name)
			t.file(home+"/"+name, program)
			t.dir(home+"/data", 0o775)
			t.dir(home+"/logs", 0o775)
		},
	}
}

// compiler is the base of our own Dockerfile: this machine's Go, with the
// modules that go.mod names in place of a proxy, and this machine's packages in
// place of Debian's.
func (s sources) compiler(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^FROM .*(golang:\S+)`).FindSubmatch(text)
	if from == nil {
		t.Fatal("Dockerfile: no stage is FROM golang")
	}
	return image{
		name: os.Expand(string(from[1]), func(name string) string { return s.settings[name] }),
		key:  s.goName + s.modulesKey + mariadb().key + redis().key,
		config: []string{
			"WORKDIR /go", "ENV GOPATH=/go", "ENV GOTOOLCHAIN=local", "ENV PATH=/go/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"ENV GOPROXY=file:///standin/modules", "ENV GOSUMDB=off", // go.sum has the sums
		},
		fill: func(t *tree) {
			const authorities = "/etc/ssl/certs/ca-certificates.crt"
			t.file(authorities, authorities)
			t.dir("go", 0o777)
			for _, name := range []string{"VERSION", "go.env"} {
				t.file("usr/local/go/"+name, filepath.Join(s.goRoot, name))
			}
			for _, dir := range []string{"bin", "lib", "pkg", "src"} {
				t.copy("usr/local/go/"+dir, filepath.Join(s.goRoot, dir), "testdata", "*_test.go")
			}
			t.copy("standin/modules", s.modules)
			t.entrypoint("usr/bin/apt-get", "apt-get.sh")
			t.mariadb("standin/packages/mariadb-server")
			t.redis("standin/packages/redis-server")
		},
	}
}

// stamp changes when one of these programs does.
func stamp(programs ...string) string {
	var all strings.Builder
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if info, wrong := os.Stat(path); err == nil && wrong == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime())
		}
	}
	return all.String()
}

func (t *tree) entrypoint(name, script string, replace ...string) {
	text, err := entrypoints.ReadFile("standin/" + script)
	if err != nil {
		t.fail(err)
	}
	t.text(name, 0o755, strings.NewReplacer(replace...).Replace(string(text)))
}

// inContainer copies bin/elasticsearch-env and has it say that it runs in a
// container, as the official image does: then the launcher takes settings from
// the environment.
func (t *tree) inContainer(name, from string) {
	text, err := os.ReadFile(from)
	if err != nil {
		t.fail(err)
	}
	kind := regexp.MustCompile(`(?m)^ES_DISTRIBUTION_TYPE=.*$`)
	if !kind.Match(text) {
		t.fail(fmt.Errorf("%s names no distribution type", from))
	}
	t.text(name, 0o755, string(kind.ReplaceAll(text, []byte("ES_DISTRIBUTION_TYPE=docker"))))
}
