"""The documents as somebody runs them who has just got the package: each line of each block that names this suite, in its order, as
root, on a machine that never saw revokd. What stands between the blocks in words, the tests do as well: an edit, a question answered."""
import json
import re
import time

import documents
from box import Cloud, must, path, run, show, write
from cases import ADDRESS, STATE_INSIDE, UNIT, Case
from packages import NEWER, ORIGINAL, install_again
from terminal import converse
from waiting import until

PROMETHEUS = "prometheus-of-the-suite.service"
PROMETHEUS_ADDRESS = "127.0.0.1:19090"
HELD = 4  # revokd's exit code
OF_ONE_TASK = r"journalctl -u revokd --grep 'task=4711\b'"
FOLDER = "/root/documents"


class Documents(Case):
    title = "documents"
    drop_in = ""

    def setUp(self):
        super().setUp()
        must("dpkg", "--purge", "revokd")
        must("sh", "-c", f"rm -rf /run/systemd/system/{UNIT}.d {FOLDER} /root/revokd-*.db && mkdir {FOLDER} && systemctl daemon-reload")
        self.addCleanup(self.another_time)
        self.shipped(ORIGINAL, "revokd_0.0.0-1_amd64.deb")
        self.cloud = Cloud()
        self.addCleanup(self.cloud.end)
        self.secrets.append(self.cloud.password)
        write("/root/password", self.cloud.password + "\n", 0o600)
        # What the documents say of an example is said here of the cloud that is there.
        section = self.cloud.section
        self.assertEqual((section["project_domain"], section["auth"]["user_domain"]), ("Default", "Default"))
        self.instead = {
            "https://keystone.example.com/v3": section["auth_url"],
            "--region RegionOne": f"--region {section['region']}",
            "--project images": f"--project {section['project']}",
            "--user revokd": f"--user {section['auth']['user']}",
        }

    def another_time(self):
        run("systemctl", "disable", "--quiet", "--now", UNIT)
        install_again()

    def shipped(self, package, name):
        """The one package that lies in the folder where the reader is."""
        must("sh", "-c", f"rm -f {FOLDER}/*.deb && cp {package} {FOLDER}/{name}")

    def typed(self, command, answers=None):
        for word, instead in self.instead.items():
            command = command.replace(word, instead)
        shell = ["sh", "-c", f"cd {FOLDER} && {command}"]
        ran = converse(shell, answers) if answers else run(*shell)
        ran.text = f"# {command}\n{ran.text}"
        self.ran.append(ran.text)
        self.assertEqual(ran.code, 0, ran.text)
        return ran.out + ran.err

    # --- the manual, from the top to its upgrade

    def test_the_operations_manual_leads_from_an_empty_machine_to_an_upgrade(self):
        removed = self.cloud.shares()
        before = {
            "revokd check && systemctl reload revokd": self.the_policy_enforces,
            OF_ONE_TASK: self.a_task_is_done,
            "rm -f /var/lib/revokd/revokd.db-wal /var/lib/revokd/revokd.db-shm": self.something_is_lost,
            "systemctl start revokd": self.root_is_curious,
        }
        after = {
            "revokd plan": self.first_plan,
            "revokd doctor": lambda said: self.assertIn("\n0 problems", said),
            "systemctl enable --now revokd": self.it_is_watched,
            "revokd status": lambda said: self.assertRegex(said, "(?i)works|working|running"),
            "systemctl restart revokd": lambda said: self.is_up(),
            OF_ONE_TASK: self.of_one_task,
            "systemctl start revokd": self.the_store_is_back,
        }
        installs = iter([self.installed, self.upgraded])
        started = 0
        for command in documents.commands("docs/operations.md"):
            before.pop(command, lambda: None)()
            if command.startswith("apt install"):
                next(installs)(command)
            else:
                started += command == "systemctl start revokd"
                said = self.typed(command)
                after.pop(command, lambda said: None)(said)
        self.assertEqual((before, after, started), ({}, {}, 1), "what was to be looked at stands in the document no more")
        self.assertIsNone(next(installs, None), "the document upgrades no more")
        self.assertEqual(self.cloud.shares(), set(), "the access that was to end has ended")
        self.assertEqual(sorted(self.cloud.removals()), sorted(removed), "each share was removed once")

    def installed(self, command):
        self.began_s = time.monotonic()
        self.typed(command)
        self.assertEqual(show(UNIT, "ActiveState", "UnitFileState"), ["inactive", "disabled"])

    def first_plan(self, said):
        print(f"       from apt install to the first plan {time.monotonic() - self.began_s:.1f} s", flush=True)
        self.assertIn("prod", said)

    def is_up(self):
        self.assertEqual(show(UNIT, "ActiveState", "UnitFileState"), ["active", "enabled"])
        must("curl", "-fsS", f"{ADDRESS}/readyz")

    def the_policy_enforces(self):
        """After a while of observing, as the manual says."""
        (policy,) = path("/etc/revokd/policies").glob("*.toml")
        text, edits = re.subn(r'^mode( *)= "observe"', r'mode\1= "enforce"', policy.read_text(), flags=re.MULTILINE)
        self.assertEqual(edits, 1, text)
        # All that the simulated cloud has, so that nothing is left in the end.
        text, edits = re.subn(r"^(granted_before *= *).*", r'\1"0s"', text, flags=re.MULTILINE)
        self.assertEqual(edits, 1, text)
        policy.write_text(text)
        self.policy_name = re.search(r'^name *= "(.*?)"', text, re.MULTILINE)[1]

    def a_task_is_done(self):
        """A first run in earnest wants more than a first policy's limits let pass, and is allowed."""
        self.revokd("run", "--policy", self.policy_name, code=HELD)
        (held,) = self.json("runs", "list", "--state", "held")["runs"]
        self.revokd("runs", "allow", str(held["id"]))
        until("every share is gone", lambda: set(self.task_states()) == {"done"})
        tasks = self.json("tasks", "list")["tasks"]
        self.tasks = {task["id"] for task in tasks}
        self.instead["task=4711"] = f"task={min(self.tasks)}"
        # The journal may be behind what the store says.
        self.journal_says(rf"task={min(self.tasks)}\b")

    def of_one_task(self, said):
        others = [line for line in said.splitlines() if f"{self.instead['task=4711']} " not in line]
        self.assertEqual((others, said != ""), ([], True), said)

    def something_is_lost(self):
        """What a backup is for: nothing is left of the store."""
        must("sh", "-c", f"rm {STATE_INSIDE}/*")

    def root_is_curious(self):
        """Nobody forbids to look before the service is started again."""
        self.typed("revokd status || true")

    def the_store_is_back(self, said):
        self.is_up()
        self.assertEqual({task["id"] for task in self.json("tasks", "list")["tasks"]}, self.tasks)
        # The service can write to it as well.
        runs = len(self.json("runs", "list")["runs"])
        self.revokd("run", "--policy", self.policy_name)
        self.assertEqual(len(self.json("runs", "list")["runs"]), runs + 1)
        self.store_belongs_to_the_service()

    def upgraded(self, command):
        configuration = path("/etc/revokd/revokd.toml").read_text()
        pid = show(UNIT, "MainPID")
        self.shipped(NEWER, "revokd_9.0.0-1_amd64.deb")
        # dpkg asks whose file is to stand, for the shipped one has changed as well. Somebody who only presses return keeps theirs.
        self.typed(command.replace("apt ", "DEBIAN_FRONTEND=readline apt "), [("[default=N] ?", "")])
        self.assertEqual(must("dpkg-query", "--showformat=${Version}", "--show", "revokd"), "9.0.0-1")
        self.is_up()
        self.assertNotEqual(show(UNIT, "MainPID"), pid, "the old program runs on")
        self.assertEqual(path("/etc/revokd/revokd.toml").read_text(), configuration)
        self.assertEqual({task["id"] for task in self.json("tasks", "list")["tasks"]}, self.tasks)

    # --- the alerts that it promises

    def it_is_watched(self, said):
        self.is_up()
        print(f"       idle, it holds {self.metric('process_resident_memory_bytes') / 2**20:.0f} MiB", flush=True)
        shown = documents.prometheus("docs/operations.md")
        write("/run/prometheus.yml", shown)
        must("promtool", "check", "config", "/run/prometheus.yml")
        # The same, with a test's patience.
        write("/run/prometheus.yml", "global: {scrape_interval: 1s, evaluation_interval: 1s}\n" + shown)
        must("systemd-run", "--quiet", "--collect", f"--unit={PROMETHEUS}", "prometheus", "--config.file=/run/prometheus.yml",
             "--storage.tsdb.path=/run/prometheus", f"--web.listen-address={PROMETHEUS_ADDRESS}")
        self.addCleanup(run, "sh", "-c", f"systemctl stop {PROMETHEUS}; rm -rf /run/prometheus")
        until("Prometheus is ready", lambda: run("curl", "-fsS", f"http://{PROMETHEUS_ADDRESS}/-/ready").code == 0)
        until("Prometheus scrapes the service", lambda: self.asked("query?query=up{job='revokd'}==1")["result"])
        # The rules may have been read before the first scrape: then RevokdAbsent waits for its minutes, rightly.
        until("no alert is left of the time before the first scrape", lambda: not self.alerts())
        must("systemctl", "stop", UNIT)
        until("an alert says that it is down", lambda: "RevokdDown" in self.alerts())
        must("systemctl", "start", UNIT)
        until("the alert is over", lambda: not self.alerts())
        run("systemctl", "stop", PROMETHEUS)

    def asked(self, query):
        """What it answers. That it does not is no answer: whoever waits until an alert is over would take it for one."""
        return json.loads(must("curl", "-fsS", "--globoff", f"http://{PROMETHEUS_ADDRESS}/api/v1/{query}"))["data"]

    def alerts(self):
        """Pending or firing."""
        return {alert["labels"]["alertname"] for alert in self.asked("alerts")["alerts"]}

    # --- the page that everybody reads first

    def test_the_readme_leads_to_a_service_that_works(self):
        section = self.cloud.section
        answers = [
            ("1 to 4: ", "1"), ("identity service", section["auth_url"]), ("region", section["region"]), ("1 to 2: ", "1"),
            ("user's name", section["auth"]["user"]), ("domain of the user [Default]: ", ""), ("project whose", section["project"]),
            ("domain of the project [Default]: ", ""), ("(not shown): ", self.cloud.password), ("Write this? [Y/n]", ""),
        ]
        shares = self.cloud.shares()
        for command in documents.commands("README.md"):
            said = self.typed(command, answers if command.startswith("revokd init") else None)
        self.assertIn("revokd status", command)
        self.assertRegex(said, "(?i)works|working|running")
        self.is_up()
        self.assertEqual(must("stat", "--format=%a %U", "/etc/revokd/secrets/prod-password").split(), ["600", "root"])
        self.assertEqual(self.cloud.shares(), shares, "a first policy only observes")
