package document

import (
	"slices"
	"strconv"

	"plumbline/demo-app/icat"
)

// refusal is an answer that carries the error envelope.
type refusal struct {
	name, about string
	status      int
	codes       []icat.Code
	example     string // message
	header      string // name of one besides X-Request-Id
}

func refusals() []refusal {
	return []refusal{
		{"BadParameter", "A parameter or the body is malformed.", 400, []icat.Code{icat.BadParameter}, "limit: not a whole number from 0 to 2147483647", ""},
		{"Unauthenticated", "No bearer session was sent.", 401, []icat.Code{icat.Unauthenticated},
			"send a session as Authorization: Bearer <sessionID>; POST /sessions opens one", "WWW-Authenticate"},
		{"Forbidden", "SESSION: the session is unknown or has expired. INSUFFICIENT_PRIVILEGES: the caller may not do this.", 403,
			[]icat.Code{icat.BadSession, icat.InsufficientPrivileges}, "READ access to this Dataset is not allowed.", ""},
		{"BadCredentials", "The credentials do not match, or there is no such mechanism.", 403, []icat.Code{icat.BadSession},
			"The username and password do not match", ""},
		{"NotFound", "There is nothing of that id or name, or the path is wrong.", 404, []icat.Code{icat.NoSuchObject, icat.NoSuchRoute},
			"Investigation[id:5000] not found.", ""},
		{"TooMany", "The answer would hold more than 10,000 entities, those included counted: ask for less with where, limit or include.", 412,
			[]icat.Code{icat.Validation}, "attempt to process more than 10000 entities", ""},
		{"Conflict", "OBJECT_ALREADY_EXISTS: there is one like it. VALIDATION: a rule of the schema is broken.", 412,
			[]icat.Code{icat.ObjectAlreadyExists, icat.Validation}, "Dataset exists with investigation = '48', name = 'DATASET 48'", ""},
		{"TooLarge", "The body is too long.", 413, []icat.Code{icat.TooLarge}, "body exceeds 65536 bytes", ""},
		{"UnsupportedMediaType", "The body says that it is something else than JSON.", 415, []icat.Code{icat.UnsupportedMediaType},
			"send the body as Content-Type: application/json", ""},
		{"Internal", "A fault of the server; its log tells more under the requestId.", 500, []icat.Code{icat.Internal},
			"internal error; quote the requestId to the operator", ""},
		{"NotImplemented", "This server has it switched off, or its icat.server does not have it.", 501, []icat.Code{icat.NotImplemented},
			"downloads are switched off on this server", ""},
		{"BadUpstream", "The catalogue behind this server answered nonsense.", 502, []icat.Code{icat.BadUpstream}, "the catalogue answered nonsense", ""},
		{"Unavailable", "What is needed cannot be reached, too many requests are in flight, or the service is in maintenance.", 503,
			[]icat.Code{icat.Unavailable}, "the catalogue cannot be reached", "Retry-After"},
		{"Timeout", "The catalogue took too long.", 504, []icat.Code{icat.Timeout}, "the catalogue took too long", ""},
	}
}

// backend are the refusals of whatever asks the catalogue or its like.
var backend = []string{"Internal", "BadUpstream", "Unavailable", "Timeout"}

func errorAnswers() object {
	all := object{}
	for _, r := range refusals() {
		schema := obj("allOf", []any{ref("schemas", "Error"), obj("properties", obj("code", obj("enum", texts(r.codes))))})
		examples := object{}
		for _, code := range r.codes {
			examples = examples.with(string(code), obj("value", envelope(code, messages(r, code))))
		}
		carried := obj("X-Request-Id", ref("headers", "X-Request-Id"))
		if r.header != "" {
			carried = carried.with(r.header, ref("headers", r.header))
		}
		all = all.with(r.name, obj("description", r.about, "headers", carried,
			"content", obj("application/json", obj("schema", schema, "examples", examples))))
	}
	return all
}

func messages(r refusal, code icat.Code) string {
	switch {
	case len(r.codes) == 1 || code == icat.NoSuchObject || code == icat.InsufficientPrivileges || code == icat.ObjectAlreadyExists:
		return r.example
	case code == icat.BadSession:
		return "Unable to find user by sessionid: no such session, or it has expired"
	case code == icat.NoSuchRoute:
		return "nothing answers at this path; /docs lists what does"
	default:
		return "Dataset: type cannot be null."
	}
}

func envelope(code icat.Code, message string) object {
	return obj("code", string(code), "message", message, "requestId", "d2b7a1c0e4f35968")
}

// refused returns the members of "responses" for the named refusals, by status.
func refused(names []string) object {
	var out object
	all := refusals()
	slices.SortStableFunc(names, func(a, b string) int { return status(all, a) - status(all, b) })
	for _, name := range names {
		out = out.with(strconv.Itoa(status(all, name)), ref("responses", name))
	}
	return out
}

func status(all []refusal, name string) int {
	i := slices.IndexFunc(all, func(r refusal) bool { return r.name == name })
	return all[i].status
}

func headers() object {
	text := func(about, example string) object {
		return obj("description", about, "schema", obj("type", "string"), "example", example)
	}
	return obj(
		"X-Request-Id", obj("description", "Names this exchange in the server's log.", "required", true,
			"schema", obj("type", "string", "pattern", "^[A-Za-z0-9._-]{1,64}$"), "example", "d2b7a1c0e4f35968"),
		"X-Cache", obj("description", "Whether the answer was kept from an earlier request; absent if it never is.",
			"schema", obj("type", "string", "enum", []any{"hit", "miss"}), "example", "hit"),
		"Retry-After", obj("description", "Seconds after which to try again, if that is known.", "schema", obj("type", "string", "pattern", "^[0-9]+$"), "example", "1"),
		"WWW-Authenticate", text("Always Bearer.", "Bearer"),
		"Location", text("Where the download can be looked at.", "/downloads/3b241101-e2bb-4255-8caf-4136c566a962"))
}

// answer is one of success: JSON of the schema. Cached ones say where from.
func answer(about string, schema object, example any, more ...string) object {
	carried := obj("X-Request-Id", ref("headers", "X-Request-Id"))
	for _, name := range more {
		carried = carried.with(name, ref("headers", name))
	}
	return obj("description", about, "headers", carried, "content", obj("application/json", obj("schema", schema, "example", example)))
}

func body(about string, schema object, example any) object {
	return obj("required", true, "description", about, "content", obj("application/json", obj("schema", schema, "example", example)))
}
