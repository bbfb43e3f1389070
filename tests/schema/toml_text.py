"""TOML in both directions: as a validator sees a file, and back into a text that `revokd check` reads."""
import datetime
import json
import tomllib


def read(text):
    """A file as JSON has it: of dates and times only their text is left, as with every tool that holds TOML against a schema."""
    return as_json(tomllib.loads(text))


def as_json(value):
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return Date(value.isoformat()) if isinstance(value, (datetime.date, datetime.time)) else value


class Date(str):
    """The text of a date that is written without quotes."""


def write(document):
    """Each key of the file on one line, whatever is in it."""
    return "".join(f"{key(name)} = {inline(value)}\n" for name, value in document.items())


def key(name):
    return json.dumps(name)


def inline(value):
    if isinstance(value, Date):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(name)} = {inline(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    # Booleans, numbers and texts are written in TOML as in JSON.
    return json.dumps(value)
