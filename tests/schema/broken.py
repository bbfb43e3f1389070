"""Files broken in systematic ways: every place of a good file is spoilt once in each way that fits it."""
from toml_text import Date
from world import SCHEMAS, copied

# What a test says of a place that is spoilt: it must be refused, or it may be (a key may be optional).
MUST, MAY = "must", "may"
CLOSED = {"mode", "priority", "missed", "resource", "status", "level", "state", "visibility", "type", "provider", "method", "interface",
          "flavour", "to"}
LENGTHS = {"granted_before", "created_before", "updated_before", "grace", "max_age", "timeout", "stop_within", "decision_valid",
           "first_delay", "longest_delay", "connect_timeout", "request_timeout", "not_seen_for"}


def spoilt(value, place=""):
    """Pairs of a word for what was done where, whether that must be refused, and the value with it done."""
    yield f"{place}: another type", MUST, [] if isinstance(value, (int, float, bool, Date)) else True
    if isinstance(value, dict):
        named = place.endswith((".source", ".clouds", ".properties")) or place in ("source", "clouds")
        if not named:
            yield f"{place}: unknown key", MUST, {**value, "unknown_key": "x"}
        for key in value:
            below = f"{place}.NAME" if named else f"{place}.{key}".lstrip(".")
            yield f"{below}: missing", MAY, {name: inner for name, inner in value.items() if name != key}
            for word, judged, inner in spoilt(value[key], below):
                yield word, judged, {**value, key: inner}
    elif isinstance(value, list):
        yield f"{place}: empty list", MAY, []
        for position, inner in enumerate(value):
            for word, judged, changed in spoilt(inner, place):
                yield word, judged, [*value[:position], changed, *value[position + 1:]]
    elif isinstance(value, str) and not isinstance(value, Date):
        key = place.rsplit(".", 1)[-1]
        yield f"{place}: blank", MAY, " "
        if key in CLOSED and not place.startswith("policy.match.image"):
            yield f"{place}: misspelt", MUST, value + "x"
        if key in LENGTHS:
            yield f"{place}: a month", MUST, "1M"
            yield f"{place}: no unit", MUST, "30"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield f"{place}: below zero", MAY, -1


def enriched(schema, section, place):
    """The section with each key that its schema knows and it lacks: what one kind, type or provider takes another refuses."""
    definition = SCHEMAS[schema]
    for step in place:
        definition = definition[step]
    for key, of_key in definition["properties"].items():
        if key not in section:
            yield f"{key}: added", MAY, {**copied(section), key: sample(SCHEMAS[schema], of_key)}


def sample(root, schema):
    """A value that the schema of one key takes."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        ready = {"text": "x", "texts": "x", "name": "x", "duration": "10m", "json-path": "$.x", "address": "https://x.example.com/v3",
                 "bytes": 1, "protected": "image:x"}
        return ready[name] if name in ready else sample(root, root["definitions"][name])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema and "type" not in schema:
        return sample(root, schema["anyOf"][0])
    if schema["type"] == "object":
        keys = schema.get("required") or list(schema.get("properties", {}))[:1]
        return {key: sample(root, schema["properties"][key]) for key in keys} or {"x": "x"}
    ready = {"integer": max(1, schema.get("minimum", 1)), "number": 10, "boolean": True, "array": []}
    if schema["type"] == "string":
        return schema.get("default") or {":[0-9]+$": "127.0.0.1:9469"}.get(schema["pattern"]) or \
            ("user.id" if "user" in schema["pattern"] else Date("2027-01-31") if "[0-9]{4}" in schema["pattern"] else "x")
    return ready[schema["type"]]
