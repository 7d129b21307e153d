package containers

import (
	"path/filepath"
)

// prometheus is Prometheus, built from its module, with its tool.
func (s sources) prometheus() image {
	return image{
		official: "prom/prometheus", name: "standin/prometheus:" + s.Versions.Prometheus, key: filepath.Base(s.Programs.Prometheus),
		user: "nobody", number: 65534, home: "/home", small: true,
		config: []string{
			"USER nobody", "WORKDIR /prometheus", "EXPOSE 9090", `ENTRYPOINT ["/bin/prometheus"]`,
			`CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]`,
		},
		fill: func(t *tree) {
			for _, name := range []string{"prometheus", "promtool"} {
				t.file("usr/bin/"+name, filepath.Join(s.Programs.Prometheus, name))
			}
			t.owned("etc/prometheus", 0o755, 65534)
			t.owned("prometheus", 0o775, 65534)
		},
	}
}

// alertmanager is Alertmanager, likewise.
func (s sources) alertmanager() image {
	return image{
		official: "prom/alertmanager", name: "standin/alertmanager:" + s.Alertmanager, key: filepath.Base(s.Programs.Prometheus),
		user: "nobody", number: 65534, home: "/home", small: true,
		config: []string{
			"USER nobody", "WORKDIR /alertmanager", "EXPOSE 9093", `ENTRYPOINT ["/bin/alertmanager"]`,
			`CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]`,
		},
		fill: func(t *tree) {
			for _, name := range []string{"alertmanager", "amtool"} {
				t.file("usr/bin/"+name, filepath.Join(s.Programs.Prometheus, name))
			}
			t.owned("etc/alertmanager", 0o755, 65534)
			t.owned("alertmanager", 0o775, 65534)
		},
	}
}

// redis is Redis as this machine has it.
func redis() image {
	return image{
		official: "redis", name: "standin/redis:local", key: stamp("redis-server", "redis-cli"),
		user: "redis", number: 999, home: "/data",
		config: []string{"WORKDIR /data", `ENTRYPOINT ["redis-server"]`},
		fill: func(t *tree) {
			t.redis("")
			t.owned("data", 0o755, 999)
		},
	}
}

// haproxy is HAProxy as this machine has it.
func haproxy() image {
	return image{
		official: "haproxy", name: "standin/haproxy:local", key: stamp("haproxy"),
		user: "haproxy", number: 99, home: "/var/lib/haproxy",
		config: []string{"USER 99:99", `ENTRYPOINT ["haproxy"]`, `CMD ["-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`},
		fill: func(t *tree) {
			t.program("usr/sbin/haproxy", "haproxy")
			t.dir("usr/local/etc/haproxy", 0o755)
			t.dir("var/lib/haproxy", 0o755)
		},
	}
}

// mariadb is MariaDB as this machine has it.
func mariadb() image {
	return image{
		official: "mariadb", name: "standin/mariadb:local", key: stamp(append(mariadbPrograms(), "mariadbd")...),
		user: "mysql", number: 999, home: "/var/lib/mysql",
		config: []string{`ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]`, `CMD ["mariadbd"]`},
		fill: func(t *tree) {
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
