package document

import (
	"math"
	"strings"

	"plumbline/demo-app/icat"
)

// collections are the paths that all collections have, and the ingest of some.
func collections() object {
	paths := object{}
	for _, e := range icat.Collections() {
		paths = append(paths, collection(e)...)
	}
	return paths
}

func collection(e *icat.Entity) object {
	plural := strings.ToUpper(e.Collection[:1]) + e.Collection[1:]
	one, some := ref("schemas", e.Name), obj("anyOf", []any{ref("schemas", e.Name), ref("schemas", e.Name+"Part")})
	all, kept := obj("type", "array", "items", some), []string{}
	if e.Public {
		kept = []string{"X-Cache"}
	}
	many := append([]string{"BadParameter", "TooMany"}, backend...)
	list := obj("get", operation{
		id: "list" + plural, tag: e.Collection, summary: "List " + e.Collection, parameters: picked(e, icat.ListParameters()),
		answers: obj("200", answer("Those that match and may be read", all, []any{entityExample(e)}, kept...)), refusals: many,
	}.object())
	byID := obj("get", operation{
		id: "get" + e.Name, tag: e.Collection, summary: "One of the " + e.Collection, parameters: append([]any{ref("parameters", "id")}, picked(e, icat.GetParameters())...),
		answers:  obj("200", answer("The "+e.Name, one, entityExample(e), "X-Cache")),
		refusals: append([]string{"BadParameter", "NotFound", "TooMany"}, backend...),
	}.object())
	if e.Name == "Dataset" || e.Name == "Datafile" {
		list = list.with("post", ingest(e))
	}
	if e.Name == "Dataset" {
		byID = byID.with("patch", change(e))
	}
	return obj(
		"/"+e.Collection, list,
		"/"+e.Collection+"/count", obj("get", operation{
			id: "count" + plural, tag: e.Collection, summary: "Count " + e.Collection, parameters: picked(e, icat.CountParameters()),
			answers:  obj("200", answer("How many match and may be read", obj("type", "integer", "minimum", 0), 59, "X-Cache")),
			refusals: many,
		}.object()),
		"/"+e.Collection+"/findone", obj("get", operation{
			id: "findOne" + e.Name, tag: e.Collection, summary: "The first that a list would hold", parameters: picked(e, icat.FindOneParameters()),
			answers:  obj("200", answer("The "+e.Name, some, entityExample(e))),
			refusals: append([]string{"BadParameter", "NotFound", "TooMany"}, backend...),
		}.object()),
		"/"+e.Collection+"/{id}", byID)
}

func ingest(e *icat.Entity) object {
	one := ref("schemas", "New"+e.Name)
	return operation{
		id: "create" + e.Name + "s", tag: e.Collection, summary: "Create " + e.Collection,
		about: "One, or up to 1000 of them: all are created or none. For the ingest role. The body may have 1 MiB.",
		body: body("What to create", obj("oneOf", []any{
			obj("type", "array", "minItems", 1, "maxItems", 1000, "items", one), one}), []any{sentExample(e)}),
		answers:  obj("200", answer("As they were stored", obj("type", "array", "items", ref("schemas", e.Name)), []any{entityExample(e)})),
		refusals: append([]string{"BadParameter", "NotFound", "Conflict", "TooLarge", "UnsupportedMediaType"}, backend...),
	}.object()
}

func change(e *icat.Entity) object {
	return operation{
		id: "change" + e.Name, tag: e.Collection, summary: "Change one of the " + e.Collection, about: "For the ingest role.",
		parameters: []any{ref("parameters", "id")},
		body:       body("What to change", ref("schemas", e.Name+"Change"), obj("complete", true)),
		answers:    obj("200", answer("As it was stored", ref("schemas", e.Name), entityExample(e))),
		refusals:   append([]string{"BadParameter", "NotFound", "Conflict", "TooLarge", "UnsupportedMediaType"}, backend...),
	}.object()
}

// sentExample has a name of its own, so that trying it out does not collide.
func sentExample(e *icat.Entity) object {
	if e.Name == "Dataset" {
		return obj("name", "scan 1", "complete", false, "startDate", "2024-05-16T08:00:00Z", "investigation", obj("id", 48), "type", obj("id", 1))
	}
	return obj("name", "scan 1.nxs", "fileSize", 73_411_520, "location", "/lils/48/48/scan 1.nxs", "dataset", obj("id", 48), "datafileFormat", obj("id", 1))
}

// picked returns the parameters of those names, with examples for e.
func picked(e *icat.Entity, names []string) []any {
	f := filterExamples(e)
	repeated := func(name, about string, items object) object {
		return obj("name", name, "in", "query", "description", about, "style", "form", "explode", true, "schema", obj("type", "array", "items", items))
	}
	asJSON := obj("type", "string", "contentMediaType", "application/json")
	out := []any{}
	for _, name := range names {
		switch name {
		case "where":
			out = append(out, repeated(name, `JSON: {"field":{"operator":value}}, any number of fields and operators; all must hold, and so must those of a repeated where. `+
				`Operators: eq, ne, lt, lte, gt, gte; like and ilike (contains; ilike whatever the case); in (a list), between (two values, both included), `+
				`isnull (true or false). A field may lie behind up to three relations, joined by dots. Fields: `+fieldNames(e)+`. Relations: `+relationNames(e)+`.`,
				asJSON).with("example", []any{f.where}))
		case "order":
			out = append(out, repeated(name, "A field with asc or desc; the first of a repeated order weighs most, and the id decides between equals. "+
				"A field may lie behind to-one relations.", obj("type", "string")).with("example", []any{f.order}))
		case "distinct":
			// Without an example: who tries one out would send it beside include's.
			out = append(out, repeated(name, "JSON: a field or a list of them, for instance "+f.distinct+". Only these are answered, each combination once. "+
				"Not together with include.", asJSON))
		case "include":
			out = append(out, repeated(name, "JSON: what comes along: a relation, a list of them, or an object from a relation to what comes along with that; "+
				"three deep at most. Relations: "+relationNames(e)+".", asJSON).with("example", []any{f.include}))
		default:
			out = append(out, ref("parameters", name))
		}
	}
	return out
}

// parameters are those that are the same everywhere.
func parameters() object {
	return obj(
		"limit", obj("name", "limit", "in", "query", "description", "At most so many. Without it all, unless they are more than 10,000.",
			"schema", obj("type", "integer", "minimum", 0, "maximum", math.MaxInt32), "example", 50),
		"skip", obj("name", "skip", "in", "query", "description", "Leave out the first so many.",
			"schema", obj("type", "integer", "minimum", 0, "maximum", math.MaxInt32), "example", 0),
		"id", obj("name", "id", "in", "path", "required", true, "description", "The entity's id, in digits.",
			"schema", obj("type", "integer", "format", "int64", "minimum", 1, "maximum", math.MaxInt64), "example", 1))
}

func fieldNames(e *icat.Entity) string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

func relationNames(e *icat.Entity) string {
	names := make([]string, len(e.Relations))
	for i, r := range e.Relations {
		names[i] = r.Name
	}
	return strings.Join(names, ", ")
}
