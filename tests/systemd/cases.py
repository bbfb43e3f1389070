"""What the tests have in common: the package installed and everything else as it comes, a configuration, ways to look at the service
that do not go through it, and what must hold after every test."""
import json
import re
import time
import unittest

import box
from box import must, path, run, show, write
from packages import PRISTINE, UNIT, install_once
from waiting import until

DONE = 0  # revokd's exit code
STATE_INSIDE = "/var/lib/private/revokd"
ADDRESS = "http://127.0.0.1:9469"
WAKE_TOKEN = "wake-of-the-suite-0123456789"
# Of the tests alone: a restart and a watchdog for which nobody has to wait. A shorter watchdog would take a busy machine for a hang.
WATCHDOG_S = 3
QUICK = f"[Service]\nRestartSec=100ms\nWatchdogSec={WATCHDOG_S}s\n"


class Case(unittest.TestCase):
    maxDiff = None
    title = "service"
    drop_in = QUICK

    def setUp(self):
        install_once()
        must("sh", "-c", f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}; rm -rf {STATE_INSIDE} /var/lib/revokd /etc/revokd /run/systemd/system/{UNIT}.d && cp -a {PRISTINE} /etc/revokd")
        write(f"/run/systemd/system/{UNIT}.d/suite.conf", self.drop_in)
        must("systemctl", "daemon-reload")
        self.secrets, self.ran = [WAKE_TOKEN], []
        self.began_ns = time.time_ns()

    def tearDown(self):
        run("systemctl", "stop", UNIT)
        written = json.dumps(self.journal(), ensure_ascii=False) + "".join(self.ran)
        stored = b"".join(file.read_bytes() for file in path(STATE_INSIDE).glob("*")) if path(STATE_INSIDE).exists() else b""
        for secret in self.secrets:
            self.assertNotIn(secret, written, "a secret was printed")
            self.assertNotIn(secret.encode(), stored, "a secret is in the store")
        if path(f"{STATE_INSIDE}/revokd.db").exists():
            self.revokd("audit", "verify")

    @property
    def said(self):
        """What the runner shows of a test that failed."""
        status = must("sh", "-c", f"systemctl status --no-pager --lines=0 {UNIT} || true")
        return [status, *(f"[{record.get('PRIORITY')}] {record.get('SYSLOG_IDENTIFIER')}: {record['MESSAGE']}\n" for record in self.journal()), *self.ran]

    # --- the configuration

    def configure(self, cloud, daemon="", more=""):
        """The whole configuration for that cloud, with its secrets where the package wants them, and one policy that enforces."""
        self.cloud = cloud
        self.addCleanup(cloud.end)
        self.secrets.append(cloud.password)
        section = cloud.section
        write("/etc/revokd/secrets/sim-password", cloud.password + "\n", 0o600)
        write("/etc/revokd/secrets/wake-token", WAKE_TOKEN + "\n", 0o600)
        write("/etc/revokd/revokd.toml", f"""
[daemon]
store = "sqlite:/var/lib/revokd/revokd.db"
policies = "policies"
wake_token_file = "secrets/wake-token"
{daemon}
[daemon.retry]
first_delay = "100ms"
[clouds.sim]
provider = "openstack"
auth_url = "{section['auth_url']}"
region = "{section['region']}"
project = "{section['project']}"
project_domain = "{section['project_domain']}"
{more}
[clouds.sim.auth]
method = "password"
user = "{section['auth']['user']}"
user_domain = "{section['auth']['user_domain']}"
password_file = "secrets/sim-password"
""")
        self.policy()

    def policy(self, name="shares", match='granted_before = "0s"', limits="max_revocations = 10000\nmax_percent = 100",
               more=""):
        """Runs when it is woken; its schedule comes but once a year."""
        write(f"/etc/revokd/policies/{name}.toml", f"""
[[policy]]
name = "{name}"
schedule = "0 0 1 1 *"
missed = "skip"
clouds = ["*"]
resource = "image-share"
mode = "enforce"
[policy.match]
{match}
[policy.limits]
{limits}
{more}
""")

    # --- the service

    def start(self):
        began = run("systemctl", "start", UNIT)
        self.assertEqual(began.code, 0, began.text)

    def refused_to_start(self, *words):
        """The start fails, the service says why, and it is not tried for ever."""
        self.assertNotEqual(run("systemctl", "start", UNIT).code, 0, "it started")
        self.stays_down()
        said = " ".join(record["MESSAGE"] for record in self.journal())
        for word in words:
            self.assertIn(word, said)

    def stays_down(self):
        """Failed for good: its manager has nothing queued for it and counts no restart on its way."""
        until("the service has failed", lambda: show(UNIT, "ActiveState", "Job", "SubState") == ["failed", "", "failed"])

    def journal(self, *arguments):
        """What was written by and about the service in this test."""
        return box.journal(self.began_ns, "--unit", UNIT, *arguments)

    def journal_says(self, pattern):
        def record():
            return next((each for each in self.journal() if re.search(pattern, each["MESSAGE"])), None)
        return until(f"the journal says {pattern}", record)

    def restarted(self, times=1):
        def back():
            restarts, state, pid = show(UNIT, "NRestarts", "ActiveState", "MainPID")
            return int(restarts) >= times and state == "active" and pid != "0"
        until(f"the service was restarted {times} times", back)

    def drop(self, name, text):
        """Changes the unit as an operator does."""
        write(f"/run/systemd/system/{UNIT}.d/{name}.conf", text)
        must("systemctl", "daemon-reload")

    def wake(self, policy="shares"):
        must("curl", "-fsS", "-X", "POST", "-H", f"Authorization: Bearer {WAKE_TOKEN}", f"{ADDRESS}/v1/wake/{policy}")

    def metric(self, name, **labels):
        """The sum over all series with those labels; 0 where there is none."""
        found = 0.0
        for line in must("curl", "-fsS", f"{ADDRESS}/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(f'{label}="{text}"' in series for label, text in labels.items()):
                found += float(value)
        return found

    # --- the commands beside it, which root runs

    def revokd(self, *arguments, code=DONE):
        ran = run("revokd", *arguments)
        self.ran.append(ran.text)
        self.assertEqual(ran.code, code, ran.text)
        return ran.out

    def json(self, *arguments):
        return json.loads(self.revokd(*arguments, "--output", "json"))

    def task_states(self):
        return [task["state"] for task in self.json("tasks", "list")["tasks"]]

    def slow_batch(self):
        """The service is in the middle of a batch that goes on for two seconds and more; gives the shares that there were before."""
        self.configure(box.Cloud("remove-member=150ms", images=16, projects=6, shares=3), more="concurrency = 2")
        before = self.cloud.shares()
        self.start()
        self.wake()
        self.under_way(before)
        return before

    # --- what must come of it

    def all_removed(self, before):
        """Each share was removed from the cloud once, and the store says the same."""
        until("every share is gone", lambda: len(self.cloud.removals()) >= len(before))
        until("every task is done", lambda: set(self.task_states()) == {"done"})
        self.assertEqual(sorted(self.cloud.removals()), sorted(before), "each share was removed, and once")
        self.assertEqual(self.cloud.shares(), set(), "the cloud has none left")

    def under_way(self, before, least=3):
        """A batch is in the middle: some are removed, and most are not."""
        until("removals are under way", lambda: len(self.cloud.removals()) >= least)
        self.assertLess(len(self.cloud.removals()), len(before) - 5, "the test itself: too little is left to do")

    def store_belongs_to_the_service(self):
        """Whatever lies in the state directory has the owner of the directory, and nobody else gets in."""
        directory = path(STATE_INSIDE)
        self.assertEqual(directory.stat().st_mode & 0o7777, 0o700)
        owners = {file.name: file.stat().st_uid for file in directory.iterdir()}
        self.assertEqual(set(owners.values()), {directory.stat().st_uid}, owners)
        self.assertGreaterEqual(directory.stat().st_uid, 61184, "the owner is a user that systemd made")
        return owners
