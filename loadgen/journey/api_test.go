package journey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// api is what a correct API would say, worked out from the facility and the
// catalogue's own parsers, not from what the journeys expect. It does not look
// whether creations are unique.
type api struct {
	f       *facility.Facility
	now     time.Time
	ids     map[string]int64 // of users
	created map[int64]bool   // datasets
	dataset map[int64]int64  // investigation of a dataset
	file    []int64          // investigation of datafile i+1
}

func newAPI(f *facility.Facility, now time.Time) *api {
	a := &api{f: f, now: now, ids: map[string]int64{icat.Anonymous: facility.Anonymous}, created: map[int64]bool{}, dataset: map[int64]int64{}, file: make([]int64, f.Scale.Datafiles)}
	for _, u := range f.Users() {
		a.ids[u.Name] = u.ID
	}
	for _, v := range f.Investigations() {
		for _, id := range f.DatasetsOf(v.ID) {
			a.dataset[id] = v.ID
			for first, n := f.DatafilesOf(id); n > 0; n-- {
				a.file[first-1+int64(n)-1] = v.ID
			}
		}
	}
	return a
}

// answer returns status, body and, of a 400, why.
func (a *api) answer(r Request) (status int, body []byte, why error) {
	u, err := url.Parse(r.Path)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	if name := parts[len(parts)-1]; parts[0] == "icat" {
		if _, known := a.ids[name]; !known || name == icat.Anonymous {
			return http.StatusNotFound, nil, nil
		}
		return http.StatusOK, nil, nil
	}
	if r.Method == http.MethodPost && parts[0] == "sessions" {
		return a.login(r.Body)
	}
	if r.Bearer == "" {
		return http.StatusUnauthorized, nil, nil
	}
	user, known := a.ids[strings.TrimPrefix(r.Bearer, "session of ")]
	if !known {
		return http.StatusForbidden, nil, nil
	}
	switch parts[0] {
	case "sessions":
		return http.StatusOK, nil, nil
	case "search":
		_, err := icat.ParseSearch(u.Query())
		return refuse(err), nil, err
	}
	for _, e := range icat.Collections() {
		if e.Collection == parts[0] {
			return a.collection(e, user, r, parts[1:], u.Query())
		}
	}
	return http.StatusNotFound, nil, fmt.Errorf("no route %s", u.Path)
}

func (a *api) login(body string) (int, []byte, error) {
	var c icat.Credentials
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return http.StatusBadRequest, nil, err
	}
	person := a.ids[c.Username] != facility.Anonymous
	if c.Mechanism == "anon" || person && c.Mechanism == "" && c.Password == facility.Password {
		return http.StatusCreated, []byte(`{"sessionID":"session of ` + c.Username + `"}`), nil
	}
	return http.StatusForbidden, nil, nil
}

func (a *api) collection(e *icat.Entity, user int64, r Request, below []string, query url.Values) (int, []byte, error) {
	switch {
	case r.Method == http.MethodPost:
		return a.create(e, user, r.Body)
	case len(below) == 0:
		f, err := icat.ParseFilter(e, query, icat.ListParameters())
		if err == nil && e.Name == "Datafile" && f.Limit < 0 && a.files(user) > icat.MaxEntities {
			return http.StatusPreconditionFailed, nil, nil
		}
		return refuse(err), nil, err
	case below[0] == "count":
		_, err := icat.ParseFilter(e, query, icat.CountParameters())
		return refuse(err), nil, err
	}
	id, err := strconv.ParseInt(below[0], 10, 64)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	if r.Method == http.MethodPatch {
		_, err := icat.ParseChange(e, []byte(r.Body))
		switch {
		case err != nil:
			return http.StatusBadRequest, nil, err
		case user != facility.IngestID:
			return http.StatusForbidden, nil, nil
		case !a.created[id]:
			return http.StatusNotFound, nil, nil
		}
		return http.StatusOK, nil, nil
	}
	if _, err := icat.ParseFilter(e, query, icat.GetParameters()); err != nil {
		return http.StatusBadRequest, nil, err
	}
	return a.byID(e, user, id), nil, nil
}

func refuse(err error) int {
	if err != nil {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

func (a *api) byID(e *icat.Entity, user, id int64) int {
	investigation := int64(0)
	switch e.Name {
	case "User":
		if id > int64(len(a.f.Users())) {
			return http.StatusNotFound
		}
		return http.StatusOK
	case "Investigation":
		investigation = id
	case "Dataset":
		investigation = a.dataset[id]
	case "Datafile":
		if id <= int64(len(a.file)) {
			investigation = a.file[id-1]
		}
	}
	switch {
	case investigation < 1 || investigation > int64(a.f.Scale.Investigations):
		return http.StatusNotFound
	case !a.f.CanRead(user, investigation, a.now):
		return http.StatusForbidden
	}
	return http.StatusOK
}

func (a *api) files(user int64) (total int) {
	for _, v := range a.f.Investigations() {
		if a.f.CanRead(user, v.ID, a.now) {
			total += int(*v.FileCount)
		}
	}
	return total
}

func (a *api) create(e *icat.Entity, user int64, body string) (int, []byte, error) {
	objects, err := icat.ParseObjects(e, []byte(body))
	switch {
	case err != nil:
		return http.StatusBadRequest, nil, err
	case user != facility.IngestID:
		return http.StatusForbidden, nil, nil
	}
	for _, o := range objects {
		for _, parent := range o.To("dataset") {
			if !a.created[parent.ID()] {
				return http.StatusNotFound, nil, nil
			}
		}
	}
	if e.Name != "Dataset" {
		return http.StatusOK, []byte(`[]`), nil
	}
	if strings.HasPrefix(objects[0].Text("name"), "DATASET ") {
		return http.StatusPreconditionFailed, nil, nil
	}
	id := int64(a.f.Scale.Datasets + len(a.created) + 1)
	a.created[id] = true
	for _, parent := range objects[0].To("investigation") {
		a.dataset[id] = parent.ID()
	}
	return http.StatusOK, fmt.Appendf(nil, `[{"id":%d,"name":"x"}]`, id), nil
}
