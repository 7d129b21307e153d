package kibanafake

import (
	"net/http"
	"strconv"
	"strings"
)

// status tells everybody whether Kibana is there, and those whom it knows its
// version. Before its plugins are up, another server answers in plain text.
func (k *Kibana) status(a *ask) {
	level, code := "available", http.StatusOK
	if k.starting > 0 {
		k.starting--
		if k.starting >= k.config.Starting/2 {
			a.w.Header().Set("Retry-After", "30")
			http.Error(a.w, "Kibana server is not ready yet", http.StatusServiceUnavailable)
			return
		}
		level, code = "unavailable", http.StatusServiceUnavailable
	}
	if a.account == nil {
		answer(a.w, code, map[string]any{"status": map[string]any{"overall": map[string]any{"level": level}}})
		return
	}
	overall := map[string]any{"level": level, "summary": "All services and plugins are " + level}
	if before(k.config.Version, "8.0") {
		overall = map[string]any{"state": "green", "title": "Green", "nickname": "Looking good"}
	}
	answer(a.w, code, map[string]any{
		"name": "fake", "uuid": "00000000-0000-4000-8000-000000000000",
		"version": map[string]any{"number": k.config.Version, "build_snapshot": false, "build_flavor": "traditional"},
		"status":  map[string]any{"overall": overall, "core": map[string]any{}, "plugins": map[string]any{}},
		"metrics": map[string]any{},
	})
}

// since is for what Kibana has from a version on.
func (k *Kibana) since(version string, next handler) handler {
	return func(a *ask) {
		if before(k.config.Version, version) {
			k.refuse(a, http.StatusNotFound, "Not Found")
			return
		}
		next(a)
	}
}

// before compares versions number by number; what is missing is 0.
func before(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		if i < len(bs) {
			y, _ = strconv.Atoi(bs[i])
		}
		if x != y {
			return x < y
		}
	}
	return false
}
