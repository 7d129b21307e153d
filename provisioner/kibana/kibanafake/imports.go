package kibanafake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	maxFile = 25 << 20 // bytes, savedObjects.maxImportPayloadBytes
	maxLine = 16 << 20
)

// A failure is why one object of an import was not taken.
type failure struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	Meta      map[string]any `json:"meta"`
	Error     map[string]any `json:"error"`
	Overwrite bool           `json:"overwrite,omitempty"`
}

// importObjects takes all objects of a file, or says for each one why not. A
// conflict or a missing reference keeps back the whole file, although the others
// are listed as successes then, too.
func (k *Kibana) importObjects(a *ask) {
	overwrite, ok := k.importOptions(a)
	if !ok {
		return
	}
	text, ok := k.file(a)
	if !ok {
		return
	}
	objects, ok := k.lines(a, text)
	if !ok {
		return
	}
	failures := k.unsupported(&objects)
	failures = append(failures, k.unreferenced(a.space, objects)...)
	if !overwrite {
		failures = append(failures, k.conflicts(a.space, objects)...)
	}
	kept := slices.ContainsFunc(failures, func(f failure) bool { return f.Error["type"] != "unsupported_type" })
	objects = slices.DeleteFunc(objects, func(o Object) bool {
		return slices.ContainsFunc(failures, func(f failure) bool { return f.Type == o.Type && f.ID == o.ID })
	})
	for _, o := range objects {
		if status, message := migrate(o, k.config.Version); status != 0 {
			k.refuse(a, status, message)
			return
		}
	}
	var successes []map[string]any
	for _, o := range objects {
		if message := validate(o); message != "" {
			failures = append(failures, failure{o.ID, o.Type, o.meta(), map[string]any{
				"type": "unknown", "statusCode": http.StatusBadRequest, "error": "Bad Request", "message": message,
			}, overwrite})
			continue
		}
		successes = append(successes, k.success(a.space, o, !kept))
	}
	body := map[string]any{"success": len(failures) == 0, "successCount": len(successes), "warnings": []any{}}
	if len(successes) > 0 {
		body["successResults"] = successes
	}
	if len(failures) > 0 {
		body["errors"] = failures
	}
	answer(a.w, http.StatusOK, body)
}

// success is an object that is taken. One that another space has by its id gets
// an id of its own.
func (k *Kibana) success(space string, o Object, store bool) map[string]any {
	said := map[string]any{"type": o.Type, "id": o.ID, "meta": o.meta(), "managed": o.Managed}
	if _, there := k.spaces[space].objects[o.key()]; there {
		said["overwrite"] = true
	} else if k.elsewhere(space, o) {
		k.made++
		o.OriginID, o.ID = o.ID, fmt.Sprintf("00000000-0000-4000-8000-%012d", k.made)
		said["destinationId"] = o.ID
	}
	if store {
		k.store(space, o)
	}
	return said
}

// conflicts are the objects that are there already.
func (k *Kibana) conflicts(space string, objects []Object) (failures []failure) {
	for _, o := range objects {
		if _, there := k.spaces[space].objects[o.key()]; there {
			failures = append(failures, failure{o.ID, o.Type, o.meta(), map[string]any{"type": "conflict"}, false})
		}
	}
	return failures
}

func (k *Kibana) importOptions(a *ask) (overwrite, ok bool) {
	given := map[string]bool{}
	for name, values := range a.r.URL.Query() {
		value, err := strconv.ParseBool(values[0])
		if err != nil || !slices.Contains([]string{"overwrite", "createNewCopies", "compatibilityMode"}, name) {
			k.refuse(a, http.StatusBadRequest, "[request query."+name+"]: definition for this key is missing")
			return false, false
		}
		given[name] = value
	}
	if given["overwrite"] && given["createNewCopies"] {
		k.refuse(a, http.StatusBadRequest, "[request query]: cannot use [overwrite] with [createNewCopies]")
		return false, false
	}
	return given["overwrite"], true
}

