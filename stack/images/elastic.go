package images

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// server is Elasticsearch on a Java of this machine.
func (s Sources) server() Image {
	const home = "/usr/share/elasticsearch"
	return Image{
		Official: "docker.elastic.co/elasticsearch/elasticsearch",
		Name:     "standin/elasticsearch:" + s.Elastic,
		Key:      filepath.Base(s.Elasticsearch) + s.java.String(),
		User:     "elasticsearch", Number: 1000, Home: home,
		Config: []string{
			"USER 1000:0", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "ENV PATH=" + home + "/bin:/usr/sbin:/usr/bin:/sbin:/bin", "EXPOSE 9200 9300",
			`ENTRYPOINT ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"]`, `CMD ["eswrapper"]`,
		},
		Fill: func(t *tree) {
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
func (s Sources) beat(name, program string) Image {
	home := "/usr/share/" + name
	return Image{
		Official: "docker.elastic.co/beats/" + name,
		Name:     "standin/" + name + ":" + s.Beats,
		Key:      filepath.Base(filepath.Dir(program)),
		User:     name, Number: 1000, Home: home,
		Config: []string{
			"USER 1000:0", "WORKDIR " + home, "ENV ELASTIC_CONTAINER=true", "ENV PATH=" + home + ":/usr/sbin:/usr/bin:/sbin:/bin",
			`ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/docker-entrypoint"]`, `CMD ["--environment=container"]`,
		},
		Fill: func(t *tree) {
			t.entrypoint("usr/local/bin/docker-entrypoint", "beat.sh", "@beat@", name)
			t.file(home+"/"+name, program)
			t.dir(home+"/data", 0o775)
			t.dir(home+"/logs", 0o775)
		},
	}
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
