"""One story, told in order: a daemon is scraped, fails, is announced, is mended, and is gone in the end."""
import json
import re
import shutil
import subprocess
import unittest

import dashboard
from world import DASHBOARDS, STATE, Daemon, Hook, Process, Prometheus, answers, free_port
from waiting import until


def shortened(rules):
    """The same rules with nobody waiting: durations are all that changes."""
    return re.sub(r"(?m)^( +for: ).*$", r"\g<1>1s", rules)


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for old in ("tsdb", "alertmanager", "world"):
            shutil.rmtree(STATE / old, ignore_errors=True)
        cls.hook, cls.daemon = Hook(), Daemon()
        manager, port = STATE / "alertmanager.json", free_port()
        route = {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
        receiver = {"name": "hook", "webhook_configs": [{"url": cls.hook.url, "send_resolved": True}]}
        manager.write_text(json.dumps({"route": route, "receivers": [receiver]}))
        alerting = Process("alertmanager", "prometheus-alertmanager", f"--config.file={manager}", f"--storage.path={STATE / 'alertmanager'}",
                           f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn")
        alerting.is_up("Alertmanager is ready", lambda: answers(f"http://127.0.0.1:{port}/-/ready"))
        (STATE / "rules.yml").write_text(shortened((DASHBOARDS / "revokd.rules.yml").read_text()))
        config = STATE / "prometheus.json"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]},
            "scrape_configs": [{"job_name": "revokd", "static_configs": [{"targets": [f"127.0.0.1:{cls.daemon.port}"]}]}],
        }))
        cls.prometheus = Prometheus(config)

    @classmethod
    def tearDownClass(cls):
        cls.hook.server.shutdown()

    def gives(self, expression, holds=bool):
        return until(f"Prometheus answers {expression}", lambda: holds(rows := self.prometheus.query(expression)) and rows)

    def delivered(self, status, alert, **labels):
        """As the last word on that alert, so that one of an earlier time does not count."""
        return until(f"{alert} is delivered as {status}", lambda: (last := self.hook.last(alert, **labels)) and last[0] == status and last)

    def test_1_the_metrics_pass_the_linter_of_prometheus(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.daemon.metrics(), capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_2_the_audit_is_verified_soon_after_the_start_and_policies_owe_successes(self):
        self.gives("revokd_audit_last_verified_timestamp_seconds > 0 and revokd_audit_intact == 1")
        self.gives("revokd_policy_success_deadline_timestamp_seconds - time() > 0", lambda rows: len(rows) >= 2)

    def test_3_a_reload_changes_what_is_told_of_a_policy(self):
        self.gives('revokd_policy_info{mode="observe", policy="people-who-left", priority="urgent"}')
        self.daemon.set_mode("enforce")
        self.daemon.reload()
        rows = self.gives('revokd_policy_info{policy="people-who-left"}', lambda rows: [labels["mode"] for labels, _ in rows] == ["enforce"])
        self.assertEqual(rows[0][0]["priority"], "urgent")

    def test_4_every_query_of_the_dashboard_finds_data(self):
        self.gives('increase(revokd_revocation_lag_seconds_count{policy="people-who-left"}[1m]) > 0')
        self.gives("revokd:urgent_late:ratio_rate1h")
        queries = list(dashboard.queries())

        def empty():
            rows = {name: self.prometheus.query(query) for name, query in queries}
            # What is not a number is not a figure.
            return [name for name, found in rows.items() if not [value for _, value in found if value == value]]
        try:
            until("every query finds data", lambda: not empty())
        except AssertionError:
            self.assertEqual(empty(), [])

    def test_5_a_cloud_that_takes_every_call_and_does_nothing_is_a_page(self):
        self.delivered("firing", "RevokdRemovalsFail", cloud="example", severity="page")
        self.gives('revokd_removal_looks_total{cloud="registry", outcome="submitted", seen="there"} > 0')
        quiet = ["RevokdClockOff", "RevokdRestarts", "RevokdNoPolicy"]
        self.assertEqual([self.hook.last(alert) for alert in quiet], [None] * len(quiet))

    def test_5_who_left_long_ago_and_goes_only_now_is_a_page(self):
        status, labels, annotations = self.delivered("firing", "RevokdUrgentLagFastBurn", policy="people-who-left", severity="page")
        self.assertEqual(labels["instance"], f"127.0.0.1:{self.daemon.port}")
        self.assertIn("people-who-left", annotations["summary"])
        self.assertEqual([self.hook.last("RevokdAuditBroken"), self.hook.last("RevokdDown")], [None, None])

    def test_6_a_list_that_is_missing_is_announced_and_so_is_that_it_came_back(self):
        leavers = self.daemon.folder / "policies" / "leavers.csv"
        aside = leavers.with_suffix(".aside")
        leavers.rename(aside)
        self.delivered("firing", "RevokdSourceUnproven", source="leavers")
        _, labels, _ = self.delivered("firing", "RevokdPolicyOverdue", policy="people-who-left")
        self.assertEqual((labels["severity"], labels["priority"]), ("page", "urgent"))
        self.assertIsNone(self.hook.last("RevokdPolicyOverdue", policy="partner-shares-lapse"))
        aside.rename(leavers)
        self.delivered("resolved", "RevokdSourceUnproven", source="leavers")
        self.delivered("resolved", "RevokdPolicyOverdue", policy="people-who-left")

    def test_7_a_reload_that_is_refused_is_announced_until_one_is_accepted(self):
        wrong = self.daemon.folder / "policies" / "99-wrong.toml"
        wrong.write_text("[[policy]]\nname = 1\n")
        self.daemon.reload()
        self.delivered("firing", "RevokdReloadFailed", severity="ticket")
        wrong.unlink()
        self.daemon.reload()
        self.delivered("resolved", "RevokdReloadFailed")

    def test_8_a_restart_keeps_the_deadline_and_announces_nothing_new(self):
        name = 'revokd_policy_last_success_timestamp_seconds{policy="people-who-left"}'
        before = self.gives(name)[0][1]
        self.daemon.end()
        self.daemon.start()
        owed = 'revokd_policy_success_deadline_timestamp_seconds{policy="people-who-left"}'

        def told():
            figures = dict(line.rsplit(" ", 1) for line in self.daemon.metrics().splitlines() if not line.startswith("#"))
            return owed in figures and name in figures and figures
        figures = until("the daemon has read what it owes", told)
        deadline = float(figures[owed])
        # Every other second: the third fire is no more than six seconds after a success.
        self.assertLessEqual(deadline - float(figures[name]), 6)
        # On record is the moment just before the end of the run was written.
        self.assertGreaterEqual(float(figures[name]), before - 1)

    def test_9_a_daemon_that_is_gone_is_a_page(self):
        # The restart may have been announced.
        until("it is not down", lambda: (last := self.hook.last("RevokdDown")) is None or last[0] == "resolved")
        self.daemon.end()
        self.delivered("firing", "RevokdDown", severity="page")
