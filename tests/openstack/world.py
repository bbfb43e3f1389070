"""The suite's own client. It makes the world that revokd meets and reads it back, in plain HTTP and from Glance's database,
and shares no code with revokd. `world.py register` makes Glance known to Keystone."""
import functools
import http.client
import json
import os
import re
import secrets
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).resolve().parent.parent))
from waiting import until

KEYSTONE, GLANCE, STATE = os.environ["KEYSTONE_URL"], os.environ["GLANCE_URL"], Path(os.environ["STATE"])
AGENT = "revokd-suite"  # tells our own requests from revokd's in the servers' access logs
WORKERS = 8
connections = threading.local()


class Refused(Exception):
    """An answer that was not asked for; `status` is its HTTP status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Session:
    """One user's access to the cloud: a token, or none yet."""

    def __init__(self, token=None, user_id=None):
        self.token, self.user_id = token, user_id

    def call(self, method, url, body=None, kind="application/json"):
        """One request; gives the JSON of the answer and its headers, and raises Refused for what is not a 2xx."""
        where = urlsplit(url)
        # A connection that has rested for long may be closed by the server just as we write, so it is not used again.
        last, connection = getattr(connections, where.netloc, (0, None))
        if time.monotonic() - last > 20:
            connection = http.client.HTTPConnection(where.netloc, timeout=120)
        headers = {"User-Agent": AGENT, "Accept": "application/json", "Content-Type": kind}
        if self.token:
            headers["X-Auth-Token"] = self.token
        data = json.dumps(body) if body is not None and not isinstance(body, bytes) else body
        connection.request(method, where.path + ("?" + where.query if where.query else ""), data, headers)
        answer = connection.getresponse()
        text = answer.read()
        setattr(connections, where.netloc, (time.monotonic(), connection))
        if not 200 <= answer.status < 300:
            raise Refused(answer.status, f"{method} {url}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text.startswith(b"{") else None, answer.headers

    def get(self, url):
        return self.call("GET", url)[0]

    def post(self, url, body):
        return self.call("POST", url, body)[0]

    def pages(self, url, key):
        """All rows of a listing of Glance, whose links to the next page are relative."""
        rows = []
        while url:
            page = self.get(url)
            rows += page[key]
            url = GLANCE + page["next"] if "next" in page else None
        return rows


def login(user, password, project):
    """A session of the user in the project; both are names in the domain Default."""
    domain = {"id": "default"}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": {"name": user, "password": password, "domain": domain}}},
        "scope": {"project": {"name": project, "domain": domain}},
    }
    answer, headers = Session().call("POST", f"{KEYSTONE}/auth/tokens", {"auth": auth})
    return Session(headers["X-Subject-Token"], answer["token"]["user"]["id"])


def administrator(project="admin"):
    return login("admin", os.environ["ADMIN_PASSWORD"], project)


def ensure(admin, kind, name, **fields):
    """The id of the project or user of that name, made if there is none."""
    try:
        return admin.post(f"{KEYSTONE}/{kind}s", {kind: {"name": name, "domain_id": "default", **fields}})[kind]["id"]
    except Refused as refused:
        if refused.status != 409:
            raise
    return admin.get(f"{KEYSTONE}/{kind}s?name={name}")[f"{kind}s"][0]["id"]


@functools.cache
def role_id(admin, role):
    return admin.get(f"{KEYSTONE}/roles?name={role}")["roles"][0]["id"]


def give_role(admin, role, user, project):
    admin.call("PUT", f"{KEYSTONE}/projects/{project}/users/{user}/roles/{role_id(admin, role)}")


def register():
    admin = administrator()
    project = ensure(admin, "project", "service")
    user = ensure(admin, "user", "glance", password=os.environ["SERVICE_PASSWORD"])
    for role in ("admin", "service"):
        give_role(admin, role, user, project)
    services = admin.get(f"{KEYSTONE}/services?type=image")["services"]
    service = services[0] if services else admin.post(f"{KEYSTONE}/services", {"service": {"type": "image", "name": "glance"}})["service"]
    for endpoint in admin.get(f"{KEYSTONE}/endpoints?service_id={service['id']}")["endpoints"]:
        admin.call("DELETE", f"{KEYSTONE}/endpoints/{endpoint['id']}")
    try:
        admin.post(f"{KEYSTONE}/regions", {"region": {"id": "RegionTwo"}})
    except Refused as refused:
        if refused.status != 409:
            raise
    # Nobody listens at the other addresses: a client that takes the wrong face or region out of the catalogue fails at once.
    nobody = "http://127.0.0.1:9"
    for region, face, url in ("RegionTwo", "public", nobody), ("RegionOne", "internal", nobody), ("RegionOne", "public", GLANCE):
        endpoint = {"service_id": service["id"], "interface": face, "url": url, "region_id": region}
        admin.post(f"{KEYSTONE}/endpoints", {"endpoint": endpoint})


def database():
    import pymysql  # of the suite's virtual environment

    return pymysql.connect(unix_socket=str(STATE / "mariadb/sock"), user="root", database="glance", autocommit=True)


def age_share(image, project, days):
    """Makes a share older than this suite is."""
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE image_members SET created_at = created_at - INTERVAL %s DAY, updated_at = updated_at - INTERVAL %s DAY "
            "WHERE image_id = %s AND member = %s AND NOT deleted", (days, days, image, project))
        assert cursor.rowcount == 1, cursor.rowcount


def share_age_days(image, project):
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT TIMESTAMPDIFF(DAY, created_at, UTC_TIMESTAMP()) FROM image_members "
                       "WHERE image_id = %s AND member = %s AND NOT deleted", (image, project))
        return cursor.fetchone()[0]