// file is the part of the form that is named so.
func (k *Kibana) file(a *ask) ([]byte, bool) {
	kind, params, err := mime.ParseMediaType(a.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		k.refuse(a, http.StatusUnsupportedMediaType, "Unsupported Media Type")
		return nil, false
	}
	part, err := multipart.NewReader(a.r.Body, params["boundary"]).NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		k.refuse(a, http.StatusBadRequest, "[request body.file]: expected value of type [Stream] but got [undefined]")
		return nil, false
	}
	if extension := strings.ToLower(path.Ext(part.FileName())); extension != ".ndjson" {
		k.refuse(a, http.StatusBadRequest, "Invalid file extension "+extension)
		return nil, false
	}
	text, err := io.ReadAll(io.LimitReader(part, maxFile+1))
	switch {
	case err != nil:
		k.refuse(a, http.StatusBadRequest, err.Error())
	case len(text) > maxFile:
		k.refuse(a, http.StatusRequestEntityTooLarge, "Payload content length greater than maximum allowed: "+strconv.Itoa(maxFile))
	default:
		return text, true
	}
	return nil, false
}

// lines reads one object from each line; the line that ends an export is none.
func (k *Kibana) lines(a *ask, text []byte) (objects []Object, ok bool) {
	seen := map[string]bool{}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 || bytes.Contains(line, []byte(`"exportedCount"`)) {
			continue
		}
		var o Object
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&o); err != nil {
			k.refuse(a, http.StatusBadRequest, err.Error())
			return nil, false
		}
		if seen[o.key()] {
			k.refuse(a, http.StatusBadRequest, "Non-unique import objects detected: ["+o.key()+"]")
			return nil, false
		}
		seen[o.key()] = true
		objects = append(objects, o)
	}
	if err := scanner.Err(); err != nil {
		k.refuse(a, http.StatusBadRequest, err.Error())
		return nil, false
	}
	return objects, true
}

// unsupported takes out the objects of types that nobody may import.
func (k *Kibana) unsupported(objects *[]Object) (failures []failure) {
	*objects = slices.DeleteFunc(*objects, func(o Object) bool {
		if _, known := kinds[o.Type]; known {
			return false
		}
		failures = append(failures, failure{o.ID, o.Type, o.meta(), map[string]any{"type": "unsupported_type"}, false})
		return true
	})
	return failures
}

// unreferenced finds objects that refer to a data view or a saved search that is
// neither in the file nor in the space. Other references are not looked at.
func (k *Kibana) unreferenced(space string, objects []Object) (failures []failure) {
	for _, o := range objects {
		var missing []map[string]any
		for _, r := range o.References {
			key := r.Type + ":" + r.ID
			_, there := k.spaces[space].objects[key]
			if r.Type != "index-pattern" && r.Type != "search" || there ||
				slices.ContainsFunc(objects, func(other Object) bool { return other.key() == key }) ||
				slices.ContainsFunc(missing, func(m map[string]any) bool { return m["type"] == r.Type && m["id"] == r.ID }) {
				continue
			}
			missing = append(missing, map[string]any{"type": r.Type, "id": r.ID})
		}
		if len(missing) > 0 {
			failures = append(failures, failure{o.ID, o.Type, o.meta(), map[string]any{"type": "missing_references", "references": missing}, false})
		}
	}
	return failures
}

// store keeps an object in the form that this Kibana writes.
func (k *Kibana) store(space string, o Object) {
	if k.config.Stores != nil {
		o.Attributes = maps.Clone(o.Attributes)
		k.config.Stores(o.Type, o.Attributes)
	}
	newest := kinds[o.Type].newest(k.config.Version)
	o.CoreMigrationVersion, o.TypeMigrationVersion = newestCore, &newest
	k.writes++
	o.Version = "WzE" + strconv.Itoa(k.writes) + "LDFd"
	o.UpdatedAt, o.CreatedAt = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"
	o.UpdatedBy, o.CreatedBy = "u_fake_0", "u_fake_0"
	k.spaces[space].objects[o.key()] = o
	delete(k.spaces[space].bodies, o.ID)
}
