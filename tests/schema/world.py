"""The files of the repository, the two schemas, and `revokd check` as the other judge of both."""
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from jsonschema import Draft7Validator

import toml_text

ROOT, REVOKD = Path(os.environ["ROOT"]), os.environ["REVOKD"]
SCHEMAS = {name: json.loads((ROOT / f"config/schema/{name}.schema.json").read_text()) for name in ("revokd", "policies")}
VALIDATORS = {name: Draft7Validator(schema) for name, schema in SCHEMAS.items()}

# Beside which policies are checked: a cloud without a registry and one with, by every name that a document gives them.
CLOUDS = "".join(f"""
[clouds.{name}]
provider = "openstack"
auth_url = "https://keystone.example.com/v3"
project = "p"
auth = {{ method = "password", user = "u", password_env = "SECRET" }}
""" for name in ("example", "prod")) + """
[clouds.registry]
provider = "huawei"
auth_url = "https://iam.example.com/v3"
region = "r"
project_id = "p"
auth = { method = "password", user_id = "u", password_env = "SECRET" }
"""
POLICY = 'name = "a"\nschedule = "0 4 * * *"\nclouds = "*"\nresource = "image-share"\nmatch = { granted_before = "30d" }\n'
# What secrets and authorities that are named `x` hold; long enough for every use.
SECRET = "-----BEGIN CERTIFICATE-----"


def refuses(name, document):
    """Whether a schema does."""
    return not VALIDATORS[name].is_valid(document)


def shipped():
    """Schema, path and content of each file."""
    yield "revokd", ROOT / "config/revokd.toml"
    for path in sorted((ROOT / "config/policies").glob("*.toml")):
        yield "policies", path


def documented():
    """Schema, place and text of each block of TOML in a document."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text()
        for block in re.finditer(r"```toml\n(.*?)```", text, re.S):
            is_main = {"clouds", "daemon"} & toml_text.read(block[1]).keys()
            yield "revokd" if is_main else "policies", f"{path.name}:{text[:block.start()].count(chr(10)) + 1}", block[1]


class Directory:
    """A configuration that is checked once, with many files or clouds in it."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="revokd-schema-"))
        (self.path / "policies").mkdir()
        for folder in (self.path, self.path / "policies"):
            for name in ("x", "example-password", "registry-password"):
                (folder / name).write_text(SECRET)
                (folder / name).chmod(0o600)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def check(self, config):
        """Problems: file name, line and message of each."""
        (self.path / "revokd.toml").write_text(config)
        environment = {**os.environ, "x": "a-token-of-24-characters", "SECRET": "secret"}
        command = [REVOKD, "--config", str(self.path / "revokd.toml"), "check", "--output", "json"]
        answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        assert answer.returncode in (0, 3), answer.stderr
        problems = json.loads(answer.stdout)["problems"]
        assert bool(problems) == (answer.returncode == 3), answer.stdout
        assert len(problems) < 200, "not all of them are shown"
        return [(Path(problem["file"]).name, problem.get("line"), problem["message"]) for problem in problems]


# Of more problems than two hundred `check` shows the first; no file here has more than four.
AT_ONCE = 50


def in_parts(refused):
    """Judges a list in parts; positions are those in the whole."""
    def judged(all_of_them):
        found = {}
        for begin in range(0, len(all_of_them), AT_ONCE):
            part = refused(all_of_them[begin:begin + AT_ONCE])
            found |= {begin + position: message for position, message in part.items()}
        return found
    return judged


@in_parts
def refused_policies(documents):
    """Positions of the policy files that `check` refuses, with the first reason. Many are read at once, so names are made unique."""
    with Directory() as directory:
        for position, document in enumerate(documents):
            text = toml_text.write(apart(document, f".n{position}"))
            (directory.path / "policies" / f"{position}.toml").write_text(text)
        (directory.path / "policies" / "good.toml").write_text(f"[[policy]]\n{POLICY}")
        found = {}
        for file, _, message in directory.check(CLOUDS):
            assert file.removesuffix(".toml").isdigit(), f"{file}: {message}"
            found.setdefault(int(file.removesuffix(".toml")), message)
        return found


def apart(document, suffix):
    """The same with other names of policies and sources. What is wrong stays wrong."""
    def renamed(value):
        return [renamed(inner) for inner in value] if isinstance(value, list) else \
            value + suffix if isinstance(value, str) and value.strip() else value

    document = copied(document)
    if isinstance(document.get("source"), dict):
        document["source"] = {name + suffix: section for name, section in document["source"].items()}
    policies = document.get("policy")
    for policy in policies if isinstance(policies, list) else [policies]:
        if isinstance(policy, dict):
            if "name" in policy:
                policy["name"] = renamed(policy["name"])
            match = policy.get("match")
            for key in {"subject_in", "subject_not_in"} & (match.keys() if isinstance(match, dict) else set()):
                match[key] = renamed(match[key])
    return document


def copied(value):
    """Deep, and dates stay dates."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


@in_parts
def refused_clouds(clouds):
    """Positions of the `[clouds.NAME]` that `check` refuses; one line for each."""
    with Directory() as directory:
        (directory.path / "policies" / "good.toml").write_text(f"[[policy]]\n{POLICY}")
        lines = [f"clouds.c{position} = {toml_text.inline(cloud)}" for position, cloud in enumerate(clouds)]
        lines.append('clouds.good = ' + toml_text.inline(toml_text.read(CLOUDS)["clouds"]["example"]))
        found = {}
        for file, line, message in directory.check("\n".join(lines)):
            assert file == "revokd.toml" and line <= len(clouds), f"{file}:{line}: {message}"
            found.setdefault(line - 1, message)
        return found


def refused_daemon(section):
    """Why `check` refuses a `[daemon]`, if it does."""
    with Directory() as directory:
        (directory.path / "policies" / "good.toml").write_text(f"[[policy]]\n{POLICY}")
        problems = directory.check(f"daemon = {toml_text.inline(section)}\n{CLOUDS}")
        return problems[0][2] if problems else None
