package docker

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"plumbline/doctor"
)

// What compose.yaml is written for.
const (
	engineLeast  = "20.10"
	composeLeast = "2.24" // configs with content, depends_on with required
)

// Processors is the largest limit that compose.yaml sets; a test holds it.
const Processors = 2

// Memory that Docker needs for all of it at once, and what makes it comfortable.
const (
	memoryNeeded = 2560 << 20
	memoryGood   = 4 << 30
)

// What the stack takes on Docker's disk: Elasticsearch stops taking documents
// below the watermark, a run takes some, and so do the images if they have to
// come.
const (
	watermark  = 1 << 30
	runSpace   = 1 << 30
	imageSpace = 5 << 30
)

func (l *look) release() doctor.Finding {
	f := doctor.Finding{Check: "docker", Fix: "install Docker " + engineLeast + " or newer: https://docs.docker.com/engine/install/"}
	switch {
	case l.version.podman():
		f.Fix = "use Docker, or run the stack without containers: make demo"
		return f.With(doctor.Fail, "Podman %s answers: it keeps its containers' logs in other places and another form, so Filebeat would find none", l.version.Version)
	case !atLeast(l.version.Version, engineLeast):
		return f.With(doctor.Fail, "Docker %s is too old", l.version.Version)
	}
	return f.With(doctor.OK, "Docker %s, %s", l.version.Version, l.info.OperatingSystem)
}

func (l *look) compose(ctx context.Context) doctor.Finding {
	f := doctor.Finding{Check: "compose", Fix: "install the plugin docker-compose-plugin, " + composeLeast + " or newer: https://docs.docker.com/compose/install/"}
	version, err := l.Compose(ctx)
	switch {
	case errors.Is(err, errNoCommand):
		return f.With(doctor.Info, "there is no docker command here, so the version of compose is not known")
	case err != nil:
		return f.With(doctor.Fail, "docker compose does not run: %v", err)
	case !atLeast(version, composeLeast):
		return f.With(doctor.Fail, "compose %s is too old: it does not know all that compose.yaml uses", version)
	}
	return f.With(doctor.OK, "compose %s", strings.TrimPrefix(version, "v"))
}

// atLeast compares the first two numbers; what is no version is none.
func atLeast(version, least string) bool {
	have, want := numbers(version), numbers(least)
	return have[0] > want[0] || have[0] == want[0] && have[1] >= want[1]
}

func numbers(version string) (n [2]int) {
	m := regexp.MustCompile(`^v?(\d+)\.(\d+)`).FindStringSubmatch(version)
	for i := range min(len(m), 3) - 1 {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	return n
}

func (l *look) memory() doctor.Finding {
	f := doctor.Finding{Check: "memory", Fix: "a machine with 4 GiB or more; the stack without containers takes 1.4 GiB: make demo"}
	if l.info.desktop() {
		f.Fix = "Docker Desktop: Settings, Resources, Memory: 4 GB or more"
	}
	switch {
	case l.info.MemTotal < memoryNeeded:
		return f.With(doctor.Fail, "Docker has %s, the stack takes %s", gib(l.info.MemTotal), gib(memoryNeeded))
	case l.info.MemTotal < memoryGood:
		return f.With(doctor.Warn, "Docker has %s, %s is comfortable", gib(l.info.MemTotal), gib(memoryGood))
	}
	return f.With(doctor.OK, "Docker has %s", gib(l.info.MemTotal))
}

// processors: Docker refuses a service that may take more than there are.
func (l *look) processors() doctor.Finding {
	f := doctor.Finding{Check: "processors", Fix: "give Docker two or more; or set cpus: 1 for elasticsearch and kibana in a compose.override.yaml"}
	if l.info.NCPU < Processors {
		return f.With(doctor.Fail, "Docker has %d and refuses limits above that; compose.yaml has one of %d", l.info.NCPU, Processors)
	}
	return f.With(doctor.OK, "Docker has %d", l.info.NCPU)
}

// limits that the kernel does not keep are limits on paper only.
func (l *look) limits() doctor.Finding {
	f := doctor.Finding{Check: "limits", Fix: "a kernel with cgroup v2, or started with cgroup_enable=memory"}
	if l.info.rootless() {
		f.Fix = "rootless Docker needs cgroup v2 with delegation: https://docs.docker.com/engine/security/rootless/tips/"
	}
	var missing []string
	for _, limit := range []struct {
		name string
		kept bool
	}{{"memory", l.info.MemoryLimit}, {"processor time", l.info.CpuCfsQuota}, {"number of processes", l.info.PidsLimit}} {
		if !limit.kept {
			missing = append(missing, limit.name)
		}
	}
	if len(missing) > 0 {
		return f.With(doctor.Warn, "this Docker keeps no limit of %s: a service may take all there is", strings.Join(missing, ", "))
	}
	return f.With(doctor.OK, "limits of memory, processor time and processes are kept")
}

func (l *look) disk() doctor.Finding {
	f := doctor.Finding{Check: "disk", Fix: "docker system prune, after a look at docker system df; or move Docker's data to another disk"}
	need := uint64(watermark + runSpace)
	if !l.pulled() {
		need += imageSpace
	}
	at := l.info.DockerRootDir
	if l.inside() {
		at = "/" // a container's root is on Docker's disk
	} else if l.info.desktop() || !l.engine.local() {
		f.Fix = "from inside: docker run --rm --user 0 -v /var/run/docker.sock:/var/run/docker.sock plumbline/provisioner:dev doctor"
		return f.With(doctor.Info, "Docker's disk is in its own machine and cannot be seen from here; %s is needed", gib(need))
	}
	free, err := l.Free(at)
	switch {
	case err != nil:
		return f.With(doctor.Warn, "free space of %s: %v", at, err)
	case free < need:
		return f.With(doctor.Fail, "%s is free at %s, %s is needed: Elasticsearch stops taking documents near a full disk", gib(free), at, gib(need))
	}
	return f.With(doctor.OK, "%s free at %s, %s needed", gib(free), at, gib(need))
}

// pulled is whether the large images are there.
func (l *look) pulled() bool {
	for _, image := range l.images {
		for _, tag := range image.RepoTags {
			if strings.HasPrefix(tag, "docker.elastic.co/elasticsearch/") {
				return true
			}
		}
	}
	return false
}

// inside is whether we are in a container of this Docker: in one, and not where
// its data is.
func (l *look) inside() bool {
	_, none := l.Read("/.dockerenv")
	_, hidden := l.Free(l.info.DockerRootDir)
	return none == nil && hidden != nil
}

func (l *look) maps() doctor.Finding {
	const wanted = 262144
	f := doctor.Finding{Check: "vm.max_map_count", Fix: "nothing, unless you turn memory mapping on; then: sudo sysctl -w vm.max_map_count=262144"}
	text, err := l.Read("/proc/sys/vm/max_map_count")
	n, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil || bad != nil:
		return f.With(doctor.Info, "cannot be seen from here; any value will do, as compose.yaml turns memory mapping off")
	case n < wanted:
		return f.With(doctor.Info, "%d: enough, as compose.yaml turns memory mapping off (node.store.allow_mmap)", n)
	}
	return f.With(doctor.OK, "%d", n)
}

