#!/usr/bin/env python3
"""A walk through the ICAT API: log in, my investigations, their datasets and
datafiles, a download prepared, log out.

Usage: journey.py http://localhost:8000 [username]

It was written from /openapi.json alone and needs nothing but Python. The
password is read from ICAT_PASSWORD; without it, it is the demo's."""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    """An answer in the error envelope."""


class Api:
    def __init__(self, base):
        self.base = base.rstrip("/")
        self.session = None

    def call(self, method, path, body=None, **query):
        """Sends a request and returns what the answer's JSON holds, or its text."""
        url = self.base + path
        if query:
            url += "?" + urllib.parse.urlencode(query, doseq=True)
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.session:
            request.add_header("Authorization", "Bearer " + self.session)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read().decode()
                return json.loads(text) if answer.headers.get_content_type() == "application/json" else text
        except urllib.error.HTTPError as e:
            said = json.loads(e.read())
            raise Refused("%s %s: %d %s: %s (request %s)" % (method, path, e.code, said["code"], said["message"], said["requestId"]))


def step(text):
    print(" -", text, flush=True)


def where(**conditions):
    """where(dataset__id=7) is the parameter for datasets of id 7."""
    return json.dumps({field.replace("__", "."): {"eq": value} for field, value in conditions.items()})


def walk(base, username):
    api = Api(base)
    password = os.environ.get("ICAT_PASSWORD", "icat-demo")
    api.session = api.call("POST", "/sessions", {"username": username, "password": password})["sessionID"]
    who = api.call("GET", "/sessions")
    step("logged in as %s until %s" % (who["username"], who["expireDateTime"]))

    mine = where(investigationUsers__user__name=username)
    investigations = api.call("GET", "/investigations", where=mine, order="startDate desc", limit=50, include=json.dumps(["type"]))
    count = api.call("GET", "/investigations/count", where=mine)
    step("%d of %d investigations are mine to see" % (len(investigations), count))
    for i in investigations:
        step("investigation %d: %s, a %s" % (i["id"], i["title"], i["type"]["name"]))

    wanted = []
    for i in investigations:
        datasets = api.call("GET", "/datasets", where=where(investigation__id=i["id"]), order="id asc")
        step("investigation %d has %d datasets" % (i["id"], len(datasets)))
        wanted += [d["id"] for d in datasets]
    wanted = wanted[:3]

    listed = 0
    for dataset in wanted:
        files = api.call("GET", "/datafiles", where=where(dataset__id=dataset), order="name asc")
        listed += len(files)
        step("dataset %d has %d datafiles, %d bytes" % (dataset, len(files), sum(f.get("fileSize", 0) for f in files)))

    download = api.call("POST", "/downloads", {"datasetIds": wanted})
    step("download %s is %s" % (download["id"], download["status"]))
    deadline = time.monotonic() + 60
    while download["status"] in ("QUEUED", "PREPARING"):
        if time.monotonic() > deadline:
            raise Refused("the download is still " + download["status"])
        time.sleep(0.2)
        download = api.call("GET", "/downloads/" + download["id"])
    step("download %s is %s: %d files" % (download["id"], download["status"], download["fileCount"]))
    manifest = api.call("GET", "/downloads/%s/manifest" % download["id"]).splitlines()
    step("its manifest has %d lines, the first: %s" % (len(manifest), manifest[0]))
    if len(manifest) != listed:
        raise Refused("the manifest has %d lines for %d datafiles" % (len(manifest), listed))

    api.call("DELETE", "/sessions")
    try:
        api.call("GET", "/sessions")
    except Refused as e:
        step("logged out; the session says: %s" % e)
    else:
        raise Refused("the session outlived its logout")


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 64
    try:
        walk(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "Karen482")
    except (Refused, OSError) as e:
        print("journey.py:", e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
