package kibanafake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// target names a saved object.
type target struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// exportObjects writes the objects that are named, with includeReferencesDeep
// all that they refer to as well, a line each, and one line about them.
func (k *Kibana) exportObjects(a *ask) {
	var body struct {
		Objects               []target
		IncludeReferencesDeep bool
		ExcludeExportDetails  bool
	}
	if !k.decode(a, &body) {
		return
	}
	if len(body.Objects) == 0 {
		k.refuse(a, http.StatusBadRequest, "Either `type` or `objects` are required.")
		return
	}
	found := map[target]Object{}
	var absent []map[string]any
	for _, t := range body.Objects {
		if _, known := kinds[t.Type]; !known {
			k.refuse(a, http.StatusBadRequest, fmt.Sprintf("Trying to export object(s) with non-exportable types: %s:%s", t.Type, t.ID))
			return
		}
		o, there := k.spaces[a.space].objects[t.Type+":"+t.ID]
		if !there {
			absent = append(absent, map[string]any{"type": t.Type, "id": t.ID, "error": map[string]any{
				"statusCode": http.StatusNotFound, "error": "Not Found", "message": fmt.Sprintf("Saved object [%s/%s] not found", t.Type, t.ID),
			}})
			continue
		}
		found[t] = o
	}
	if len(absent) > 0 {
		k.fail(a, http.StatusBadRequest, "Error fetching objects to export", map[string]any{"objects": absent})
		return
	}
	missing := []target{}
	if body.IncludeReferencesDeep {
		missing = k.follow(a.space, found)
	}
	all := make([]Object, 0, len(found))
	for _, o := range found {
		all = append(all, o)
	}
	// What is referred to comes first.
	slices.SortFunc(all, func(a, b Object) int {
		return cmp.Or(len(a.References)-len(b.References), cmp.Compare(a.key(), b.key()))
	})
	a.w.Header().Set("Content-Type", "application/ndjson")
	a.w.Header().Set("Content-Disposition", `attachment; filename="export.ndjson"`)
	encoder := json.NewEncoder(a.w)
	encoder.SetEscapeHTML(false)
	for _, o := range all {
		_ = encoder.Encode(o)
	}
	if !body.ExcludeExportDetails {
		_ = encoder.Encode(map[string]any{
			"exportedCount": len(all), "missingRefCount": len(missing), "missingReferences": missing, "excludedObjects": []any{}, "excludedObjectsCount": 0,
		})
	}
}

// follow adds what the objects refer to, and returns what is not there.
func (k *Kibana) follow(space string, found map[target]Object) []target {
	missing := []target{}
	for more := true; more; {
		more = false
		for _, o := range found {
			for _, r := range o.References {
				t := target{r.Type, r.ID}
				if _, have := found[t]; have || slices.Contains(missing, t) {
					continue
				}
				other, there := k.spaces[space].objects[t.Type+":"+t.ID]
				if !there {
					missing = append(missing, t)
					continue
				}
				found[t], more = other, true
			}
		}
	}
	return missing
}
