"""The service at work: its start, what it may and may not, commands beside it, reloads, a stop."""
import re

from box import Cloud, must, path, run, show, write
from cases import ADDRESS, STATE_INSIDE, UNIT, Case
from waiting import until


class Service(Case):
    def test_start_waits_until_it_is_ready_and_access_is_removed(self):
        self.configure(Cloud())
        before = self.cloud.shares()
        self.assertGreater(len(before), 10, "the test itself: the cloud has shares")
        self.start()
        # No waiting here: what `start` promises holds when it returns.
        kind, state, sub, status = show(UNIT, "Type", "ActiveState", "SubState", "StatusText")
        self.assertEqual((kind, state, sub), ("notify", "active", "running"))
        self.assertRegex(status, r"\w+ \w+", "the status says something")
        must("curl", "-fsS", f"{ADDRESS}/readyz")
        self.wake()
        self.all_removed(before)
        self.store_belongs_to_the_service()

    def test_a_store_that_cannot_be_opened_is_no_start(self):
        self.configure(Cloud())
        write(f"{STATE_INSIDE}/revokd.db", "This is no database, whatever its name says.\n" * 100)
        self.assertNotEqual(run("systemctl", "start", UNIT).code, 0, "it started")
        self.journal_says("(?i)revokd.db.*(no SQLite|not a store|no store)|(no SQLite|not a store).*revokd.db")
        # The rest of the test needs no such file.
        run("systemctl", "stop", UNIT)
        path(f"{STATE_INSIDE}/revokd.db").unlink()

    def test_it_can_do_nothing_but_its_work(self):
        self.configure(Cloud())
        self.start()
        pid = show(UNIT, "MainPID")
        status = dict(line.split(":\t", 1) for line in must("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
        self.assertEqual({name: status[name].strip() for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "CapPrm", "CapAmb")},
                         {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16, "CapPrm": "0" * 16, "CapAmb": "0" * 16})
        self.assertTrue(all(int(uid) >= 61184 for uid in status["Uid"].split()), status["Uid"])

    def test_secrets_reach_it_and_nobody_else(self):
        self.configure(Cloud())
        self.start()
        pid = show(UNIT, "MainPID")
        # It logs in with one and compares the other.
        self.wake()
        until("it logged in at the cloud", lambda: self.metric("revokd_cloud_requests_total", operation="login", result="ok"))
        for place in "environ", "cmdline":
            held = path(f"/proc/{pid}/{place}").read_bytes().decode()
            for secret in self.secrets:
                self.assertNotIn(secret, held, place)
        directory = re.search("CREDENTIALS_DIRECTORY=([^\0]+)", path(f"/proc/{pid}/environ").read_text())[1]
        self.assertEqual({file.name for file in path(directory).iterdir()}, {"secrets_sim-password", "secrets_wake-token"})
        stranger = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", f"{directory}/secrets_sim-password")
        self.assertNotEqual(stranger.code, 0, "anybody can read the credentials")

    def test_a_missing_secret_is_named_and_mended(self):
        self.configure(Cloud())
        must("mv", "/etc/revokd/secrets/sim-password", "/run/sim-password")
        self.refused_to_start("secrets/sim-password")
        self.assertEqual(show(UNIT, "NRestarts"), "0")
        must("mv", "/run/sim-password", "/etc/revokd/secrets/sim-password")
        self.start()
        self.assertEqual(show(UNIT, "ActiveState"), "active")

    # --- what root does beside it

    def starts_and_runs_again(self):
        """The service comes up over the one run that there was, adds its own, and has the store to itself."""
        self.start()
        self.wake()
        until("the second run is over", lambda: [run["state"] for run in self.json("runs", "list")["runs"]] == ["finished"] * 2)
        self.store_belongs_to_the_service()

    def test_roots_commands_leave_the_store_to_the_service(self):
        self.configure(Cloud())
        before = self.cloud.shares()
        self.start()
        self.wake()
        self.all_removed(before)
        commands = ("status",), ("plan",), ("runs", "list"), ("tasks", "list")
        for command in commands:
            self.revokd(*command)
        self.store_belongs_to_the_service()
        must("systemctl", "stop", UNIT)
        # The last connection that is closed takes the log's files with it, and the next one makes them anew.
        for command in commands:
            self.revokd(*command)
        self.starts_and_runs_again()

    def test_what_root_removed_before_the_first_start_is_known_to_the_service(self):
        self.configure(Cloud())
        before = self.cloud.shares()
        self.revokd("run", "--once")
        self.all_removed(before)
        self.starts_and_runs_again()

    def test_what_root_removed_while_it_was_stopped_is_known_to_the_service(self):
        self.configure(Cloud())
        before = self.cloud.shares()
        self.start()
        must("systemctl", "stop", UNIT)
        self.revokd("run", "--once")
        self.all_removed(before)
        self.starts_and_runs_again()

    # --- reload

    def reload(self):
        reloaded = run("systemctl", "reload", UNIT)
        self.assertEqual(reloaded.code, 0, reloaded.text)

    def is_good(self, value):
        until(f"revokd_config_last_reload_successful is {value}", lambda: self.metric("revokd_config_last_reload_successful") == value)

    def test_reload_good_bad_and_good_again(self):
        self.configure(Cloud())
        self.start()
        pid = show(UNIT, "MainPID")
        self.is_good(1)
        self.policy("second", match='granted_before = "1d"\nimage.name = "none-*"')
        self.reload()
        until("the second policy is in force", lambda: self.metric("revokd_policy_next_run_timestamp_seconds", policy="second"))
        self.is_good(1)

        self.policy("third", more="no_such_key = 1")
        self.reload()
        self.is_good(0)
        self.journal_says(r"third\.toml line=14\b")
        until("the status tells of it", lambda: "reload refused" in show(UNIT, "StatusText"))
        self.assertEqual(show(UNIT, "ActiveState", "SubState", "MainPID"), ["active", "running", pid])
        errors = [record for record in self.journal("--priority=err") if "third.toml" in record["MESSAGE"]]
        self.assertTrue(errors, "it is an error to journald")
        # The old policies are in force, and not only told of.
        before = self.cloud.shares()
        self.wake()
        self.all_removed(before)

        path("/etc/revokd/policies/third.toml").unlink()
        self.policy("fourth", match='granted_before = "1d"\nimage.name = "none-*"')
        self.reload()
        until("the fourth policy is in force", lambda: self.metric("revokd_policy_next_run_timestamp_seconds", policy="fourth"))
        self.is_good(1)
        until("the status tells of it no more", lambda: "reload refused" not in show(UNIT, "StatusText"))
        self.assertEqual(show(UNIT, "MainPID"), pid, "it is the same process all the time")

    # --- stop

    def test_a_stop_in_the_middle_of_a_batch_loses_nothing(self):
        before = self.slow_batch()
        must("systemctl", "stop", UNIT)
        self.assertEqual(show(UNIT, "ActiveState", "Result", "ExecMainStatus"), ["inactive", "success", "0"])
        gone = len(self.cloud.removals())
        self.assertLess(gone, len(before), "the test itself: something must be left to do")
        states = self.task_states()
        self.assertEqual(states.count("queued"), len(before) - states.count("done"), states)
        self.store_belongs_to_the_service()
        self.start()
        self.all_removed(before)
        attempts = self.json("tasks", "list")["tasks"]
        self.assertEqual({task["attempts"] for task in attempts}, {1}, "a stop costs no try")

    # --- the journal

    def test_each_event_is_one_record_with_its_priority(self):
        self.configure(Cloud("list-images=503*100"))
        self.start()
        self.wake()
        self.journal_says("the run failed")
        worse = self.journal("--priority=warning", "--identifier=revokd")
        self.assertTrue(any("shares" in record["MESSAGE"] for record in worse), "a failed run is at least a warning")
        for record in self.journal("--identifier=revokd"):
            self.assertIsInstance(record["MESSAGE"], str, "no escape sequences")
            self.assertNotRegex(record["MESSAGE"], "^<[0-7]>|\x1b|\n|^(ERROR|WARN|INFO) ", "levels are journald's, and a record is one line")
        self.assertEqual({record["PRIORITY"] for record in self.journal("--identifier=revokd")} - set("34567"), set())
