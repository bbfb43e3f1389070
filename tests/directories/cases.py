"""What the tests have in common: a simulated cloud and a configuration for each, one way to run the binary, and what must hold
after every test."""
import json
import secrets
import subprocess
import unittest

import world
from waiting import until
from world import REVOKD, STATE, Cloud, Process, ask

DONE, FAILED, INVALID = 0, 1, 3  # revokd's exit codes
WAKE_TOKEN = "wake-of-the-suite"
# Everybody in the account who has an address and is not deleted.
STAFF = ["build-bot", "ines.weber", "jonas.albrecht", "katja.lindner", "lukas.brenner", "miriam.scholz", "noah.fischer", "paula.richter",
         "quentin.maurer", "rosa.haller"]


class Case(unittest.TestCase):
    maxDiff = None
    title = ""

    def setUp(self):
        name = f"{type(self).__name__}-{self._testMethodName}".lower().replace("_", "-")
        self.folder = world.empty_folder(STATE / "worlds" / name)
        # An interrupted run may have left the one before.
        self.branch = f"{name}-{secrets.token_hex(4)}"
        self.said = []
        self.secrets = []
        self.cloud = Cloud(self.folder / "cloud")
        self.addCleanup(self.cloud.end)
        self.secrets.append(self.cloud.password)
        self.before = self.cloud.permissions()
        self.expected_gone = set()
        (self.folder / "policies").mkdir()
        self.secret("wake-token", WAKE_TOKEN)
        section = self.cloud.section
        self.write("revokd.toml", f"""
            [daemon]
            store = "sqlite:revokd.db"
            listen = "127.0.0.1:0"
            policies = "policies"
            wake_token_file = "wake-token"
            [daemon.retry]
            first_delay = "100ms"
            [clouds.registry]
            provider = "huawei"
            flavour = "{section['flavour']}"
            auth_url = "{section['auth_url']}"
            region = "{section['region']}"
            domain = "{section['domain']}"
            project = "{section['project']}"
            endpoints = {{ swr = "{self.cloud.root}" }}
            [clouds.registry.auth]
            method = "password"
            user = "{section['auth']['user']}"
            password_file = "cloud/registry-password"
            """)

    def tearDown(self):
        self.assert_gone()
        # The cloud's own log of removals, in which is more than permissions, is whole when the cloud has ended.
        self.cloud.end()
        gone = sorted(key[:2] for key in self.before if key[2] in self.expected_gone)
        self.assertEqual(self.cloud.removals(), gone, "what was removed in the whole world")
        if (self.folder / "revokd.db").exists():
            self.revokd("audit", "verify", code=DONE)
        logs = [file.read_text() for file in self.folder.glob("*.log")]
        stored = b"".join(file.read_bytes() for file in self.folder.glob("revokd.db*"))
        for secret in self.secrets:
            self.assertNotIn(secret, "".join(self.said + logs), "a secret was printed")
            self.assertNotIn(secret.encode(), stored, "a secret is in the store")

    # --- the configuration

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def secret(self, name, text):
        self.secrets.append(text)
        self.write(name, f"{text}\n").chmod(0o600)

    def sources(self, *sections):
        self.write("policies/sources.toml", "\n".join(sections))

    def policy(self, match='subject_in = "people"', name="leavers", limits="max_revocations = 100\nmax_percent = 100"):
        """Runs when it is told to; its schedule comes but once a year."""
        self.write(f"policies/{name}.toml", f"""
            [[policy]]
            name = "{name}"
            schedule = "0 0 1 1 *"
            missed = "skip"
            clouds = ["*"]
            resource = ["repository-permission", "namespace-permission"]
            priority = "urgent"
            mode = "enforce"
            [policy.match]
            {match}
            [policy.limits]
            {limits}
            """)

    # --- the binary

    def command(self, *arguments):
        return [REVOKD, "--config", str(self.folder / "revokd.toml"), *arguments]

    def revokd(self, *arguments, code):
        """Runs one command, which must end with that exit code; gives what it printed."""
        ran = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=120, cwd="/", env=world.ENVIRONMENT)
        said = f"$ revokd {' '.join(arguments)}\n{ran.stdout}{ran.stderr}[exit {ran.returncode}]\n"
        self.said.append(said)
        self.assertEqual(ran.returncode, code, said)
        return ran

    def json(self, *arguments, code=DONE):
        return json.loads(self.revokd(*arguments, "--output", "json", code=code).stdout)

    def run_once(self, code=DONE):
        ran = self.revokd("run", "--once", code=code)
        return " ".join((ran.stdout + ran.stderr).split())

    def assert_runs_fail(self, *words):
        """The run fails and says why, and so does whoever only looks at the list."""
        said = self.run_once(code=FAILED)
        shown = self.revokd("sources", "test", "people", code=FAILED)
        shown = " ".join((shown.stdout + shown.stderr).split())
        for word in words:
            self.assertIn(word, said, "what `run --once` says")
            self.assertIn(word, shown, "what `sources test` says")
        self.assert_gone()

    def assert_nothing_is_planned(self):
        self.assertEqual(self.json("plan")["revocations"], [])

    # --- the cloud

    def assert_gone(self, *names):
        """These people, and those who were named before, hold nothing any more, and everything else is as it was."""
        self.expected_gone |= set(names)
        kept = {key: level for key, level in self.before.items() if key[2] not in self.expected_gone}
        self.assertEqual(self.cloud.permissions(), kept, "what is left in the registry")

    def assert_evidence(self, name, source, place):
        """Every task about that person names where the list has the person, and which version of the list it was."""
        tasks = [task for task in self.json("tasks", "list")["tasks"] if task["subject_name"] == name]
        self.assertEqual({(task["kind"], task["resource"]) for task in tasks}, {key[:2] for key in self.before if key[2] == name})
        for task in tasks:
            shown = self.json("tasks", "show", str(task["id"]))
            self.assertEqual((shown["state"], shown["policy"]), ("done", "leavers"))
            (listed,) = shown["listed_in"]
            self.assertEqual((listed["source"], listed["place"]), (source, place))
            self.assertTrue(listed["version"], shown)

    # --- the daemon

    def daemon(self):
        process = Process(self.command("run"), self.folder / "daemon.log")
        self.addCleanup(process.end)
        process.address = "http://" + process.says(r"listen=(127\.0\.0\.1:\d+)")[1]
        return process

    def wake(self, daemon, policy="leavers", token=WAKE_TOKEN):
        ask("POST", f"{daemon.address}/v1/wake/{policy}", Authorization=f"Bearer {token}")

    def wake_and_wait(self, daemon, result="good"):
        """Has the policy run; gives back once the source was read and the run is over."""
        runs, reads = self.runs(daemon), self.metric(daemon, "revokd_source_reads_total", source="people", result=result)
        self.wake(daemon)
        until("the run is over", lambda: self.runs(daemon) > runs)
        self.assertGreater(self.metric(daemon, "revokd_source_reads_total", source="people", result=result), reads)

    def runs(self, daemon):
        return sum(self.metric(daemon, "revokd_runs_total", policy="leavers", state=state) for state in ("finished", "held", "failed"))

    def metric(self, daemon, name, **labels):
        """0 for a series that is not there yet."""
        for line in ask("GET", f"{daemon.address}/metrics")[0].splitlines():
            series, _, value = line.rpartition(" ")
            found, _, rest = series.partition("{")
            if found == name and all(f'{label}="{text}"' in rest for label, text in labels.items()):
                return float(value)
        return 0.0

    def assert_gone_soon(self, name):
        until(f"{name} holds nothing any more", lambda: not any(key[2] == name for key in self.cloud.permissions()))
        self.assert_gone(name)

    def lag_s(self, daemon):
        """The mean, and the number of targets that it is of."""
        # The look at the cloud is quicker than the daemon's own, with which a task ends.
        holding = sum(key[2] in self.expected_gone for key in self.before)
        count = lambda: self.metric(daemon, "revokd_leaver_lag_seconds_count", policy="leavers")
        until("every removal is measured", lambda: count() == holding)
        return self.metric(daemon, "revokd_leaver_lag_seconds_sum", policy="leavers") / count(), holding

    def note(self, text):
        """A figure for whoever reads the suite's output."""
        print(f"       {text}", flush=True)

