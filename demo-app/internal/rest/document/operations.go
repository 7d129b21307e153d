package document

func operations() object {
	plain := func(about, media string) object {
		return obj("description", about, "headers", obj("X-Request-Id", ref("headers", "X-Request-Id")),
			"content", obj(media, obj("schema", obj("type", "string"))))
	}
	get := func(id, summary, about string, status string, answer object, refusals ...string) object {
		return obj("get", operation{id: id, tag: "operations", summary: summary, about: about, open: true,
			answers: obj(status, answer), refusals: append([]string{"Internal", "Unavailable"}, refusals...)}.object())
	}
	ready := obj("status", "ready", "dependencies", []any{obj("name", "mariadb", "ok", true, "latencyMs", 0.412)})
	unready := envelope("UNAVAILABLE", "a dependency does not answer: mariadb").
		with("dependencies", []any{obj("name", "mariadb", "ok", false, "latencyMs", 2000.1, "code", "TIMEOUT")})
	probe := func(o object) object { // no fault and no limit meets it
		return obj("get", o)
	}
	return obj(
		"/ping", get("ping", "Whether the catalogue answers", "", "200",
			answer("It does", obj("type", "string", "const", "ICAT API OK"), "ICAT API OK"), "BadUpstream", "Timeout"),
		"/version", probe(operation{id: "version", tag: "operations", summary: "What runs", open: true, answers: obj("200",
			answer("The version", obj("type", "object", "required", []any{"version"}, "properties", obj("version", obj("type", "string"))),
				obj("version", "v1.0.0")))}.object()),
		"/properties", get("properties", "What a client should know before it logs in", "", "200",
			answer("The properties", ref("schemas", "Properties"), obj("maxEntities", 10_000, "lifetimeMinutes", 120, "authenticators", []any{
				obj("mnemonic", "simple", "keys", []any{obj("name", "username"), obj("name", "password", "hide", true)}, "friendly", "Simple"),
				obj("mnemonic", "anon", "keys", []any{}, "friendly", "Anonymous")}, "containerType", "demo-app")), "BadUpstream", "Timeout"),
		"/healthz", probe(operation{id: "healthz", tag: "operations", summary: "Whether the process answers", open: true, answers: obj("200",
			answer("It does", obj("type", "object", "required", []any{"status"}, "properties", obj("status", obj("const", "ok"))), obj("status", "ok")))}.object()),
		"/readyz", probe(operation{id: "readyz", tag: "operations", summary: "Whether traffic should be sent here", open: true,
			about: "Asks all dependencies at once, for at most two seconds.",
			answers: obj("200", answer("All is well", ref("schemas", "Ready"), ready),
				"503", answer("A dependency does not answer, or the server is about to stop", ref("schemas", "Unready"), unready))}.object()),
		"/metrics", probe(operation{id: "metrics", tag: "operations", summary: "Prometheus metrics", open: true, answers: obj("200",
			obj("description", "As the scraper asks", "headers", obj("X-Request-Id", ref("headers", "X-Request-Id")), "content", obj(
				"text/plain", obj("schema", obj("type", "string")), "application/openmetrics-text", obj("schema", obj("type", "string")))))}.object()),
		"/openapi.json", get("openapi", "This document", "", "200", answer("OpenAPI 3.1", obj("type", "object"), obj("openapi", "3.1.0"))),
		"/docs", get("docs", "Leads to /docs/", "", "301", plain("Moved", "text/html")),
		"/docs/", get("docsPage", "This document as a page, its assets below", "", "200", plain("A page that needs nothing from elsewhere", "text/html"), "NotFound"))
}
