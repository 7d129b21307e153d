package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// keeper is a StatefulSet, and what shows in its pod that data was kept: a command
// that stores something, and one that prints it.
type keeper struct{ workload, store, show, want string }

// kept restarts every StatefulSet: its pod is another one, its data are not.
func (s *stack) kept(t *testing.T) {
	const (
		elastic = `printf 'user = "elastic:%s"' "$ELASTIC_PASSWORD" | curl --silent --show-error --fail --config - --cacert config/certs/ca.crt "https://localhost:9200/`
		redis   = `REDISCLI_AUTH=$(cat /run/plumbline/passwords/redis.password) redis-cli `
		mariadb = `MYSQL_PWD=$(cat /run/plumbline/passwords/mariadb-root.password) mariadb --user=root --skip-column-names icat --execute `
	)
	for _, k := range []keeper{
		{"elasticsearch", "true", elastic + `logs-icat.access-default/_count?q=run.id:first&filter_path=count"`, fmt.Sprintf(`{"count":%d}`, first.attempts())},
		{"redis", redis + "set kept yes", redis + "get kept", "yes"},
		{"mariadb", mariadb + `"CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('yes')"`, mariadb + `"SELECT word FROM kept; DROP TABLE kept"`, "yes"},
	} {
		t.Run(k.workload, func(t *testing.T) {
			in := func(command string) string {
				return s.run(t, "--namespace=plumbline", "exec", k.workload+"-0", "--", "/bin/sh", "-c", command)
			}
			in(k.store)
			before := s.uid(t, k.workload+"-0")
			s.run(t, "--namespace=plumbline", "rollout", "restart", "statefulset/"+k.workload)
			s.run(t, "--namespace=plumbline", "rollout", "status", "--timeout=5m", "statefulset/"+k.workload)
			if s.uid(t, k.workload+"-0") == before {
				t.Error("the pod is the one of before")
			}
			if got := strings.TrimSpace(in(k.show)); got != k.want {
				t.Errorf("after the restart: %q, want %q", got, k.want)
			}
		})
	}
	s.settled(t)
}

func (s *stack) uid(t *testing.T, pod string) string {
	t.Helper()
	return s.run(t, "--namespace=plumbline", "get", "pod", pod, "--output=jsonpath={.metadata.uid}")
}
