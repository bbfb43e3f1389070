"""The world that revokd meets here: processes of the suite's own, and a simulated cloud with a registry, which is asked over HTTP
by nothing of revokd's."""
import json
import os
import re
import shutil
import subprocess
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from waiting import until

REVOKD, STATE = os.environ["REVOKD"], Path(os.environ["STATE"])
ADDRESSES = dict(line.split("=", 1) for line in (STATE / "addresses").read_text().splitlines() if not line.startswith("#"))
# No proxy of the caller's may come between.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not re.fullmatch("(?i)(https?|all)_proxy", name)}
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
processes = []


class Refused(Exception):
    """An answer that is no 2xx; `status` is its HTTP status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def ask(method, url, body=None, **headers):
    """One request; gives the text of the answer and its headers. An underscore in the name of a header is a hyphen."""
    # The registry wants to be told what kind of body comes, also where none does.
    headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    try:
        with browser.open(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            return answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        raise Refused(error.code, f"{method} {url}: {error.code} {error.read()[:300]!r}") from None


def end_all():
    while processes:
        processes[-1].end()


class Process:
    """A process of ours, with what it says in a file; it is ended by whatever ends the suite."""

    def __init__(self, command, log):
        self.log = log
        with log.open("a") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/", env=ENVIRONMENT)
        processes.append(self)

    def says(self, pattern):
        """Waits for words in what it says, and gives the match."""
        def said():
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(self.process.args)} has ended: {self.log.read_text()}")
            return re.search(pattern, self.log.read_text())
        return until(f"{self.process.args[1]} says {pattern}", said)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in processes:
            processes.remove(self)
        return self.process.returncode


class Cloud(Process):
    """A simulated account with a registry; the demo's, with people whose addresses are NAME@example.com."""

    def __init__(self, folder):
        self.folder = folder
        super().__init__([REVOKD, "simulate", "--cloud", "open-telekom-cloud", "--directory", str(folder)], folder.with_suffix(".log"))
        self.says("Ctrl-C")
        self.section = tomllib.loads((folder / "revokd.toml").read_text())["clouds"]["registry"]
        self.auth_url = self.section["auth_url"]
        self.root = self.auth_url.removesuffix("/v3")
        self.password = (folder / "registry-password").read_text().strip()
        domain = {"name": self.section["domain"]}
        user = {"name": self.section["auth"]["user"], "password": self.password, "domain": domain}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": self.section["project"], "domain": domain}}
        _, headers = ask("POST", f"{self.auth_url}/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        self.token = headers["X-Subject-Token"]

    def get(self, path):
        return json.loads(ask("GET", f"{self.root}{path}", X_Auth_Token=self.token)[0])

    def permissions(self):
        """Every permission in the registry, from the registry itself: (kind, resource, name of the user) to its level."""
        held = {}
        for namespace in (row["name"] for row in self.get("/v2/manage/namespaces")["namespaces"]):
            rows = self.get(f"/v2/manage/namespaces/{namespace}/access")["others_auths"] or []
            held |= {("namespace-permission", namespace, row["user_name"]): row["auth"] for row in rows}
            for repository in self.get(f"/v2/manage/repos?namespace={namespace}&limit=100&offset=0"):
                name = repository["name"]
                rows = self.get(f"/v2/manage/namespaces/{namespace}/repos/{quote(name.replace('/', '$'))}/access")["others_auths"] or []
                held |= {("repository-permission", f"{namespace}/{name}", row["user_name"]): row["auth"] for row in rows}
        return held

    def removals(self):
        """Everything that was ever removed in the whole world, as its own log has it: (kind, resource)."""
        log = self.folder / "removals.jsonl"
        rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return sorted((row["kind"], row["resource"]) for row in rows)


def empty_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
