"""The box as the tests see it: commands in it, its files, the units of its systemd, and a simulated cloud that runs in it. Nothing
here asks revokd about itself."""
import ctypes
import json
import os
import secrets
import subprocess
import threading
import tomllib
from pathlib import Path

from waiting import until

HERE, STATE = Path(os.environ["HERE"]), Path(os.environ["STATE"])
REVOKD, PACKAGE = Path(os.environ["REVOKD"]), Path(os.environ["REVOKD_DEB"])
COMMAND = os.environ["BOX_COMMAND"].split()
GROUP = Path(os.environ["BOX_GROUP"])
# What both sides see, here and there.
SHARED, SHARED_INSIDE = STATE / "shared", "/run/shared"


class Ran:
    """What one command in the box gave back."""

    def __init__(self, arguments, ran):
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr
        self.text = f"$ {' '.join(arguments)}\n{ran.stdout}{ran.stderr}[exit {ran.returncode}]\n"


def run(*arguments, stdin=None):
    ran = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, text=True, timeout=120,
                         stdin=subprocess.DEVNULL if stdin is None else None)
    return Ran(arguments, ran)


def must(*arguments, stdin=None):
    ran = run(*arguments, stdin=stdin)
    if ran.code:
        raise AssertionError(ran.text)
    return ran.out


def path(inside):
    """A file of the box, from here. The links on its way must not be absolute, for they would lead out of the box."""
    return Path(f"/proc/{os.environ['BOX_PID']}/root{inside}")


def write(inside, text, mode=0o644):
    file = path(inside)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, mode), "w") as opened:
        opened.write(text)
    file.chmod(mode)


def show(unit, *names):
    """Properties of a unit as its manager tells them, in the order asked for; one alone, if one is asked for."""
    lines = must("systemctl", "show", unit, *(f"--property={name}" for name in names)).splitlines()
    told = dict(line.split("=", 1) for line in lines)
    values = [told.get(name, "") for name in names]
    return values[0] if len(names) == 1 else values


def journal(since_ns, *arguments):
    """The records since that time, oldest first. Not by a cursor: together with a filter journalctl skips the first record after it."""
    must("journalctl", "--sync")
    records = map(json.loads, must("journalctl", "--quiet", "--output=json", "--all", *arguments).splitlines())
    return [record for record in records if int(record["__REALTIME_TIMESTAMP"]) * 1000 >= since_ns]


def processes(unit):
    """The ids of a unit's processes as they are outside of the box, where this suite runs."""
    members = GROUP / "system.slice" / unit / "cgroup.procs"
    return [int(line) for line in members.read_text().split()] if members.exists() else []


def thread_named(unit, name):
    """The id, outside of the box, of the thread of that name."""
    tasks = [task for pid in processes(unit) for task in Path(f"/proc/{pid}/task").iterdir()]
    (found,) = [int(task.name) for task in tasks if thread_name(task) == name]
    return found


def thread_name(task):
    """Nothing of a thread that has just ended, as idle ones do."""
    try:
        return (task / "comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


class StoppedThread:
    """One thread that stands still while the others of its process go on, as no signal can do it; until it is killed, or for good."""

    SEIZE, INTERRUPT, ALL = 0x4206, 0x4207, 0x40000000

    def __init__(self, thread):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        for request in self.SEIZE, self.INTERRUPT:
            if libc.ptrace(request, thread, None, None):
                raise OSError(ctypes.get_errno(), f"ptrace of thread {thread}: {os.strerror(ctypes.get_errno())}")
        _, status = os.waitpid(thread, self.ALL)
        if not os.WIFSTOPPED(status):
            raise AssertionError(f"thread {thread} did not stop: {status}")
        # The process is gone for its manager only when whoever traces a thread of it has seen that go.
        threading.Thread(target=self.bury, args=(thread,), daemon=True).start()

    def bury(self, thread):
        try:
            while not (os.WIFSIGNALED(status := os.waitpid(thread, self.ALL)[1]) or os.WIFEXITED(status)):
                pass
        except ChildProcessError:
            pass


class Cloud:
    """A simulated OpenStack with shares of images, as a unit of the box, so that it ends with the box at the latest."""

    def __init__(self, *faults, images=10, projects=4, shares=2):
        self.unit = f"cloud-{secrets.token_hex(4)}.service"
        inside = f"/run/{self.unit.removesuffix('.service')}"
        self.folder = path(inside)
        program = SHARED / "revokd"
        if not program.exists():
            subprocess.run(["strip", "-o", program, REVOKD], check=True)
        world = [f"--images={images}", f"--projects={projects}", f"--shares={shares}"]
        must("systemd-run", "--quiet", "--collect", f"--unit={self.unit}", f"{SHARED_INSIDE}/revokd", "simulate", "--cloud=openstack",
             f"--directory={inside}", *world, *(f"--fault={fault}" for fault in faults))
        told = lambda: any("Ctrl-C" in record["MESSAGE"] for record in journal(0, "--unit", self.unit))
        until("the simulated cloud answers", lambda: (self.folder / "revokd.toml").exists() and told())
        self.section = tomllib.loads((self.folder / "revokd.toml").read_text())["clouds"]["example"]
        self.password = (self.folder / "example-password").read_text().strip()
        self.root = self.section["auth_url"].removesuffix("/v3")
        domain = {"name": self.section["project_domain"]}
        user = {"name": self.section["auth"]["user"], "password": self.password, "domain": domain}
        login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                          "scope": {"project": {"name": self.section["project"], "domain": domain}}}}
        # A login that is to fail is for revokd.
        self.token = None
        answer = run("curl", "-fsS", "-i", "-H", "Content-Type: application/json", "-d", json.dumps(login), f"{self.section['auth_url']}/auth/tokens")
        for line in answer.out.splitlines():
            if line.lower().startswith("x-subject-token:"):
                self.token = line.split(":", 1)[1].strip()
                self.project_id = json.loads(answer.out.splitlines()[-1])["token"]["project"]["id"]

    def get(self, *paths):
        """The answers to several requests, made by one command."""
        told = must("curl", "-fsS", "-w", "\\n", "-H", f"X-Auth-Token: {self.token}", *(self.root + rest for rest in paths))
        return [json.loads(line) for line in told.splitlines()]

    def shares(self):
        """Every share of the project's images, from the cloud itself: (image, project)."""
        lists = self.get(*(f"/v2/images?limit=1000&visibility=shared&os_hidden={hidden}" for hidden in ("false", "true")))
        images = [image["id"] for each in lists for image in each["images"] if image["owner"] == self.project_id]
        members = self.get(*(f"/v2/images/{image}/members" for image in images))
        return {(row["image_id"], row["member_id"]) for each in members for row in each["members"]}

    def removals(self):
        """Every share that was ever removed, as the world's own log has it, in its order."""
        # The last line may be half written.
        whole, _, _ = (self.folder / "removals.jsonl").read_text().rpartition("\n")
        return [(row["resource"], row["subject"]) for row in map(json.loads, whole.splitlines())]

    def end(self):
        run("systemctl", "stop", self.unit)
