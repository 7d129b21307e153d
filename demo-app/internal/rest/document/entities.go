package document

import (
	"math"

	"plumbline/demo-app/icat"
)

// entitySchemas holds three forms of an entity: whole, in part, and as a
// client sends it.
func entitySchemas() object {
	all := obj("Base", baseSchema())
	for _, e := range icat.Entities() {
		all = all.with(e.Name, whole(e))
		if e.Collection != "" {
			all = all.with(e.Name+"Part", part(e))
		}
		if e.Name == "Dataset" || e.Name == "Datafile" {
			all = all.with("New"+e.Name, sent(e, true))
		}
		if e.Name == "Dataset" {
			all = all.with(e.Name+"Change", sent(e, false))
		}
	}
	return all
}

func baseSchema() object {
	properties, must := object{}, []string{}
	about := map[string]string{
		"createId": "who made it", "createTime": "when it was made", "modId": "who changed it last", "modTime": "when it was changed last",
		"id": "unique among entities of the kind",
	}
	user, _ := icat.Lookup("User")
	for _, f := range user.Fields {
		if f.Kept {
			must = append(must, f.Name)
			properties = properties.with(f.Name, value(f).with("description", about[f.Name]))
		}
	}
	return obj("type", "object", "description", "What ICAT keeps for every entity.", "required", texts(must), "properties", properties)
}

// whole is an entity as GET by id answers it.
func whole(e *icat.Entity) object {
	return obj("description", describe(e), "allOf", []any{ref("schemas", "Base"),
		obj("type", "object", "required", texts(required(e)), "properties", append(own(e), related(e)...))},
		"unevaluatedProperties", false)
}

// part is what a list may answer instead: with distinct only some fields.
func part(e *icat.Entity) object {
	base := baseSchema()
	properties, _ := base[len(base)-1].value.(object)
	return obj("type", "object", "description", "Some fields of "+e.Name+": those that distinct names, or that a search keeps.",
		"properties", append(append(properties, own(e)...), related(e)...), "additionalProperties", false)
}

// sent is an entity in the body of POST (whole) or PATCH (what changes).
func sent(e *icat.Entity, whole bool) object {
	properties, must := object{}, []string{}
	for _, f := range e.Fields {
		if f.Kept {
			continue
		}
		v := value(f)
		if whole && f.Required && f.Kind != icat.Boolean {
			must = append(must, f.Name)
		}
		if f.Kind == icat.Boolean && whole {
			v = v.with("default", false)
		}
		if whole && (!f.Required || f.Kind == icat.Boolean) {
			v[0].value = []any{v[0].value, "null"} // value begins with the type
		}
		properties = properties.with(f.Name, v.with("examples", []any{example(e, f)}))
	}
	for _, r := range e.Relations {
		if r.Many() {
			continue
		}
		if whole && r.Required {
			must = append(must, r.Name)
		}
		properties = properties.with(r.Name, ref("schemas", "Reference").with("description", "an existing "+r.To))
	}
	out := obj("type", "object", "additionalProperties", false)
	if whole {
		return out.with("description", "A "+e.Name+" to be made.").with("required", texts(must)).with("properties", properties)
	}
	return out.with("description", "What to change of a "+e.Name+"; the rest stays.").with("minProperties", 1).with("properties", properties)
}

func required(e *icat.Entity) []string {
	names := []string{}
	for _, f := range e.Fields {
		if f.Required && !f.Kept {
			names = append(names, f.Name)
		}
	}
	return names
}

func own(e *icat.Entity) object {
	properties := object{}
	for _, f := range e.Fields {
		if f.Kept {
			continue
		}
		v := value(f)
		if !f.Required {
			v = v.with("description", "absent when null")
		}
		properties = properties.with(f.Name, v)
	}
	return properties
}

func related(e *icat.Entity) object {
	properties := object{}
	for _, r := range e.Relations {
		if r.Many() {
			properties = properties.with(r.Name, obj("type", "array", "description", "there if it was included", "items", ref("schemas", r.To)))
		} else {
			properties = properties.with(r.Name, ref("schemas", r.To).with("description", "there if it was included"))
		}
	}
	return properties
}

func describe(e *icat.Entity) string {
	text := purposes[e.Name]
	if text != "" {
		text += " "
	}
	if e.Public {
		text += "Public."
	} else if e.Owner != "" {
		text += "Readable if its " + e.Owner + " is."
	} else {
		text += "Readable to its users, to its instruments' scientists, and to everybody from releaseDate on."
	}
	text += " No two share"
	for i, name := range e.Unique {
		switch {
		case i == 0:
			text += " "
		case i == len(e.Unique)-1:
			text += " and "
		default:
			text += ", "
		}
		text += name
	}
	return text + "."
}

// value is the schema of a field's values.
func value(f icat.Field) object {
	switch f.Kind {
	case icat.String:
		return obj("type", "string", "maxLength", f.Max)
	case icat.Integer:
		least := 0
		if f.Name == "id" {
			least = 1
		}
		return obj("type", "integer", "format", "int64", "minimum", least, "maximum", math.MaxInt64)
	case icat.Number:
		return obj("type", "number", "format", "double")
	case icat.Boolean:
		return obj("type", "boolean")
	default:
		return obj("type", "string", "format", "date-time")
	}
}