def forget_images():
    """Empties Glance, so that what an earlier suite left does not slow this one down."""
    with database() as base, base.cursor() as cursor:
        for table in ("image_members", "image_properties", "image_tags", "image_locations", "images"):
            cursor.execute(f"delete from {table}")
    for file in (STATE / "glance/images").iterdir():
        file.unlink()


def stranger():
    """The id of a project that shares are given to; Glance does not ask Keystone whether there is one."""
    return secrets.token_hex(16)


@dataclass
class Snapshot:
    """The owner's view through the API, and the rows of the whole cloud: everybody's images, and the shares that sleep
    because their image is no longer `shared`, which no call of the API lists."""

    images: dict = field(default_factory=dict)  # id to the image as Glance shows it
    shares: dict = field(default_factory=dict)  # (image, project) to the share as Glance shows it
    image_rows: set = field(default_factory=set)
    share_rows: set = field(default_factory=set)  # (image, project, status)


class Owner:
    """A project with images, and a user for revokd in it."""

    def __init__(self, admin, name, role="member"):
        self.admin, self.name = admin, f"{name}-{secrets.token_hex(3)}"
        self.user, self.password = f"revoker-of-{self.name}", "pw-" + secrets.token_hex(12)
        self.project = ensure(admin, "project", self.name)
        self.user_id = ensure(admin, "user", self.user, password=self.password)
        give_role(admin, role, self.user_id, self.project)
        # In this project the administrator is a member like any other, so the suite sees what an owner sees.
        give_role(admin, "member", admin.user_id, self.project)
        self.session = administrator(self.name)

    def image(self, name, shares=None, data=None, **fields):
        """The id of a new image. `shares` maps projects to pending, accepted or rejected, or lists projects (pending)."""
        asked = {"name": name, "visibility": "shared", "disk_format": "raw", "container_format": "bare", **fields}
        image = self.session.post(f"{GLANCE}/v2/images", asked)["id"]
        if data is not None:
            self.session.call("PUT", f"{GLANCE}/v2/images/{image}/file", data, "application/octet-stream")
        for project in shares or ():
            self.share(image, project, shares[project] if isinstance(shares, dict) else "pending")
        return image

    def images(self, count, name, shares=None, **fields):
        """Many images at once, named NAME-0000 and so on."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(lambda n: self.image(f"{name}-{n:04}", shares, **fields), range(count)))

    def share(self, image, project, status="pending"):
        self.session.post(f"{GLANCE}/v2/images/{image}/members", {"member": project})
        if status != "pending":
            self.admin.call("PUT", f"{GLANCE}/v2/images/{image}/members/{project}", {"status": status})

    def unshare(self, image, project):
        self.session.call("DELETE", f"{GLANCE}/v2/images/{image}/members/{project}")

    def change(self, image, name, value):
        patch = [{"op": "replace", "path": f"/{name}", "value": value}]
        self.session.call("PATCH", f"{GLANCE}/v2/images/{image}", patch, "application/openstack-images-v2.1-json-patch")

    def snapshot(self):
        taken = Snapshot()
        for hidden in ("false", "true"):
            for image in self.session.pages(f"{GLANCE}/v2/images?limit=1000&owner={self.project}&os_hidden={hidden}", "images"):
                taken.images[image["id"]] = image
        shared = [id for id, image in taken.images.items() if image["visibility"] == "shared"]
        with ThreadPoolExecutor(WORKERS) as pool:
            for rows in pool.map(lambda id: self.session.get(f"{GLANCE}/v2/images/{id}/members")["members"], shared):
                taken.shares |= {(row["image_id"], row["member_id"]): row for row in rows}
        with database() as base, base.cursor() as cursor:
            cursor.execute("select id, owner, name, status, visibility, protected, os_hidden from images where not deleted")
            taken.image_rows = set(cursor.fetchall())
            cursor.execute("select image_id, member, status from image_members where not deleted")
            taken.share_rows = set(cursor.fetchall())
        return taken


class AccessLog:
    """What a server was asked by others than this suite since the object was made, as (method, path, status)."""

    line = re.compile(r'"(\S+) (\S+) HTTP/[\d.]+" (\d+) \S+ "[^"]*" "([^"]*)"')

    def __init__(self, server):
        self.path = STATE / f"log/{server}-access.log"
        self.root = KEYSTONE if server == "keystone" else f"{GLANCE}/healthcheck"
        self.start = self.path.stat().st_size if self.path.exists() else 0

    def settle(self):
        """A server writes its log after the answer. When a request of our own stands there, so does what was answered
        before it, but for what another thread is about to write."""
        mark = f"mark-{secrets.token_hex(8)}"
        where = urlsplit(self.root)
        connection = http.client.HTTPConnection(where.netloc, timeout=30)
        connection.request("GET", f"{where.path}?{mark}", headers={"User-Agent": AGENT})
        connection.getresponse().read()
        connection.close()
        until("the log tells of our own request", lambda: mark in self.read())
        time.sleep(0.1)

    def requests(self, settled=True):
        if settled:
            self.settle()
        found = self.line.findall(self.read())
        # Glance itself asks Keystone, by its middleware.
        return [(method, path, int(status)) for method, path, status, agent in found if agent != AGENT and "keystonemiddleware" not in agent]

    def read(self):
        with self.path.open() as log:
            log.seek(self.start)
            return log.read()

    def count(self, method, part, settled=True):
        return sum(asked == method and part in path for asked, path, _ in self.requests(settled))


if __name__ == "__main__":
    if sys.argv[1:] != ["register"]:
        sys.exit("usage: world.py register")
    register()
