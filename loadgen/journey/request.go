package journey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// page is how many rows a table view asks for.
const page = 50

// login opens the visit's session. An empty mechanism is the default one.
func login(username, password, mechanism string) Step {
	credentials := map[string]string{"username": username, "password": password}
	if mechanism != "" {
		credentials["mechanism"] = mechanism
	}
	return Step{Method: http.MethodPost, Route: "/sessions", Path: "/sessions", Body: text(credentials), Expect: http.StatusCreated, Keep: Session, user: username}
}

func logout() Step {
	return Step{Method: http.MethodDelete, Route: "/sessions", Path: "/sessions", Auth: Own, Expect: http.StatusOK}
}

func get(route, path string) Step {
	return Step{Method: http.MethodGet, Route: route, Path: path, Auth: Own, Expect: http.StatusOK}
}

func post(collection string, objects []any) Step {
	path := "/" + collection
	return Step{Method: http.MethodPost, Route: path, Path: path, Body: text(objects), Auth: Own, Expect: http.StatusOK}
}

// patch changes what the visit created.
func patch(collection string, change map[string]any) Step {
	path := "/" + collection + "/"
	return Step{Method: http.MethodPatch, Route: path + "{id}", Path: path + created, Body: text(change), Auth: Own, Expect: http.StatusOK}
}

// filter selects the rows of a table view.
type filter struct {
	where   []string // all must hold
	include string   // JSON
	order   string   // by id if empty
	skip    int
}

// table is a table view: the first page and the count, asked for together.
func table(collection string, f filter) stage {
	path := "/" + collection + "/count"
	count := get(path, path)
	if len(f.where) > 0 {
		count.Path += "?" + url.Values{"where": f.where}.Encode()
	}
	return stage{list(collection, f), count}
}

func list(collection string, f filter) Step {
	order := f.order
	if order == "" {
		order = "id asc"
	}
	query := url.Values{"limit": {strconv.Itoa(page)}, "order": {text(order)}}
	if len(f.where) > 0 {
		query["where"] = f.where
	}
	if f.include != "" {
		query.Set("include", f.include)
	}
	if f.skip > 0 {
		query.Set("skip", strconv.Itoa(f.skip))
	}
	return get("/"+collection, "/"+collection+"?"+query.Encode())
}

func byID(collection string, id int64, include string) Step {
	path := fmt.Sprintf("/%s/%d", collection, id)
	if include != "" {
		path += "?" + url.Values{"include": {include}}.Encode()
	}
	return get("/"+collection+"/{id}", path)
}

// documents is a search as the user interface asks for it.
func documents(target, words string, restrict bool) Step {
	query := url.Values{"query": {text(map[string]string{"target": target, "text": words})}, "minCount": {"10"}, "maxCount": {"100"}}
	if restrict {
		query.Set("restrict", "true")
	}
	return get("/search/documents", "/search/documents?"+query.Encode())
}

func all(conditions ...string) []string { return conditions }

// is compares with one value, or with several of which any will do.
func is(path string, value any) string {
	op := "eq"
	if _, several := value.([]int64); several {
		op = "in"
	}
	return condition(path, op, value)
}

func contains(path, words string) string { return condition(path, "ilike", words) }

func condition(path, op string, value any) string {
	return text(map[string]map[string]any{path: {op: value}})
}

// text is v as JSON. The journeys build v from strings, numbers and maps of
// them: these always marshal, and in the same order.
func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
