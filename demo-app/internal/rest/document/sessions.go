package document

const sessionExample = "0d9a3706-80d4-4d29-9ff3-4d65d4308a24"

func sessions() object {
	empty := answer("Done", obj("type", "string", "const", ""), "")
	return obj("/sessions", obj(
		"post", operation{
			id: "login", tag: "sessions", summary: "Log in", open: true,
			about: "The sessionID is the bearer token of all that follows. With the mechanism anon neither username nor password is needed.",
			body:  body("Who logs in", ref("schemas", "Credentials"), obj("username", "Karen482", "password", "icat-demo")),
			answers: obj("201", answer("A session; send its id as bearer token", ref("schemas", "SessionID"),
				obj("sessionID", sessionExample))),
			refusals: append([]string{"BadParameter", "BadCredentials", "TooLarge", "UnsupportedMediaType"}, backend...),
		}.object(),
		"get", operation{
			id: "getSession", tag: "sessions", summary: "Who is logged in, and until when",
			answers: obj("200", answer("The session", ref("schemas", "Session"),
				obj("id", sessionExample, "username", "Karen482", "expireDateTime", "2026-03-01T14:00:00+00:00"))),
			refusals: backend,
		}.object(),
		"put", operation{
			id: "refreshSession", tag: "sessions", summary: "Let the session live for a whole lifetime from now on",
			answers: obj("200", empty), refusals: backend,
		}.object(),
		"delete", operation{
			id: "logout", tag: "sessions", summary: "Log out", answers: obj("200", empty), refusals: backend,
		}.object()))
}

func profile() object {
	return obj("/icat/{username}", obj("get", operation{
		id: "getProfile", tag: "users", summary: "The public fields of a user", open: true,
		about: "All ten always; an empty string stands for null. Needs no session.",
		parameters: []any{obj("name", "username", "in", "path", "required", true, "description", "What the user logs in with.",
			"schema", obj("type", "string", "minLength", 1), "example", "Karen482")},
		answers: obj("200", answer("The user", ref("schemas", "Profile"), obj(
			"createId", "user", "createTime", "2009-02-18T13:40:27+00:00", "id", 482, "modId", "user", "modTime", "2008-12-18T19:17:14+00:00",
			"affiliation", "University Of Cambridge", "email", "ruizjason@gmail.com", "fullName", "Timothy Buchanan", "name", "Karen482", "orcidId", "16799"),
			"X-Cache")),
		refusals: append([]string{"BadParameter", "NotFound"}, backend...),
	}.object()))
}
