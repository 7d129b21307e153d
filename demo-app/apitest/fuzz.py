"""Hooks for schemathesis: who asks, and what filters are worth asking for."""

import json
import os
import urllib.request

import schemathesis
from hypothesis import strategies as st

API = os.environ["API_URL"]


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def login():
    return call("POST", "/sessions", {"username": os.environ["API_USER"], "password": os.environ["API_PASSWORD"]})["sessionID"]


@schemathesis.auth(refresh_interval=None)
class Session:
    """One session for all requests, but one of its own for each logout."""

    shared = None

    def get(self, case, context):
        if case.operation.definition.raw.get("operationId") == "logout":
            return login()
        if Session.shared is None:
            Session.shared = login()
        return Session.shared

    def set(self, case, session, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = "Bearer " + session


# Texts of JSON are opaque to a schema, so random ones are refused at the door.
# With FUZZ_FILTERS set, most where, order, distinct and include are made from
# the document's entities: they reach the catalogue.
SCHEMAS = call("GET", "/openapi.json")["components"]["schemas"]


def members(entity):
    whole = SCHEMAS[entity]["allOf"]
    return {**SCHEMAS["Base"]["properties"], **whole[1]["properties"]}


def fields(entity):
    return {name: p for name, p in members(entity).items() if p.get("type") in ("string", "integer", "number", "boolean")}


def relations(entity):
    found = {}
    for name, p in members(entity).items():
        ref = p.get("$ref") or p.get("items", {}).get("$ref")
        if ref:
            found[name] = ref.rsplit("/", 1)[1]
    return found


def value(p):
    if p.get("format") == "date-time":
        return st.datetimes().map(lambda t: t.isoformat() + "Z")
    return {
        "string": st.text(max_size=20) | st.sampled_from(["%", "_", "\\", "'", "\x00", "Karen482", "DATASET 1"]),
        "integer": st.integers(0, 2000) | st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
    }[p["type"]]


@st.composite
def path(draw, entity, deep):
    """A dotted path to a field, and the field."""
    names = []
    for _ in range(draw(st.integers(0, deep))):
        name = draw(st.sampled_from(sorted(relations(entity))))
        entity = relations(entity)[name]
        names.append(name)
    field = draw(st.sampled_from(sorted(fields(entity))))
    return ".".join(names + [field]), fields(entity)[field]


@st.composite
def where(draw, entity):
    dotted, p = draw(path(entity, 3))
    op = draw(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "like", "ilike", "in", "between", "isnull"]))
    if op == "in":
        operand = draw(st.lists(value(p), min_size=1, max_size=5))
    elif op == "between":
        operand = [draw(value(p)), draw(value(p))]
    else:
        operand = draw(st.booleans() if op == "isnull" else value(p))
    return json.dumps({dotted: {op: operand}})


@st.composite
def include(draw, entity, deep=3):
    name = draw(st.sampled_from(sorted(relations(entity))))
    if deep > 1 and draw(st.booleans()):
        return {name: draw(include(relations(entity)[name], deep - 1))}
    return name


@st.composite
def query(draw, entity, known):
    out = {}
    if "where" in known:
        out["where"] = draw(st.lists(where(entity), max_size=3))
    if "order" in known:
        out["order"] = [dotted + draw(st.sampled_from([" asc", " desc"])) for dotted, _ in draw(st.lists(path(entity, 1), max_size=2))]
    if "limit" in known:
        out["limit"] = draw(st.integers(0, 20))
    if "skip" in known:
        out["skip"] = draw(st.integers(0, 100) | st.just(2**31 - 1))
    if draw(st.booleans()):
        out["include"] = [json.dumps(draw(include(entity)))]
    elif "distinct" in known:
        out["distinct"] = [json.dumps(draw(st.lists(st.sampled_from(sorted(fields(entity))), min_size=1, max_size=3)))]
    return {name: v for name, v in out.items() if v != []}


@schemathesis.hook
def before_generate_query(context, strategy):
    if context.operation is None or not os.environ.get("FUZZ_FILTERS"):
        return strategy
    known = {p.name for p in context.operation.query}
    tag = context.operation.definition.raw["tags"][0]
    entity = next((e for e in SCHEMAS if e + "Part" in SCHEMAS and plural(e) == tag), None)
    if entity is None or "include" not in known:
        return strategy
    return query(entity, known) | query(entity, known) | strategy


def plural(entity):
    name = entity.lower()
    return name[:-1] + "ies" if name.endswith("y") else name + "s"
