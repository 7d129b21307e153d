package document

import "plumbline/demo-app/icat"

const downloadExample = "3b241101-e2bb-4255-8caf-4136c566a962"

func downloads() object {
	queued := obj("id", downloadExample, "username", "Karen482", "datasetIds", []any{48}, "status", string(icat.DownloadQueued), "attempts", 0,
		"fileCount", 0, "fileSize", 0, "createTime", "2026-03-01T12:00:00+00:00")
	complete := obj("id", downloadExample, "username", "Karen482", "datasetIds", []any{48}, "status", string(icat.DownloadComplete), "attempts", 1,
		"fileCount", 31, "fileSize", 73_411_520, "manifestSize", 2170, "manifestChecksum", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"createTime", "2026-03-01T12:00:00+00:00", "completeTime", "2026-03-01T12:00:02+00:00", "expireTime", "2026-03-08T12:00:02+00:00")
	id := obj("name", "id", "in", "path", "required", true, "description", "The download's id.", "schema", obj("type", "string", "minLength", 1), "example", downloadExample)
	one := append([]string{"BadParameter", "NotFound", "NotImplemented"}, backend...)
	next := func(operation, about string) object {
		return obj("operationId", operation, "parameters", obj("id", "$response.body#/id"), "description", about)
	}
	return obj(
		"/downloads", obj(
			"post", operation{
				id: "submitDownload", tag: "downloads", summary: "Have datasets prepared for download",
				about: "Answers at once; the preparation goes on in the background. Look at the download until its status is COMPLETE, FAILED or DEAD. " +
					"Asking again for the same while it is not finished answers the same download.",
				body: body("What to prepare", ref("schemas", "DownloadRequest"), obj("datasetIds", []any{48}, "email", "karen482@lils.example")),
				answers: obj("202", answer("It is queued", ref("schemas", "Download"), queued, "Location").
					with("links", obj("status", next("getDownload", "How far it is"), "manifest", next("getManifest", "What it holds, when it is complete")))),
				refusals: append([]string{"BadParameter", "NotFound", "TooLarge", "UnsupportedMediaType", "NotImplemented"}, backend...),
			}.object(),
			"get", operation{
				id: "listDownloads", tag: "downloads", summary: "The caller's downloads, newest first", about: "At most 100.",
				answers:  obj("200", answer("The downloads", obj("type", "array", "maxItems", 100, "items", ref("schemas", "Download")), []any{complete})),
				refusals: append([]string{"NotImplemented"}, backend...),
			}.object()),
		"/downloads/{id}", obj("get", operation{
			id: "getDownload", tag: "downloads", summary: "How far a download is", parameters: []any{id},
			answers: obj("200", answer("The download", ref("schemas", "Download"), complete)), refusals: one,
		}.object()),
		"/downloads/{id}/manifest", obj("get", operation{
			id: "getManifest", tag: "downloads", summary: "What a complete download holds",
			about:      "A line for each file: path, tab, size in bytes, tab, checksum or -. In the path backslash, tab and line ends are escaped by a backslash. 404 until the status is COMPLETE.",
			parameters: []any{id},
			answers: obj("200", obj("description", "The manifest", "headers", obj("X-Request-Id", ref("headers", "X-Request-Id")),
				"content", obj("text/plain", obj("schema", obj("type", "string"), "example", "/lils/48/48/LILS00000007.nxs\t73411520\t9e107d9d372bb6826bd81d3542a419d6\n")))),
			refusals: one,
		}.object()))
}
