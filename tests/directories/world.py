"""The world that revokd meets here: a simulated cloud with a registry, and what the suite changes and looks at in it and in the
directories. It shares no code with revokd; it asks the cloud over HTTP, the directory by OpenLDAP's own tools."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

REVOKD, STATE = os.environ["REVOKD"], Path(os.environ["STATE"])
ADDRESSES = dict(line.split("=", 1) for line in (STATE / "addresses").read_text().splitlines() if not line.startswith("#"))
PATIENCE_S = 30
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


def until(what, holds):
    """Waits for something that is to happen soon; gives what it was."""
    deadline = time.monotonic() + PATIENCE_S
    while not (held := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"within {PATIENCE_S} s it did not happen that {what}")
        time.sleep(0.05)
    return held


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


class Server:
    """A server that `up` started: stopped and started again under the same address, and its pid written down where `down`
    looks for it."""

    def __init__(self, name):
        self.name, self.folder, self.pid_file = name, STATE / name, STATE / "run" / f"{name}.pid"
        self.command = [part.decode() for part in (self.proc() / "cmdline").read_bytes().split(b"\0")[:-1]]
        self.child = None

    def proc(self):
        return Path("/proc") / self.pid_file.read_text().strip()

    def is_alive(self):
        try:
            return (self.proc() / "cwd").readlink() == self.folder
        except OSError:
            return False

    def stop(self):
        assert self.is_alive(), f"{self.name} is not one of ours"
        os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
        if self.child:
            self.child.wait(timeout=PATIENCE_S)
        until(f"{self.name} stops", lambda: not self.is_alive())

    def start(self, answers):
        """`answers` says whether it does."""
        if self.is_alive():
            return
        with (STATE / "log" / f"{self.name}.log").open("a") as log:
            self.child = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid_file.write_text(f"{self.child.pid}\n")
        until(f"{self.name} answers", answers)


class OpenLdap:
    """A branch of its own in the running OpenLDAP, with a user of its own to read it."""

    server = "slapd"

    def __init__(self, name):
        self.running = Server(self.server)
        self.base = f"ou={name},{os.environ['LDAP_BASE']}"
        self.reader, self.password = f"cn=revokd,{self.base}", "revokd-of-the-suite"
        self.added = []
        self.add_entry(self.base, "objectClass: organizationalUnit")
        self.add_entry(self.reader, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", f"userPassword: {self.password}")

    def stop(self):
        self.running.stop()

    def start(self):
        self.running.start(self.answers)

    def remove(self):
        """Leaves the directory as it was found."""
        self.start()
        for dn in reversed(self.added):
            self.change(dn, "changetype: delete")

    def source(self, name="people", **changed):
        settings = {
            "type": "ldap", "url": ADDRESSES["LDAP_URL"], "base": self.base, "bind_dn": self.reader, "password_file": "directory-password",
            "filter": "(objectClass=inetOrgPerson)", "page_size": 4}
        return source(name, settings | changed, {"attribute": "mail", "to": "user.email"})

    def answers(self):
        return subprocess.run(self.tool("ldapwhoami"), capture_output=True).returncode == 0

    def add(self, name, address=None):
        # Some were typed in by somebody with a way of his own.
        address = address or (f"{name}@example.com".title() if name < "k" else f"{name}@example.com")
        self.add_entry(self.place(name), "objectClass: inetOrgPerson", f"cn: {name}", f"sn: {name}", f"mail: {address}", f"userPassword: {name}")

    def disable(self, name):
        self.change(self.place(name), "changetype: modify", "replace: pwdAccountLockedTime", "pwdAccountLockedTime: 000001010000Z")

    def delete(self, name):
        self.change(self.place(name), "changetype: delete")
        self.added.remove(self.place(name))

    def place(self, name):
        return f"uid={name},{self.base}"

    def login(self, dn, password):
        """Tries to log in; gives the code of the answer."""
        command = ["ldapwhoami", "-x", "-H", ADDRESSES["LDAP_URL"], "-D", dn, "-w", password]
        return subprocess.run(command, capture_output=True).returncode

    def operational(self, dn, attribute):
        """What the directory itself wrote down about an entry."""
        found = subprocess.run(self.tool("ldapsearch", "-LLL", "-b", dn, "-s", "base", attribute), capture_output=True, text=True, check=True)
        return re.findall(rf"(?m)^{attribute}: (.*)$", found.stdout)

    def add_entry(self, dn, *lines):
        self.change(dn, "changetype: add", *lines)
        self.added.append(dn)

    def change(self, dn, *lines):
        # With -M an entry that refers elsewhere is an entry like others.
        self.run("\n".join([f"dn: {dn}", *lines, ""]), "ldapmodify", "-M")

    def run(self, ldif, *command):
        ran = subprocess.run(self.tool(*command), input=ldif, capture_output=True, text=True)
        assert ran.returncode == 0, f"{ldif}\n{ran.stderr}"

    def tool(self, program, *arguments):
        login = ["-D", os.environ["LDAP_ADMIN"], "-w", os.environ["LDAP_ADMIN_PASSWORD"]]
        return [program, "-x", "-H", ADDRESSES["LDAP_URL"], *login, *arguments]


class ScimServer:
    """People of its own among those of the running SCIM server."""

    server = "scim"
    password = os.environ["SCIM_TOKEN"]

    def __init__(self, name):
        self.running = Server(self.server)
        self.ids = {}
        self.others = self.ask("GET", "/Users?count=1000")["Resources"]

    def stop(self):
        """It keeps everything in memory, so it forgets everybody."""
        self.running.stop()
        self.ids.clear()

    def start(self):
        self.running.start(self.answers)

    def remove(self):
        self.start()
        for name in list(self.ids):
            self.delete(name)
        for user in self.others if self.total() == 0 else []:
            self.ask("POST", "/Users", {key: user[key] for key in ("schemas", "userName", "active", "emails")})

    def source(self, name="people", **changed):
        settings = {"type": "scim", "url": ADDRESSES["SCIM_URL"], "token_file": "directory-password", "page_size": 7}
        return source(name, settings | changed, {"attribute": "emails.value", "to": "user.email"})

    def answers(self):
        try:
            self.ask("GET", "/Users?count=1")
        except (OSError, Refused):
            return False
        return True

    def total(self):
        return self.ask("GET", "/Users?count=1")["totalResults"]

    def add(self, name, address=None):
        user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": True,
                "emails": [{"value": address or f"{name}@example.com", "type": "work", "primary": True}]}
        self.ids[name] = self.ask("POST", "/Users", user)["id"]

    def disable(self, name):
        operation = {"op": "replace", "path": "active", "value": False}
        self.ask("PATCH", f"/Users/{self.ids[name]}", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})

    def delete(self, name):
        self.ask("DELETE", f"/Users/{self.ids.pop(name)}")

    def place(self, name):
        return f"{name} ({self.ids[name]})"

    def ask(self, method, path, body=None):
        text, _ = ask(method, ADDRESSES["SCIM_URL"] + path, body, Authorization=f"Bearer {self.password}", Content_Type="application/scim+json")
        return json.loads(text) if text else None


def source(name, settings, match):
    """A section of TOML; what is None is left out."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items() if value is not None]
    if match:
        lines.append("match = { " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in match.items()) + " }")
    return f"[source.{name}]\n" + "\n".join(lines) + "\n"


def empty_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
