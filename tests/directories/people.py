"""The directories that `up` started: stopped, started again, and filled with the people of a test, by OpenLDAP's own tools and
over HTTP. What a test adds it takes out again."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from waiting import PATIENCE_S, until
from world import ADDRESSES, STATE, Refused, ask


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

    def enable(self, name):
        self.change(self.place(name), "changetype: modify", "delete: pwdAccountLockedTime")

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
        self.set_active(name, False)

    def enable(self, name):
        self.set_active(name, True)

    def set_active(self, name, active):
        operation = {"op": "replace", "path": "active", "value": active}
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
