package docker

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/doctor"
)

func TestAFitMachineHasNothingToPutRight(t *testing.T) {
	found := fit(t).examine(t)
	for _, check := range []string{"docker", "compose", "memory", "processors", "limits", "disk", "vm.max_map_count", "processor", "logs", "ports", "volumes"} {
		if f, there := found[check]; !there || f.Level != doctor.OK {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if len(found) != 11 {
		t.Errorf("%d findings: %+v", len(found), found)
	}
}

func made(name, when string) map[string]any {
	return map[string]any{"Name": "plumbline_" + name, "CreatedAt": when, "Driver": "local", "Scope": "local", "Options": nil,
		"Mountpoint": "/var/lib/docker/volumes/plumbline_" + name + "/_data",
		"Labels":     map[string]string{"com.docker.compose.project": "plumbline", "com.docker.compose.volume": name}}
}

func TestEachFinding(t *testing.T) {
	type change = func(*machine)
	for _, row := range []struct {
		proves string
		change change
		check  string
		level  doctor.Level
		want   string // in message and fix
	}{
		{"an engine that is too old", func(m *machine) { m.version["Version"] = "19.03.15" }, "docker", doctor.Fail, "19.03.15 is too old"},
		{"a new one is fine", func(m *machine) { m.version["Version"] = "29.1.2" }, "docker", doctor.OK, "29.1.2"},
		{"a version of no form", func(m *machine) { m.version["Version"] = "dev" }, "docker", doctor.Fail, "dev is too old"},
		{"Podman in Docker's clothes", func(m *machine) {
			m.version["Components"] = []map[string]string{{"Name": "Podman Engine", "Version": "5.4.0"}}
		}, "docker", doctor.Fail, "make demo"},

		{"no compose", func(m *machine) { m.options.Compose = says("", errors.New("exit status 1")) }, "compose", doctor.Fail, "docker-compose-plugin"},
		{"an old compose", func(m *machine) { m.options.Compose = says("2.17.3", nil) }, "compose", doctor.Fail, "2.17.3 is too old"},
		{"a new one, with its letter", func(m *machine) { m.options.Compose = says("v5.0.1", nil) }, "compose", doctor.OK, "compose 5.0.1"},
		{"one that cannot be asked", func(m *machine) { m.options.Compose = says("", errNoCommand) }, "compose", doctor.Info, "not known"},

		{"too little memory", func(m *machine) { m.info["MemTotal"] = 2 << 30 }, "memory", doctor.Fail, "Docker has 2.0 GiB, the stack takes 2.5 GiB"},
		{"little memory", func(m *machine) { m.info["MemTotal"] = 3 << 30 }, "memory", doctor.Warn, "4.0 GiB is comfortable"},
		{"little memory in a virtual machine is a setting", func(m *machine) {
			m.info["MemTotal"], m.info["OperatingSystem"] = 2<<30, "Docker Desktop"
		}, "memory", doctor.Fail, "Settings, Resources, Memory"},
		{"one processor", func(m *machine) { m.info["NCPU"] = 1 }, "processors", doctor.Fail, "cpus: 1"},
		{"limits that nobody keeps", func(m *machine) { m.info["MemoryLimit"], m.info["PidsLimit"] = false, false }, "limits", doctor.Warn, "memory, number of processes"},
		{"without root, limits are a matter of delegation", func(m *machine) {
			m.info["MemoryLimit"], m.info["SecurityOptions"] = false, []string{"name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"}
		}, "limits", doctor.Warn, "delegation"},

		{"a full disk", func(m *machine) { m.options.Free = freeIs(1 << 30) }, "disk", doctor.Fail, "1.0 GiB is free at /var/lib/docker, 7.0 GiB is needed"},
		{"with the images there it need not be as large", func(m *machine) {
			m.options.Free = freeIs(3 << 30)
			m.images = []map[string]any{{"RepoTags": []string{"docker.elastic.co/elasticsearch/elasticsearch:8.19.7"}}}
		}, "disk", doctor.OK, "2.0 GiB needed"},
		{"a disk that cannot be asked", func(m *machine) { m.options.Free = func(string) (uint64, error) { return 0, errNoDisk } }, "disk", doctor.Warn, "no such disk"},
		{"the disk of a virtual machine", func(m *machine) { m.info["OperatingSystem"] = "Docker Desktop" }, "disk", doctor.Info, "docker run --rm --user 0"},
		{"which is this one's from inside", func(m *machine) {
			m.info["OperatingSystem"] = "Docker Desktop"
			m.insideOf()
		}, "disk", doctor.OK, "free at /,"},

		{"a small vm.max_map_count is enough", func(m *machine) { m.files["/proc/sys/vm/max_map_count"] = "65530\n" }, "vm.max_map_count", doctor.Info, "65530: enough"},
		{"and so is an unknown one", func(m *machine) { delete(m.files, "/proc/sys/vm/max_map_count") }, "vm.max_map_count", doctor.Info, "any value will do"},

		{"an old processor", func(m *machine) { m.files["/proc/cpuinfo"] = "flags : fpu ssse3 cx16\n" }, "processor", doctor.Fail, "lacks sse4_2"},
		{"Apple's M4 under an old Elasticsearch", func(m *machine) {
			m.info["Architecture"], m.files["/proc/cpuinfo"], m.options.Elastic = "aarch64", "Features\t: fp asimd sve sme\n", "8.15.3"
		}, "processor", doctor.Fail, "-XX:UseSVE=0"},
		{"and under a newer one", func(m *machine) {
			m.info["Architecture"], m.files["/proc/cpuinfo"], m.options.Elastic = "aarch64", "Features\t: fp asimd sve sme\n", "8.19.7"
		}, "processor", doctor.Info, "-XX:UseSVE=0"},
		{"another arm is fine", func(m *machine) {
			m.info["Architecture"], m.files["/proc/cpuinfo"] = "aarch64", "Features\t: fp asimd\n"
		}, "processor", doctor.OK, "aarch64"},
		{"a Mac, seen from outside", func(m *machine) {
			m.info["Architecture"] = "aarch64"
			delete(m.files, "/proc/cpuinfo")
		}, "processor", doctor.Info, "SIGILL"},
		{"an emulated processor", func(m *machine) { m.env["DOCKER_DEFAULT_PLATFORM"] = "linux/arm64" }, "processor", doctor.Warn, "unset DOCKER_DEFAULT_PLATFORM"},
		{"one's own is not emulated", func(m *machine) { m.env["DOCKER_DEFAULT_PLATFORM"] = "linux/amd64/v2" }, "processor", doctor.OK, "x86_64"},

		{"no log files", func(m *machine) { m.info["Plugins"] = map[string]any{"Log": []string{"journald"}} }, "logs", doctor.Fail, "no log driver json-file"},
		{"logs elsewhere", func(m *machine) { m.info["DockerRootDir"] = "/home/ada/.local/share/docker" }, "logs", doctor.Fail, "export DOCKER_CONTAINERS=/home/ada/.local/share/docker/containers"},
		{"logs elsewhere, as was said", func(m *machine) {
			m.info["DockerRootDir"], m.env["DOCKER_CONTAINERS"] = "/home/ada/.local/share/docker", "/home/ada/.local/share/docker/containers/"
		}, "logs", doctor.OK, "/home/ada"},
		{"another driver by default does no harm", func(m *machine) { m.info["LoggingDriver"] = "journald" }, "logs", doctor.OK, "own choice is journald"},

		{"a busy port", func(m *machine) { m.busy[5601] = syscall.EADDRINUSE }, "port 5601", doctor.Fail, "kibana wants port 5601, but something listens there"},
		{"a busy port says how to move", func(m *machine) { m.busy[5601] = syscall.EADDRINUSE }, "port 5601", doctor.Fail, "KIBANA_PORT=15601 docker compose up"},
		{"our own container's is not busy", func(m *machine) {
			m.busy[5601] = syscall.EADDRINUSE
			m.containers = []map[string]any{{"State": "running", "Labels": map[string]string{"com.docker.compose.service": "kibana"},
				"Ports": []map[string]any{{"IP": "127.0.0.1", "PrivatePort": 5601, "PublicPort": 5601, "Type": "tcp"}}}}
		}, "ports", doctor.OK, "5601 (ours)"},
		{"a port that was moved", func(m *machine) { m.busy[5601], m.env["KIBANA_PORT"] = syscall.EADDRINUSE, "15601" }, "ports", doctor.OK, "15601"},
		{"a range of ports", func(m *machine) { m.busy[8012], m.env["DEMO_APP_PORT"] = syscall.EADDRINUSE, "8010-8012" }, "port 8012", doctor.Fail, "demo-app wants port 8012"},
		{"a port that is none", func(m *machine) { m.env["KIBANA_PORT"] = "kibana" }, "KIBANA_PORT", doctor.Fail, `KIBANA_PORT="kibana" is neither`},
		{"a port below 1024 without rights", func(m *machine) { m.busy[80], m.env["BOARD_PORT"] = syscall.EACCES, "80" }, "port 80", doctor.Fail, "permission denied"},
		{"ports from inside a container", (*machine).insideOf, "ports", doctor.Info, "cannot be seen"},
		{"a Docker within a container is seen whole", func(m *machine) { m.files["/.dockerenv"] = "" }, "ports", doctor.OK, "free"},

		{"data whose password is gone", func(m *machine) {
			m.volumes = []map[string]any{made("elasticsearch-data", "2026-11-01T10:00:00Z")}
		}, "volume elasticsearch-data", doctor.Fail, "docker compose down --volumes"},
		{"data older than its password", func(m *machine) {
			m.volumes = []map[string]any{made("elasticsearch-data", "2026-11-01T10:00:00Z"), made("secrets", "2026-11-02T10:00:00+01:00")}
		}, "volume elasticsearch-data", doctor.Fail, "made anew at 2026-11-02"},
		{"MariaDB's, too", func(m *machine) {
			m.volumes = []map[string]any{made("mariadb-data", "2026-11-01T10:00:00Z"), made("parts", "2026-11-01T10:05:00Z")}
		}, "volume mariadb-data", doctor.Fail, "MariaDB"},
		{"data with the password of its day", func(m *machine) {
			m.volumes = []map[string]any{made("secrets", "2026-11-01T10:00:07Z"), made("elasticsearch-data", "2026-11-01T10:00:00Z")}
		}, "volumes", doctor.OK, "2 of an earlier run"},
		{"MariaDB added to an older stack", func(m *machine) {
			m.volumes = []map[string]any{made("parts", "2026-11-01T10:00:00Z"), made("mariadb-data", "2026-11-09T10:00:00Z")}
		}, "volumes", doctor.OK, "2 of an earlier run"},

		{"a Docker that answers with errors", func(m *machine) { m.status = 500 }, "docker", doctor.Fail, "500 Internal Server Error it is not well"},
		{"another project's things are not asked for", func(m *machine) { m.options.Project, m.project = "mine", "mine" }, "volumes", doctor.OK, "none"},
		{"a Docker that is not there", func(m *machine) { m.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock" }, "docker", doctor.Fail, "no Docker: there is no unix:///nowhere/docker.sock"},
		{"a Docker that cannot be asked", func(m *machine) { m.env["DOCKER_HOST"] = "ssh://elsewhere" }, "docker", doctor.Fail, "only unix:// and tcp://"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			m := fit(t)
			row.change(m)
			f, there := m.examine(t)[row.check]
			if !there || f.Level != row.level || !strings.Contains(f.Message+"\n"+f.Fix, row.want) {
				t.Errorf("%s: %+v, want %s with %q", row.check, f, row.level, row.want)
			}
		})
	}
}

func says(version string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return version, err }
}

func freeIs(bytes uint64) func(string) (uint64, error) {
	return func(string) (uint64, error) { return bytes, nil }
}

func TestASocketWithoutADaemon(t *testing.T) {
	dir, err := os.MkdirTemp("", "docker")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "docker.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	m := fit(t)
	m.env["DOCKER_HOST"] = "unix://" + socket
	if f := m.examine(t)["docker"]; f.Level != doctor.Fail || !strings.Contains(f.Message, "does not run") || !strings.Contains(f.Fix, "systemctl start docker") {
		t.Errorf("%+v", f)
	}
}

func TestAddressIsWhereTheCommandWouldLook(t *testing.T) {
	home := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(home, ".docker", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const usual = "unix:///var/run/docker.sock"
	look := func(env map[string]string) string {
		env["HOME"] = home
		return address(func(name string) string { return env[name] })
	}
	if got := look(map[string]string{}); got != usual {
		t.Errorf("without settings: %s", got)
	}
	write("config.json", `{"currentContext": "desktop-linux"}`)
	if got := look(map[string]string{}); got != usual {
		t.Errorf("with a context that is not there: %s", got)
	}
	write("contexts/meta/fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e/meta.json",
		`{"Name":"desktop-linux","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///home/ada/.docker/desktop/docker.sock","SkipTLSVerify":false}}}`)
	if got := look(map[string]string{}); got != "unix:///home/ada/.docker/desktop/docker.sock" {
		t.Errorf("with the context of Docker Desktop: %s", got)
	}
	if got := look(map[string]string{"DOCKER_CONTEXT": "default"}); got != usual {
		t.Errorf("with another context: %s", got)
	}
	if got := look(map[string]string{"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}); got != "unix:///run/user/1000/docker.sock" {
		t.Errorf("with DOCKER_HOST: %s", got)
	}
}

// The zero value looks at this machine, whatever it is like.
func TestExamineWorksHere(t *testing.T) {
	all := Examine(t.Context(), Options{})
	if len(all) == 0 || all[0].Check != "docker" {
		t.Errorf("%+v", all)
	}
	if n, err := free("."); err != nil || n == 0 {
		t.Errorf("free: %d, %v", n, err)
	}
}
