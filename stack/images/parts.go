package images

import (
	"path/filepath"
)

// prometheus is Prometheus, built from its module, with its tool.
func (s Sources) prometheus() Image {
	return Image{
		Official: "prom/prometheus", Name: "standin/prometheus:" + s.Versions.Prometheus, Key: filepath.Base(s.Programs.Prometheus),
		User: "nobody", Number: 65534, Home: "/home", Small: true,
		Config: []string{
			"USER nobody", "WORKDIR /prometheus", "EXPOSE 9090", `ENTRYPOINT ["/bin/prometheus"]`,
			`CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]`,
		},
		Fill: func(t *tree) {
			for _, name := range []string{"prometheus", "promtool"} {
				t.file("usr/bin/"+name, filepath.Join(s.Programs.Prometheus, name))
			}
			t.owned("etc/prometheus", 0o755, 65534)
			t.owned("prometheus", 0o775, 65534)
		},
	}
}

// alertmanager is Alertmanager, likewise.
func (s Sources) alertmanager() Image {
	return Image{
		Official: "prom/alertmanager", Name: "standin/alertmanager:" + s.Alertmanager, Key: filepath.Base(s.Programs.Prometheus),
		User: "nobody", Number: 65534, Home: "/home", Small: true,
		Config: []string{
			"USER nobody", "WORKDIR /alertmanager", "EXPOSE 9093", `ENTRYPOINT ["/bin/alertmanager"]`,
			`CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]`,
		},
		Fill: func(t *tree) {
			for _, name := range []string{"alertmanager", "amtool"} {
				t.file("usr/bin/"+name, filepath.Join(s.Programs.Prometheus, name))
			}
			t.owned("etc/alertmanager", 0o755, 65534)
			t.owned("alertmanager", 0o775, 65534)
		},
	}
}

// redis is Redis as this machine has it.
func redis() Image {
	return Image{
		Official: "redis", Name: "standin/redis:local", Key: stamp("redis-server", "redis-cli"),
		User: "redis", Number: 999, Home: "/data",
		Config: []string{"WORKDIR /data", `ENTRYPOINT ["redis-server"]`},
		Fill: func(t *tree) {
			t.redis("")
			t.owned("data", 0o755, 999)
		},
	}
}

// haproxy is HAProxy as this machine has it.
func haproxy() Image {
	return Image{
		Official: "haproxy", Name: "standin/haproxy:local", Key: stamp("haproxy"),
		User: "haproxy", Number: 99, Home: "/var/lib/haproxy",
		Config: []string{"USER 99:99", `ENTRYPOINT ["haproxy"]`, `CMD ["-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`},
		Fill: func(t *tree) {
			t.program("usr/sbin/haproxy", "haproxy")
			t.dir("usr/local/etc/haproxy", 0o755)
			t.dir("var/lib/haproxy", 0o755)
		},
	}
}

// mariadb is MariaDB as this machine has it.
func mariadb() Image {
	return Image{
		Official: "mariadb", Name: "standin/mariadb:local", Key: stamp(append(mariadbPrograms(), "mariadbd")...),
		User: "mysql", Number: 999, Home: "/var/lib/mysql",
		Config: []string{`ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]`, `CMD ["mariadbd"]`},
		Fill: func(t *tree) {
			t.mariadb("")
			t.entrypoint("usr/local/bin/docker-entrypoint.sh", "mariadb.sh")
			t.entrypoint("usr/local/bin/healthcheck.sh", "mariadb-healthcheck.sh")
			t.owned("var/lib/mysql", 0o755, 999)
			t.dir("run/mysqld", 0o1777)
		},
	}
}

func mariadbPrograms() []string {
	return []string{"mariadb", "mariadb-admin", "mariadb-install-db", "my_print_defaults", "resolveip"}
}

// mariadb writes MariaDB's files below a directory, "" for the root.
func (t *tree) mariadb(under string) {
	t.program(under+"/usr/sbin/mariadbd", "mariadbd")
	for _, name := range mariadbPrograms() {
		t.program(under+"/usr/bin/"+name, name)
	}
	t.copy(under+"/usr/share/mysql", "/usr/share/mysql")
}

// redis writes those of Redis.
func (t *tree) redis(under string) {
	t.program(under+"/usr/bin/redis-server", "redis-server")
	t.program(under+"/usr/bin/redis-cli", "redis-cli")
}
