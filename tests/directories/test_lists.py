"""The other types of lists, each once as somebody new to revokd would use it."""
import json
import os
import time

from cases import DONE, FAILED, INVALID, STAFF, Case
from faults import LOGIN_PAGE, Web
from people import source

LEFT, LEFT_LATER = "paula.richter", "ines.weber"
BY_PATH = {"path": "$.mail", "to": "user.email"}


def document(*names):
    return json.dumps({"people": [{"mail": f"{name}@example.com"} for name in names]}).encode()


class Lists(Case):
    def replace(self, name, content, age_s=10):
        """As a careful exporter does: never half a file under that name. A file that was written just now is waited for a while."""
        path = self.folder / "policies" / name
        new = path.with_suffix(".new")
        new.write_bytes(content)
        os.utime(new, (time.time() - age_s,) * 2)
        os.replace(new, path)

    def test_csv_and_a_daemon_that_sees_the_file_change(self):
        self.sources(source("people", {"type": "csv", "path": "leavers.csv", "min_entries": 1}, {"column": "email", "to": "user.email"}))
        self.policy()
        self.replace("leavers.csv", b"email,team\nsomebody@example.net,x\n")
        self.run_once()
        daemon = self.daemon()
        self.wake_and_wait(daemon)
        # Nobody wakes it from here on but the file.
        self.replace("leavers.csv", f"email,team\nsomebody@example.net,x\n{LEFT.upper()}@example.com,y\n".encode(), age_s=0)
        self.assert_gone_soon(LEFT)
        lag_s, count = self.lag_s(daemon)
        self.note(f"csv: from the change of the file to access seen gone: {lag_s:.2f} s, the mean of {count} permissions")
        self.assertEqual(daemon.end(), 0)
        self.assert_evidence(LEFT, "people", "line 3")
        for broken, word in [(b"", "empty"), (b"email,team\n", "min_entries"), (b'email,team\n"ines.weber@example.com,x\n', "quote")]:
            with self.subTest(broken):
                self.replace("leavers.csv", broken)
                self.assert_runs_fail(word)

    def test_neither_revokds_own_user_nor_the_owner_goes_whatever_the_list_says(self):
        self.sources(source("people", {"type": "csv", "path": "leavers.csv"}, {"column": "login", "to": "user.name"}))
        self.policy()
        self.replace("leavers.csv", f"login\nrevokd\naccount-root\n{LEFT}\n".encode())
        self.run_once()
        self.assert_gone(LEFT)

    def test_a_secret_that_is_missing_or_open_is_told(self):
        section = {"type": "http", "url": "http://127.0.0.1:9/leavers", "token_file": "hr-token"}
        self.sources(source("people", section, BY_PATH))
        self.policy()
        self.assertIn("hr-token", self.revokd("check", code=INVALID).stderr)
        self.secret("policies/hr-token", "token-of-hr")
        self.assertNotIn("hr-token", self.revokd("check", code=DONE).stderr)
        (self.folder / "policies/hr-token").chmod(0o644)
        self.assertIn("chmod o-r", self.revokd("check", code=DONE).stderr)

    def test_json_with_a_leaving_date(self):
        self.sources(source("people", {"type": "json", "path": "leavers.json", "list": "$.people[*]", "leaves": "$.last_day"}, BY_PATH))
        self.policy()
        people = [{"mail": f"{LEFT}@example.com", "last_day": "2020-01-31"}, {"mail": f"{LEFT_LATER}@example.com", "last_day": "2999-01-31"}]
        whole = json.dumps({"people": people}).encode()
        self.replace("leavers.json", whole[:-20])
        self.assert_runs_fail("cut off")
        self.replace("leavers.json", whole)
        self.run_once()
        self.assert_gone(LEFT)

    def test_http_with_a_tag(self):
        state = {"tag": '"one"', "body": document("somebody"), "asked": []}

        def answer(_, headers):
            state["asked"].append(headers["If-None-Match"])
            if headers["Authorization"] != "Bearer token-of-hr":
                return 401, {}, b"", None
            if state["tag"] and headers["If-None-Match"] == state["tag"]:
                return 304, {"ETag": state["tag"]}, b"", None
            return 200, {"ETag": state["tag"]} if state["tag"] else {}, state["body"], None

        web = Web(answer)
        self.addCleanup(web.stop)
        self.secret("policies/hr-token", "token-of-hr")
        self.sources(source("people", {"type": "http", "url": f"{web.url}/leavers", "token_file": "hr-token", "list": "$.people"}, BY_PATH))
        self.policy()
        daemon = self.daemon()
        self.wake_and_wait(daemon)
        self.wake_and_wait(daemon)
        self.assertEqual(state["asked"], [None, '"one"'], "what did not change is not sent again")
        self.assert_gone()
        state.update(tag='"two"', body=document("somebody", LEFT))
        self.wake(daemon)
        self.assert_gone_soon(LEFT)
        state.update(tag=None, body=LOGIN_PAGE)
        self.wake_and_wait(daemon, result="failed")
        self.assertEqual(daemon.end(), 0)
        self.assert_evidence(LEFT, "people", "entry 2")
        self.assert_runs_fail("web page", "Sign in")

    def test_keystone_by_the_users_of_the_cloud_itself(self):
        self.sources(source("people", {"type": "keystone", "cloud": "registry", "deleted": False}, None))
        self.policy()
        shown = self.json("sources", "test", "people", "--all")
        self.assertEqual(len(shown["clouds"][0]["matched"]), len(STAFF) + 2, "with the owner and revokd's own user")
        self.run_once()
        self.assert_gone("quentin.maurer", "rosa.haller")
        self.sources(source("people", {"type": "keystone", "cloud": "registry"}, None))
        self.run_once()
        self.assert_gone("simon.vogel")
        # Users that cannot be listed are no list of users.
        self.secret("cloud/registry-password", "of somebody else")
        self.run_once(code=FAILED)
        self.revokd("sources", "test", "people", code=FAILED)
        self.assert_gone()

    def test_all_of_them_at_once_and_a_broken_one_holds_only_its_own_policy(self):
        self.replace("leavers.csv", f"email\n{LEFT}@example.com\n".encode())
        self.replace("leavers.json", b'{"people": [')
        self.sources(
            source("people", {"type": "csv", "path": "leavers.csv"}, {"column": "email", "to": "user.email"}),
            source("broken", {"type": "json", "path": "leavers.json", "list": "$.people[*]"}, BY_PATH))
        self.policy()
        self.policy('subject_in = ["people", "broken"]', name="both")
        self.run_once(code=FAILED)
        self.assert_gone(LEFT)
        listed = self.json("sources", code=FAILED)
        proven = {row["name"]: row["proven"] for row in listed["sources"]}
        self.assertEqual(proven, {"people": True, "broken": False})
        # What the policy with the broken list would take is not known, so the answer is not the whole one.
        told = self.revokd("explain", f"{LEFT_LATER}@example.com", code=FAILED).stdout
        self.assertIn("policy both could not be judged", told)
        self.assertIn("source broken: nothing is decided by it", told)
