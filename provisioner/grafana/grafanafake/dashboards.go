package grafanafake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Folder is a folder as the API has it.
type Folder struct {
	ID      int64  `json:"id"`
	UID     string `json:"uid"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Version int64  `json:"version"`
}

// Dashboard is a dashboard and where it is.
type Dashboard struct {
	Model       map[string]any
	Folder      string // uid
	Provisioned string // the file that it comes from
}

// Dashboards are those that are there, by uid.
func (g *Grafana) Dashboards() map[string]Dashboard {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]Dashboard{}
	for uid, d := range g.dashboards {
		all[uid] = *d
	}
	return all
}

// EditDashboard changes a dashboard as somebody does in the browser.
func (g *Grafana) EditDashboard(uid string, change func(model map[string]any)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.dashboards[uid]
	change(d.Model)
	d.Model["version"] = number(d.Model["version"]) + 1
}

// RemoveDashboard removes one, as somebody does in the browser.
func (g *Grafana) RemoveDashboard(uid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.dashboards, uid)
}

func (g *Grafana) addFolder(w http.ResponseWriter, r *http.Request) {
	var body struct{ UID, Title, ParentUID, Description string }
	if !g.read(w, r, &body) {
		return
	}
	switch {
	case body.Title == "":
		g.refuse(w, r, http.StatusBadRequest, "folder title cannot be empty")
	case g.folders[body.UID] != nil:
		g.refuse(w, r, http.StatusConflict, "a folder/dashboard with the same uid already exists")
	case body.ParentUID != "" && g.folders[body.ParentUID] == nil:
		g.refuse(w, r, http.StatusNotFound, "folder not found")
	default:
		answer(w, http.StatusOK, g.folder(body.UID, body.Title))
	}
}

// folder makes one.
func (g *Grafana) folder(uid, title string) *Folder {
	f := &Folder{ID: g.next(), UID: uid, Title: title, Version: 1}
	if f.UID == "" {
		f.UID = fmt.Sprintf("made%010d", f.ID)
	}
	f.URL = "/dashboards/f/" + f.UID + "/" + slug(title)
	g.folders[f.UID] = f
	return f
}

func (g *Grafana) getFolder(w http.ResponseWriter, r *http.Request) {
	f, there := g.folders[r.PathValue("uid")]
	if !there {
		answer(w, http.StatusNotFound, object{"message": "folder not found", "status": "not-found"})
		return
	}
	answer(w, http.StatusOK, f)
}

func (g *Grafana) saveDashboard(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Dashboard map[string]any
		FolderUID string
		Overwrite bool
		Message   string
		UpdatedAt time.Time // the client sends a zero one
	}
	if !g.read(w, r, &body) {
		return
	}
	uid, _ := body.Dashboard["uid"].(string)
	old, there := g.dashboards[uid]
	switch fault := g.fault(body.Dashboard); {
	case fault == emptyTitle:
		g.refuse(w, r, http.StatusBadRequest, fault)
	case there && old.Provisioned != "":
		g.refuse(w, r, http.StatusBadRequest, "Cannot save provisioned dashboard")
	case body.FolderUID != "" && g.folders[body.FolderUID] == nil:
		g.refuse(w, r, http.StatusBadRequest, "folder not found")
	case fault != "":
		g.refuse(w, r, http.StatusUnprocessableEntity, fault)
	case there && !body.Overwrite && number(body.Dashboard["version"]) != number(old.Model["version"]):
		g.refuse(w, r, http.StatusPreconditionFailed, "The dashboard has been changed by someone else")
	case len(body.Message) > 500:
		g.refuse(w, r, http.StatusBadRequest, "message too long, max 500 characters")
	default:
		d := g.store(body.Dashboard, body.FolderUID, "")
		answer(w, http.StatusOK, object{
			"id": d.Model["id"], "uid": uid, "url": d.url(), "status": "success",
			"version": d.Model["version"], "slug": slug(d.title()), "title": d.title(), "folderUid": d.Folder,
		})
	}
}

const emptyTitle = "Dashboard title cannot be empty"

// fault is why a dashboard cannot be kept.
func (g *Grafana) fault(model map[string]any) string {
	if title, _ := model["title"].(string); title == "" {
		return emptyTitle
	}
	uid, _ := model["uid"].(string)
	switch {
	case uid == "" || !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(uid):
		return "uid contains illegal characters"
	case len(uid) > 40:
		return "uid too long, max 40 characters"
	}
	text, err := json.Marshal(model)
	if err != nil {
		return err.Error()
	}
	faults, err := g.schemas.Faults(text)
	if err != nil {
		return err.Error()
	}
	return strings.Join(faults, "; ")
}

// store keeps a dashboard, which gets an id and the next version.
func (g *Grafana) store(model map[string]any, folder, file string) *Dashboard {
	uid, _ := model["uid"].(string)
	model = maps.Clone(model)
	id, version := float64(g.next()), 1.0
	if old, there := g.dashboards[uid]; there {
		id, version = number(old.Model["id"]), number(old.Model["version"])+1
	}
	model["id"], model["version"] = id, version
	d := &Dashboard{Model: model, Folder: folder, Provisioned: file}
	g.dashboards[uid] = d
	return d
}

func (g *Grafana) getDashboard(w http.ResponseWriter, r *http.Request) {
	d, there := g.dashboards[r.PathValue("uid")]
	if !there {
		absent(w, "Dashboard not found")
		return
	}
	meta := object{"type": "db", "url": d.url(), "slug": slug(d.title()), "version": d.Model["version"], "folderUid": d.Folder, "provisioned": d.Provisioned != "", "provisionedExternalId": d.Provisioned}
	if f := g.folders[d.Folder]; f != nil {
		meta["folderTitle"], meta["folderUrl"] = f.Title, f.URL
	}
	answer(w, http.StatusOK, object{"dashboard": d.Model, "meta": meta})
}

func (g *Grafana) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for name := range query {
		if !slices.Contains([]string{"folderUIDs", "type", "tag", "query", "limit"}, name) {
			g.refuse(w, r, http.StatusBadRequest, "search by "+name)
			return
		}
	}
	hits := []object{}
	for _, uid := range slices.Sorted(maps.Keys(g.dashboards)) {
		d := g.dashboards[uid]
		var tags []string
		for _, tag := range list(d.Model["tags"]) {
			tags = append(tags, fmt.Sprint(tag))
		}
		folders := query["folderUIDs"]
		if kind := query.Get("type"); kind != "" && kind != "dash-db" ||
			len(folders) > 0 && !slices.Contains(folders, d.Folder) ||
			!strings.Contains(strings.ToLower(d.title()), strings.ToLower(query.Get("query"))) ||
			slices.ContainsFunc(query["tag"], func(tag string) bool { return !slices.Contains(tags, tag) }) {
			continue
		}
		hits = append(hits, object{"id": d.Model["id"], "uid": uid, "title": d.title(), "uri": "db/" + slug(d.title()), "url": d.url(), "type": "dash-db", "tags": tags, "folderUid": d.Folder})
	}
	answer(w, http.StatusOK, hits)
}

func (d Dashboard) title() string { title, _ := d.Model["title"].(string); return title }

func (d Dashboard) url() string { return fmt.Sprintf("/d/%v/%s", d.Model["uid"], slug(d.title())) }

func slug(title string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(title), "-"), "-")
}

func list(of any) []any { all, _ := of.([]any); return all }

func number(of any) float64 { n, _ := of.(float64); return n }
