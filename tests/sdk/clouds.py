"""The simulated clouds, started by the binary under test, and the clients that ask them. The clients are the vendor's and
OpenStack's own; nothing here knows how revokd or its simulator speak."""
import functools
import os
import secrets
import shutil
import subprocess
import tomllib
from pathlib import Path

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiam.v3 import (
    CreateCredentialOption, CreatePermanentAccessKeyRequest, CreatePermanentAccessKeyRequestBody, IamClient,
    KeystoneListProjectsRequest)
from huaweicloudsdkims.v2 import ImsClient
from huaweicloudsdkswr.v2 import SwrClient
from openstack.connection import Connection

from waiting import until

REVOKD, STATE = os.environ["REVOKD"], Path(os.environ["STATE"])
HUAWEI, TELEKOM, OPENSTACK = "huawei-cloud", "open-telekom-cloud", "openstack"


started = []


def stop_all():
    for simulation in started:
        simulation.stop()


class Simulation:
    """A running `revokd simulate`, and the configuration that it wrote."""

    def __init__(self, flavour, name):
        self.flavour = flavour
        self.folder = STATE / "worlds" / f"{flavour}-{name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.said = self.folder / "simulate.log"
        command = [REVOKD, "simulate", "--cloud", flavour, "--directory", str(self.folder)]
        with self.said.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        started.append(self)
        self.wait()
        config = tomllib.loads((self.folder / "revokd.toml").read_text())
        (self.cloud,) = config["clouds"].values()
        self.auth_url = self.cloud["auth_url"]
        # All services of a simulated cloud share one port.
        self.root = self.auth_url.removesuffix("/v3")
        self.user = self.cloud["auth"]["user"]
        self.password = (self.folder / self.cloud["auth"]["password_file"]).read_text().strip()

    def wait(self):
        def is_up():
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(self.process.args)} does not start: {self.said.read_text()}")
            return "Ctrl-C" in self.said.read_text()
        until("the simulated cloud answers", is_up)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def revokd(self, *arguments):
        """Runs one command with the written configuration; gives the finished process."""
        command = [REVOKD, "--config", str(self.folder / "revokd.toml"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/")


class OpenStack(Simulation):
    """A Keystone and a Glance, and openstacksdk before them."""

    def __init__(self, name):
        super().__init__(OPENSTACK, name)
        self.connection = connection(self, self.cloud["project"], "Default")


class Huawei(Simulation):
    """An IAM, an IMS and an SWR, and the vendor's clients before them, which sign with an access key."""

    def __init__(self, flavour, name):
        super().__init__(flavour, name)
        self.region, self.account = self.cloud["region"], self.cloud["domain"]
        self.project_name = self.cloud["project"]
        self.connection = connection(self, self.project_name, self.account)
        self.project = self.connection.current_project_id
        access = self.connection.session.auth.get_access(self.connection.session)
        self.user_id, self.account_id = access.user_id, access.user_domain_id
        self.keys = [(self.folder / f"registry-{half}-key").read_text().strip() for half in ("access", "secret")]

    def sign_as_revokd(self):
        """Puts the access key in place of the password in the written configuration. Who signs sees no catalogue, so the
        address of the image service must be given."""
        path, text = self.folder / "revokd.toml", (self.folder / "revokd.toml").read_text()
        endpoints, login = "[clouds.registry.endpoints]\n", "[clouds.registry.auth]\n"
        assert text.count(endpoints) == text.count(login) == 1 and text.index(endpoints) < text.index(login), text
        text = text.partition(login)[0].replace(endpoints, f'{endpoints}image = "{self.root}"\n')
        path.write_text(text + login + f"""
            method          = "ak-sk"
            access_key      = "{self.keys[0]}"
            secret_key_file = "registry-secret-key"
            """)

    def new_keys(self):
        """An access key and its secret, which no client has seen."""
        body = CreatePermanentAccessKeyRequestBody(credential=CreateCredentialOption(user_id=self.user_id))
        made = self.iam.create_permanent_access_key(CreatePermanentAccessKeyRequest(body=body)).credential
        return made.access, made.secret

    def client(self, kind, credentials):
        """A client of the vendor's, with all that it may find out by itself left to it."""
        region = Region(self.region, self.root)
        credentials = credentials.with_iam_endpoint(self.root)
        return kind.new_builder().with_credentials(credentials).with_region(region).build()

    def for_project(self, kind, project=None):
        return self.client(kind, BasicCredentials(*self.keys, project or self.project))

    @functools.cached_property
    def recipient(self):
        """Another project that the same user may act in: the one of the region's own name, as every account has."""
        (project,) = self.iam.keystone_list_projects(KeystoneListProjectsRequest(name=self.region)).projects
        return project.id

    @functools.cached_property
    def iam(self):
        return self.client(IamClient, GlobalCredentials(*self.keys))

    @functools.cached_property
    def ims(self):
        return self.for_project(ImsClient)

    @functools.cached_property
    def swr(self):
        return self.for_project(SwrClient)


def connection(cloud, project, domain):
    return Connection(
        region_name=cloud.cloud["region"], interface="public",
        auth={"auth_url": cloud.auth_url, "username": cloud.user, "password": cloud.password, "project_name": project,
              "user_domain_name": domain, "project_domain_name": domain})


running = {}


def shared(flavour):
    """The cloud of that flavour that most tests share; each of them makes what it needs and reads what it made."""
    if flavour not in running:
        running[flavour] = OpenStack("shared") if flavour == OPENSTACK else Huawei(flavour, "shared")
    return running[flavour]


def somebody():
    """An id that nobody has."""
    return secrets.token_hex(16)
