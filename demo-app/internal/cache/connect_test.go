package cache

import (
	"strings"
	"testing"
)

// Each of these Redis answers a PING and cannot be worked with.
func TestARedisThatCannotBeWrittenToIsNotUsable(t *testing.T) {
	server, client := startRedis(t)
	config := func(name, value string) func() error {
		return func() error { return client.ConfigSet(t.Context(), name, value).Err() }
	}
	replicaOf := func(host, port string) func() error {
		return func() error { return client.ReplicaOf(t.Context(), host, port).Err() }
	}
	for _, row := range []struct {
		is          string
		spoil, mend func() error
		says        string
	}{
		{"full", config("maxmemory", "1"), config("maxmemory", "0"), "OOM"},
		{"a replica", replicaOf("127.0.0.1", "1"), replicaOf("NO", "ONE"), "READONLY"},
		{"one that waits for replicas", config("min-replicas-to-write", "1"), config("min-replicas-to-write", "0"), "NOREPLICAS"},
	} {
		t.Run(row.is, func(t *testing.T) {
			if err := row.spoil(); err != nil {
				t.Fatal(err)
			}
			if err := client.Ping(t.Context()).Err(); err != nil {
				t.Errorf("the control, a PING: %v", err)
			}
			err := Usable(t.Context(), client)
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), server.Password()) {
				t.Errorf("usable: %v, want %s", err, row.says)
			}
			if err := row.mend(); err != nil {
				t.Fatal(err)
			}
			if err := Usable(t.Context(), client); err != nil {
				t.Errorf("mended, and yet: %v", err)
			}
		})
	}
	if life := client.TTL(t.Context(), probeKey).Val(); life <= 0 || life > probeLife {
		t.Errorf("what a probe writes lives for %s", life)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := Usable(t.Context(), client); err == nil {
		t.Error("a Redis that is gone is usable")
	}
}
