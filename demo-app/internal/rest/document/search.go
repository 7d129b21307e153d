package document

import "plumbline/demo-app/icat"

func search() object {
	query := func(name, about string, schema object, example any) object {
		return obj("name", name, "in", "query", "description", about, "schema", schema, "example", example)
	}
	count := func(least, standard int) object {
		return obj("type", "integer", "minimum", least, "maximum", icat.MaxEntities, "default", standard)
	}
	return obj("/search/documents", obj("get", operation{
		id: "searchDocuments", tag: "search", summary: "Find investigations, datasets or datafiles by words",
		about: "The best match comes first. To go on, repeat the search with the search_after of its last answer; without one there are no more.",
		parameters: []any{
			query("query", `JSON: {"target":"Investigation","text":"words"}, all of which must occur. target is Investigation, Dataset or Datafile. `+
				`Besides: user (only what that user takes part in), lower and upper (yyyyMMddHHmm).`,
				obj("type", "string", "contentMediaType", "application/json"), `{"target":"Investigation","text":"powder"}`).with("required", true),
			query("search_after", "The search_after of the answer before, as JSON.", obj("type", "string", "contentMediaType", "application/json", "maxLength", 1024), "[7,17]"),
			query("minCount", "Go on looking until so many are found.", count(0, icat.DefaultMinCount), icat.DefaultMinCount),
			query("maxCount", "Never answer more.", count(1, icat.DefaultMaxCount), icat.DefaultMaxCount),
			query("sort", "Only the order by score is implemented: leave it out.", obj("type", "string", "maxLength", 0), ""),
			query("restrict", "Only what the caller takes part in: much cheaper.", obj("type", "boolean", "default", false), true),
		},
		answers: obj("200", answer("What was found", ref("schemas", "SearchResult"), obj("search_after", []any{7, 17}, "dimensions", object{},
			"results", []any{obj("id", 48, "score", 4, "source", obj("id", 48, "name", "INVESTIGATION 48", "title", "Powder diffraction of olivine under pressure"))}))),
		refusals: append([]string{"BadParameter", "NotImplemented"}, backend...),
	}.object()))
}
