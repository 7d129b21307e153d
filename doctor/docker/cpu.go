package docker

import (
	"regexp"
	"slices"
	"strings"

	"plumbline/doctor"
)

// java are the options that a processor with SVE takes Elasticsearch's Java by
// surprise without; CLI_JAVA_OPTS is for the tools beside the server.
const java = "export ES_JAVA_OPTS=-XX:UseSVE=0 CLI_JAVA_OPTS=-XX:UseSVE=0"

// cpu looks for what Elastic's images ask of a processor, and for the one on
// which Java dies: Apple's M4 shows SVE in a form that older ones do not
// understand.
func (l *look) cpu() doctor.Finding {
	f := doctor.Finding{Check: "processor"}
	if platform := l.Getenv("DOCKER_DEFAULT_PLATFORM"); platform != "" && !native(platform, l.info.Architecture) {
		f.Fix = "unset DOCKER_DEFAULT_PLATFORM"
		return f.With(doctor.Warn, "DOCKER_DEFAULT_PLATFORM asks for %s, and this is %s: everything is emulated, many times slower", platform, l.info.Architecture)
	}
	text, err := l.Read("/proc/cpuinfo")
	flags := flags(string(text))
	switch {
	case err != nil && l.info.Architecture == "aarch64":
		f.Fix = "if Elasticsearch ends with SIGILL: " + java
		return f.With(doctor.Info, "aarch64; whether it has SVE cannot be seen from here")
	case err != nil:
		return f.With(doctor.OK, "%s", l.info.Architecture)
	case l.info.Architecture == "aarch64" && slices.Contains(flags, "sve"):
		f.Fix = java
		if l.Elastic != "" && !atLeast(l.Elastic, "8.17") {
			return f.With(doctor.Fail, "aarch64 with SVE: Java of Elasticsearch %s may die of SIGILL on it", l.Elastic)
		}
		f.Fix = "only if Elasticsearch ends with SIGILL: " + java
		return f.With(doctor.Info, "aarch64 with SVE: from 8.17 on Java knows it")
	case l.info.Architecture == "x86_64":
		for _, flag := range []string{"ssse3", "sse4_2", "popcnt", "cx16"} {
			if !slices.Contains(flags, flag) {
				f.Fix = "another machine; in a virtual one, let the guest see the host's processor (-cpu host)"
				return f.With(doctor.Fail, "lacks %s: the system in Elastic's images needs x86-64-v2", flag)
			}
		}
	}
	return f.With(doctor.OK, "%s has what Elastic's images need", l.info.Architecture)
}

// native is whether a platform such as linux/arm64 is the machine's own.
func native(platform, architecture string) bool {
	own := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[architecture]
	return own != "" && strings.Contains(platform+"/", "/"+own+"/")
}

// flags are what /proc/cpuinfo says that the first processor can.
func flags(cpuinfo string) []string {
	m := regexp.MustCompile(`(?m)^(?:flags|Features)\s*: (.*)$`).FindStringSubmatch(cpuinfo)
	if m == nil {
		return nil
	}
	return strings.Fields(m[1])
}
