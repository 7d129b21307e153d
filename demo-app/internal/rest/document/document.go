// Package document writes the OpenAPI document of the API. What the catalogue's
// collections have in common it makes from the schema in icat, so that the two
// cannot differ; the rest is written down here. The result is committed beside
// the routes, which embed it; a test of theirs compares both.
package document

import (
	"plumbline/demo-app/icat"
)

const about = `A demo ICAT metadata catalogue: the service under observation of Plumbline.

**A first walk.** ` + "`POST /sessions`" + ` with a username, for instance Karen482, and the password icat-demo answers a sessionID. Send it as
` + "`Authorization: Bearer <sessionID>`" + `. Then ask for
` + "`/investigations?where={\"investigationUsers.user.name\":{\"eq\":\"Karen482\"}}`" + `, for the datasets of one of them
(` + "`where={\"investigation.id\":{\"eq\":48}}`" + `), for their datafiles (` + "`where={\"dataset.id\":{\"eq\":48}}`" + `), have some prepared with
` + "`POST /downloads`" + `, and end with ` + "`DELETE /sessions`" + `.

**Accounts.** Every user of /users, all with the same password. dataingest may create datasets and datafiles; root may do and see everything;
the mechanism anon needs no password and sees what is public.

**Rights.** Users, facilities, instruments and facility cycles are public. An investigation, and whatever belongs to it, is for its users, the
scientists of its instruments and, once its releaseDate has passed, for everybody. Lists, counts and includes leave out what the caller may not
read; asking for it by id is 403.

**Values.** Dates are RFC 3339; answers give UTC as +00:00. Null is told by leaving the member out. Related entities come along only where an
include asks for them.

**Errors** come in one envelope, Error; its code is ICAT's where ICAT has a word. Besides what an operation names: a path that does not exist is
404 NO_SUCH_ROUTE, a method that a path lacks 405 METHOD_NOT_ALLOWED with the header Allow. A head that is malformed or beyond
16 KiB is refused before it is a request, as plain text without an X-Request-Id: 400, 417, 431, 501 or 505. An operator can switch faults on; any
operation may then fail with any code of the envelope, or be cut without an answer.

**Every other answer** carries X-Request-Id: the client's own if it sent a sane one. A path has one spelling: /users/ is not /users.`

// New returns the document, formatted.
func New() []byte {
	paths := object{}
	for _, part := range []object{sessions(), collections(), profile(), search(), downloads(), operations()} {
		paths = append(paths, part...)
	}
	tags := []any{obj("name", "sessions", "description", "Log in and out. How long a session lives after it was opened or refreshed, /properties says.")}
	for _, e := range icat.Collections() {
		tags = append(tags, obj("name", e.Collection, "description", purposes[e.Name]))
	}
	tags = append(tags,
		obj("name", "search", "description", "Find documents by words."),
		obj("name", "downloads", "description", "Have datasets prepared for download, in the background."),
		obj("name", "operations", "description", "What runs, whether it is well, and this documentation."))
	return format(obj(
		"openapi", "3.1.0",
		"info", obj("title", "ICAT API", "version", "1.0.0", "summary", "Metadata of experiments at a light source, and of the data they made.",
			"description", about, "license", obj("name", "Apache-2.0", "identifier", "Apache-2.0")),
		"servers", []any{obj("url", "/", "description", "where this document was read")},
		"tags", tags,
		"paths", paths,
		"components", obj(
			"securitySchemes", obj("session", obj("type", "http", "scheme", "bearer", "description", "The sessionID that POST /sessions answered.")),
			"parameters", parameters(), "headers", headers(), "responses", errorAnswers(), "schemas", schemas())))
}

// purposes says in a line what each collection holds.
var purposes = map[string]string{
	"Facility":      "The site that owns everything else.",
	"User":          "People; the name is what they log in with.",
	"Instrument":    "Where investigations take their data, and who looks after it.",
	"FacilityCycle": "Stretches of time in which the facility runs.",
	"Investigation": "Visits of a team to the facility: the unit of rights.",
	"Sample":        "What investigations looked at.",
	"Dataset":       "Sets of files that belong together.",
	"Datafile":      "Files, with checksums and sizes.",
}

// operation describes one method of a path. Answers are those of success;
// codes of failure stand in refusals.
type operation struct {
	id, tag, summary, about string
	open                    bool // needs no session
	parameters              []any
	body                    object
	answers                 object
	refusals                []string // names of components/responses
}

func (o operation) object() object {
	out := obj("operationId", o.id, "tags", []any{o.tag}, "summary", o.summary)
	if o.about != "" {
		out = out.with("description", o.about)
	}
	refusals := o.refusals
	if !o.open {
		out = out.with("security", []any{obj("session", []any{})})
		refusals = append([]string{"Unauthenticated", "Forbidden"}, refusals...)
	}
	if o.parameters != nil {
		out = out.with("parameters", o.parameters)
	}
	if o.body != nil {
		out = out.with("requestBody", o.body)
	}
	return out.with("responses", append(o.answers, refused(refusals)...))
}
