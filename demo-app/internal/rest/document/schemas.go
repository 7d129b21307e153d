package document

import "plumbline/demo-app/icat"

func schemas() object {
	text := obj("type", "string")
	date := obj("type", "string", "format", "date-time")
	size := obj("type", "integer", "format", "int64", "minimum", 0)
	dependencies := obj("type", "array", "items", ref("schemas", "Dependency"))
	record := func(about string, required []any, properties object) object {
		return obj("type", "object", "description", about, "additionalProperties", false, "required", required, "properties", properties)
	}
	own := obj(
		"Error", obj("type", "object", "description", "The body of every answer that is no success.", "required", []any{"code", "message", "requestId"},
			"properties", obj(
				"code", obj("type", "string", "description", "What went wrong, for programs.", "enum", texts(icat.Codes())),
				"message", obj("type", "string", "description", "What went wrong, for people.", "minLength", 1),
				"requestId", obj("type", "string", "description", "Also in the header X-Request-Id and in the server's log."))),
		"Credentials", obj("type", "object", "additionalProperties", false,
			"anyOf", []any{
				obj("required", []any{"username", "password"}, "properties", obj("username", obj("minLength", 1), "password", obj("minLength", 1))),
				obj("required", []any{"mechanism"}, "properties", obj("mechanism", obj("const", icat.Anonymous)))},
			"properties", obj("username", text, "password", obj("type", "string", "format", "password"),
				"mechanism", obj("type", []any{"string", "null"}, "description", "one of the authenticators of /properties; simple if it is absent", "examples", []any{"simple"}))),
		"SessionID", record("A new session.", []any{"sessionID"}, obj("sessionID", text)),
		"Session", record("Who is logged in, and until when.", []any{"id", "username", "expireDateTime"},
			obj("id", text, "username", text, "expireDateTime", date)),
		"Profile", obj("description", "Ten fields of a user.", "allOf", []any{ref("schemas", "Base"),
			obj("type", "object", "required", []any{"affiliation", "email", "fullName", "name", "orcidId"},
				"properties", obj("affiliation", text, "email", text, "fullName", text, "name", text, "orcidId", text))}, "unevaluatedProperties", false),
		"Reference", obj("type", "object", "description", "An entity that exists, by its id.", "additionalProperties", false, "required", []any{"id"},
			"properties", obj("id", obj("type", "integer", "format", "int64", "minimum", 1)), "examples", []any{obj("id", 48)}),
		"SearchResult", record("A page of what a search found.", []any{"dimensions", "results"}, obj(
			"search_after", obj("description", "any JSON, to be sent back as it is: goes on with the next page; absent when there are no more"),
			"dimensions", obj("type", "object", "description", "always empty: facets are not implemented"),
			"results", obj("type", "array", "items", record("A document that was found.", []any{"id", "score", "source"}, obj(
				"id", obj("type", "integer", "format", "int64", "minimum", 1), "score", obj("type", "number"),
				"source", obj("description", "some of its fields", "anyOf", []any{
					ref("schemas", "InvestigationPart"), ref("schemas", "DatasetPart"), ref("schemas", "DatafilePart")})))))),
		"DownloadRequest", record("What to prepare.", []any{"datasetIds"}, obj(
			"datasetIds", obj("type", "array", "minItems", 1, "maxItems", icat.MaxDownloadDatasets, "uniqueItems", true,
				"items", obj("type", "integer", "format", "int64", "minimum", 1)),
			"email", obj("description", "who is told when it is finished; nobody if it is empty. Not for who is anonymous",
				"anyOf", []any{obj("type", "string", "format", "email", "maxLength", 254), obj("enum", []any{"", nil})}))),
		"Download", record("The preparation of datasets.",
			[]any{"id", "username", "datasetIds", "status", "attempts", "fileCount", "fileSize", "createTime"}, obj(
				"id", obj("type", "string", "format", "uuid"), "username", text, "datasetIds", obj("type", "array", "items", obj("type", "integer", "format", "int64")),
				"email", text, "status", obj("type", "string", "enum", texts(icat.DownloadStatuses()),
					"description", "FAILED: it cannot be, see message. DEAD: every attempt went wrong; an operator looks at these."),
				"attempts", obj("type", "integer", "minimum", 0), "message", text, "fileCount", size, "fileSize", size, "manifestSize", size,
				"manifestChecksum", obj("type", "string", "description", "SHA-256, hex"), "createTime", date,
				"completeTime", date, "expireTime", obj("type", "string", "format", "date-time", "description", "it is forgotten then"))),
		"Properties", record("What a client should know before it logs in.", []any{"maxEntities", "lifetimeMinutes", "authenticators", "containerType"}, obj(
			"maxEntities", obj("type", "integer", "description", "that one answer may hold"), "lifetimeMinutes", obj("type", "integer", "description", "of a session"),
			"authenticators", obj("type", "array", "items", record("A way to log in.", []any{"mnemonic", "keys"}, obj(
				"mnemonic", obj("type", "string", "description", "the mechanism of Credentials"), "friendly", text,
				"keys", obj("type", "array", "items", record("A credential.", []any{"name"}, obj("name", text, "hide", obj("type", "boolean"))))))),
			"containerType", text)),
		"Dependency", record("What this server needs, and whether it is there.", []any{"name", "ok", "latencyMs"}, obj(
			"name", text, "ok", obj("type", "boolean"), "latencyMs", obj("type", "number", "minimum", 0),
			"code", obj("type", "string", "enum", texts(icat.Codes()), "description", "why it is not ok"))),
		"Ready", record("All that is needed is there.", []any{"status", "dependencies"}, obj("status", obj("const", "ready"), "dependencies", dependencies)),
		"Unready", obj("description", "An Error with the same detail.", "allOf", []any{ref("schemas", "Error"),
			obj("type", "object", "required", []any{"dependencies"}, "properties", obj("dependencies", dependencies))}))
	return append(own, entitySchemas()...)
}