// logs are where Filebeat finds demo-app's lines.
func (l *look) logs() doctor.Finding {
	f := doctor.Finding{Check: "logs", Fix: "use Docker, or run the stack without containers: make demo"}
	if !has(l.info.Plugins.Log, "json-file") {
		return f.With(doctor.Fail, "this Docker has no log driver json-file, whose files Filebeat reads")
	}
	const usual = "/var/lib/docker/containers"
	looked := l.Getenv("DOCKER_CONTAINERS")
	if looked == "" {
		looked = usual
	}
	kept := path.Join(l.info.DockerRootDir, "containers")
	if path.Clean(looked) != kept {
		f.Fix = "export DOCKER_CONTAINERS=" + kept
		return f.With(doctor.Fail, "Docker keeps its containers' logs in %s, and Filebeat would look in %s", kept, looked)
	}
	if l.info.LoggingDriver != "json-file" {
		return f.With(doctor.OK, "in %s: compose.yaml asks for json-file, though this Docker's own choice is %s", kept, l.info.LoggingDriver)
	}
	return f.With(doctor.OK, "in %s", kept)
}

func has(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// stale finds data that was written under secrets which are gone: Elasticsearch
// keeps the password it was first given, and so does MariaDB.
func (l *look) stale() []doctor.Finding {
	const together = time.Minute // what one `up` makes
	made := map[string]time.Time{}
	for _, v := range l.volumes {
		made[v.of()] = v.CreatedAt
	}
	var found []doctor.Finding
	for _, pair := range []struct{ data, secrets, of string }{{"elasticsearch-data", "secrets", "Elasticsearch"}, {"mariadb-data", "parts", "MariaDB"}} {
		f := doctor.Finding{Check: "volume " + pair.data, Fix: "docker compose down --volumes, which deletes the data"}
		data, there := made[pair.data]
		secrets, kept := made[pair.secrets]
		switch {
		case there && !kept:
			found = append(found, f.With(doctor.Fail, "holds data of %s whose password is gone: the volume %s is not there", pair.of, pair.secrets))
		case there && secrets.Sub(data) > together:
			found = append(found, f.With(doctor.Fail, "holds data of %s from %s, and its password was made anew at %s", pair.of, data.Format(time.DateTime), secrets.Format(time.DateTime)))
		}
	}
	if len(found) > 0 {
		return found
	}
	kept := "none of an earlier run"
	if len(l.volumes) > 0 {
		kept = fmt.Sprintf("%d of an earlier run, with their passwords", len(l.volumes))
	}
	return []doctor.Finding{{Check: "volumes", Level: doctor.OK, Message: kept}}
}

func gib(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
