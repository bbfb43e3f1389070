"""revokd against a real Keystone and a real Glance. Every test makes a world of its own (a project with images, a user for
revokd, a store), and reads back all of it before and after: exactly what was decided is gone, and everything else of the
whole cloud is as it was. Run it by ./run, which starts the servers; REVOKD names the binary."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import date, timedelta
from pathlib import Path

import world
from waiting import until
from world import GLANCE, KEYSTONE, STATE, AccessLog, Owner, Refused, stranger, age_share, share_age_days

import runner  # world.py knows the way to it

REVOKD = os.environ.get("REVOKD", "")
DONE, FAILED, HELD, DEAD = 0, 1, 4, 5  # revokd's exit codes
UNSETTLED = {"claimed", "submitted", "verifying"}


class Answer:
    """What one call of the binary gave back."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"$ revokd {' '.join(self.arguments)}\n{self.out}{self.err}[exit {self.code}]"


class RealCloud(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.admin = world.administrator()

    def setUp(self):
        self.owner = self.new_owner("owner")
        self.folder = Path(tempfile.mkdtemp(prefix="revokd-suite-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.secrets = [self.owner.password]
        self.answers = []
        self.configure()

    def tearDown(self):
        """What must hold after every test, whatever it was about."""
        if not self.answers:
            return
        if not (self.folder / "revokd.db").exists():
            return  # Nothing ran: a plan leaves no store behind.
        self.revokd("audit", "verify", code=DONE)
        unsettled = [task for task in self.tasks() if task["state"] in UNSETTLED]
        self.assertEqual(unsettled, [], "tasks are left between two states")
        said = "".join(answer.out + answer.err for answer in self.answers).encode()
        stored = b"".join(file.read_bytes() for file in self.folder.glob("revokd.db*"))
        for secret in self.secrets:
            self.assertNotIn(secret.encode(), said, "a secret was printed")
            self.assertNotIn(secret.encode(), stored, "a secret is in the store")
        self.assertNotIn(b"gAAAA", said + stored, "a Keystone token was printed or stored")

    def run(self, result=None):
        """Shows what revokd said when a test failed, for that is where the answer usually stands."""
        bad = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > bad:
            for answer in getattr(self, "answers", ()):
                print("   ", str(answer).replace("\n", "\n    "), file=sys.stderr)

    # --- the binary

    def new_owner(self, name, role="member"):
        return Owner(self.admin, name, role)

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)
        return name

    def configure(self, cloud=None, auth=None, password=None):
        """Writes revokd.toml. `cloud` and `auth` are the two tables' lines; without them: the owner's user and password."""
        self.write("password", (password or self.owner.password) + "\n")
        if cloud is None:
            cloud = f"""
                auth_url = "{KEYSTONE}"
                region = "RegionOne"
                project = "{self.owner.name}"
                project_domain = "Default" """
        if auth is None:
            auth = f"""
                [clouds.kit.auth]
                method = "password"
                user = "{self.owner.user}"
                user_domain = "Default"
                password_file = "password" """
        self.write("revokd.toml", f"""
            [daemon]
            store = "sqlite:revokd.db"
            listen = "127.0.0.1:0"
            policies = "policies"
            [clouds.kit]
            provider = "openstack"
            {cloud}
            {auth}
            """)

    def policy(self, name="shares", match='granted_before = "0s"', resource="image-share", mode="enforce", exempt="",
               limits="max_revocations = 5000\nmax_percent = 100"):
        """Writes one policy; the limits are wide unless a test is about them."""
        self.write(f"policies/{name}.toml", f"""
            [[policy]]
            name = "{name}"
            schedule = "0 3 * * *"
            clouds = ["kit"]
            resource = "{resource}"
            mode = "{mode}"
            [policy.match]
            {match}
            [policy.limits]
            {limits}
            {exempt}
            """)

    def command(self, *arguments):
        return [REVOKD, "--config", str(self.folder / "revokd.toml"), *arguments]

    def environment(self, extra=None):
        """The caller's own OS_* settings must not leak into a test."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return kept | (extra or {})

    def revokd(self, *arguments, code=None, env=None):
        """Runs one command; `code` is the exit code it must have."""
        ran = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=180, cwd="/", env=self.environment(env))
        answer = Answer(arguments, ran.returncode, ran.stdout, ran.stderr)
        self.answers.append(answer)
        if code is not None:
            self.assertEqual(answer.code, code, f"the exit code of: revokd {' '.join(arguments)}\n{answer.err}")
        return answer

    def plan(self, *policies):
        return self.revokd("plan", *policies, "--output", "json", code=DONE).json

    def run_once(self, code=DONE, **how):
        return self.revokd("run", "--once", code=code, **how)

    def tasks(self):
        return self.revokd("tasks", "list", "--output", "json", code=DONE).json["tasks"]

    def task_states(self):
        return sorted(task["state"] for task in self.tasks())

    def held_run(self):
        """The id of the one run that waits for somebody to allow it."""
        runs = self.revokd("runs", "list", "--output", "json", code=DONE).json["runs"]
        held = [run for run in runs if run["state"] == "held"]
        self.assertEqual(len(held), 1, f"one run is held: {runs}")
        return str(held[0]["id"])

    # --- the world

    def assert_planned(self, plan, shares):
        self.assertEqual({(r["resource"], r["subject"]) for r in plan["revocations"]}, set(shares), "the plan's revocations")
        self.assertEqual({r["kind"] for r in plan["revocations"]} - {"image-share"}, set())

    def assert_gone(self, before, shares=(), images=()):
        """Exactly these shares and images (with their shares) are gone since `before`, and nothing else has changed at all."""
        after, shares, images = self.owner.snapshot(), set(shares), set(images)
        self.assertLessEqual(shares, set(before.shares), "the test itself: these shares must have existed")
        self.assertLessEqual(images, set(before.images), "the test itself: these images must have existed")
        kept = {pair: share for pair, share in before.shares.items() if pair not in shares and pair[0] not in images}
        self.assertEqual(set(after.shares), set(kept), "the shares that are left")
        self.assertEqual(after.shares, kept, "a share that is left has changed")
        kept = {id: image for id, image in before.images.items() if id not in images}
        self.assertEqual(set(after.images), set(kept), "the images that are left")
        self.assertEqual(after.images, kept, "an image that is left has changed")
        kept = {row for row in before.image_rows if row[0] not in images}
        self.assertEqual(after.image_rows, kept, "the images of the whole cloud, from the database")
        kept = {row for row in before.share_rows if row[:2] not in shares and row[0] not in images}
        self.assertEqual(after.share_rows, kept, "the shares of the whole cloud, from the database")

    # --- deciding

    def test_plan_changes_nothing_and_lists_exactly_the_decided_shares(self):
        a, b, c = (stranger() for _ in range(3))
        one = self.owner.image("one", {a: "pending", b: "accepted", c: "rejected"})
        two = self.owner.image("two", {a: "accepted"}, data=b"bytes")
        self.owner.image("unshared")
        asleep = self.owner.image("asleep", [a])
        self.owner.change(asleep, "visibility", "private")
        self.policy("all-shares")
        self.policy("old-shares", match='granted_before = "30d"')
        self.revokd("check", code=DONE)
        before, glance = self.owner.snapshot(), AccessLog("glance")
        plan = self.plan()
        self.assert_planned(plan, [(one, a), (one, b), (one, c), (two, a)])
        self.assertEqual({r["policy"] for r in plan["revocations"]}, {"all-shares"})
        self.assertEqual({r["cloud"] for r in plan["revocations"]}, {"kit"})
        self.assertTrue(all(r["reason"] and r["due_since"] for r in plan["revocations"]), "every revocation says why and since when")
        self.assertEqual(plan["gaps"], [])
        self.assertEqual({policy["name"] for policy in plan["policies"]}, {"all-shares", "old-shares"})
        self.assert_planned(self.plan("old-shares"), [])
        self.assertEqual({method for method, _, _ in glance.requests()} - {"GET"}, set(), "a plan only reads")
        self.assertEqual(list(self.folder.glob("revokd.db*")), [], "a plan queues nothing")
        self.assert_gone(before)

    def test_enforce_removes_exactly_the_decided_shares(self):
        a, b, c, exempt = (stranger() for _ in range(4))
        everyone = {a: "pending", b: "accepted", c: "rejected", exempt: "accepted"}
        one = self.owner.image("golden-one", everyone, data=b"bytes")
        two = self.owner.image("golden-two", everyone)
        self.owner.image("silver-one", everyone)
        self.owner.image("not-golden-three", everyone)
        last_day = date.today() + timedelta(days=30)
        self.policy(match='granted_before = "0s"\nimage.name = "golden-*"',
                    exempt=f'[[policy.exempt]]\nsubject = "{exempt}"\nuntil = {last_day}\nreason = "contract 4711"')
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before, [(image, project) for image in (one, two) for project in (a, b, c)])
        self.assertEqual(self.task_states(), ["done"] * 6)
        # A second run finds nothing more to do and touches nothing.
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before)
        self.assertEqual(self.task_states(), ["done"] * 6)

    def test_status_and_subject_choose_shares(self):
        partner, other = "feed" + stranger()[4:], "beef" + stranger()[4:]
        pending = self.owner.image("one", {partner: "pending", other: "pending"})
        self.owner.image("two", {partner: "accepted", other: "rejected"})
        self.policy(match='granted_before = "0s"\nstatus = ["pending", "rejected"]\nsubject = "feed*"')
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before, [(pending, partner)])

    def test_shares_of_hidden_and_of_protected_images_are_removed(self):
        a, b = stranger(), stranger()
        hidden = self.owner.image("hidden", {a: "accepted", b: "pending"}, os_hidden=True)
        protected = self.owner.image("protected", {a: "accepted"}, protected=True)
        self.policy()
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before, [(hidden, a), (hidden, b), (protected, a)])

    def expiry(self, image):
        """Three dates given to images by `image`: the past one's share goes, the others stay, the senseless one is reported."""
        a = stranger()
        past, future, bad = image("past", "2020-01-31", a), image("future", "2999-01-31", a), image("bad", "2020-31-01", a)
        self.owner.image("undated", [a])
        before = self.owner.snapshot()
        plan = self.plan()
        self.assert_planned(plan, [(past, a)])
        told = json.dumps([plan.get("gaps"), plan.get("problems"), [policy.get("problems") for policy in plan["policies"]]])
        self.assertIn(bad, told, "the plan names the image with the bad date")
        self.assertNotIn(future, told)
        self.run_once()
        self.assert_gone(before, [(past, a)])

    def test_expiry_by_tag(self):
        self.policy(match='expires = { tag = "expires" }')
        self.expiry(lambda name, day, project: self.owner.image(name, [project], tags=["team-a", f"expires={day}"]))

    def test_expiry_by_property(self):
        self.policy(match='expires = { property = "share_until" }')
        self.expiry(lambda name, day, project: self.owner.image(name, [project], share_until=day))

    # --- images

    def test_images_are_deleted_and_a_protected_one_ends_dead(self):
        a = stranger()
        gone = [self.owner.image("old-queued"), self.owner.image("old-active", data=b"bytes"),
                self.owner.image("old-shared", {a: "accepted"}), self.owner.image("old-hidden", os_hidden=True)]
        kept = self.owner.image("old-protected", {a: "accepted"}, data=b"bytes", protected=True)
        self.owner.image("new", {a: "accepted"})
        self.policy(resource="image", match='created_before = "0s"\nimage.name = "old-*"')
        before = self.owner.snapshot()
        plan = self.plan()
        self.assertEqual({r["resource"] for r in plan["revocations"]}, {*gone, kept})
        self.run_once(code=DEAD)
        self.assert_gone(before, images=gone)
        for image in gone:
            with self.assertRaises(Refused) as answer:
                self.owner.session.get(f"{GLANCE}/v2/images/{image}")
            self.assertEqual(answer.exception.status, 404)
        dead = [task for task in self.tasks() if task["state"] == "dead"]
        self.assertEqual([task["resource"] for task in dead], [kept])
        self.assertRegex(dead[0]["reason"].lower(), "protected")
        self.assertEqual(self.task_states(), ["dead"] + ["done"] * 4)

    # --- holding back

    def test_observe_removes_nothing(self):
        self.owner.image("one", {stranger(): "accepted", stranger(): "pending"})
        self.policy(mode="observe")
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before)
        self.assertEqual([state for state in self.task_states() if state != "cancelled"], [])

    def test_approve_holds_and_removes_what_was_allowed(self):
        a, b, late = stranger(), stranger(), stranger()
        one = self.owner.image("one", {a: "accepted", b: "pending"})
        self.policy(mode="approve")
        before = self.owner.snapshot()
        self.run_once(code=HELD)
        self.assert_gone(before)
        # Whoever allows a run allows what it listed; a share granted since then waits for the next decision.
        self.owner.share(one, late, "accepted")
        before = self.owner.snapshot()
        self.revokd("runs", "allow", self.held_run(), code=DONE)
        self.assertIn(self.run_once(code=None).code, (DONE, HELD))
        self.assert_gone(before, [(one, a), (one, b)])

    def test_a_rejected_run_removes_nothing(self):
        self.owner.image("one", {stranger(): "accepted"})
        self.policy(mode="approve")
        before = self.owner.snapshot()
        self.run_once(code=HELD)
        self.revokd("runs", "reject", self.held_run(), code=DONE)
        self.assertEqual(self.task_states(), ["cancelled"])
        self.run_once(code=None)
        self.assert_gone(before)
        self.assertNotIn("done", self.task_states())

    def test_the_brake_holds_a_run_over_its_count(self):
        self.owner.image("one", [stranger() for _ in range(4)])
        self.policy(limits="max_revocations = 3\nmax_percent = 100")
        before = self.owner.snapshot()
        self.run_once(code=HELD)
        self.held_run()
        self.assert_gone(before)
        self.assertNotIn("done", self.task_states())

    def test_the_brake_holds_a_run_over_its_percentage(self):
        self.owner.image("wanted", [stranger() for _ in range(6)])
        self.owner.image("other", [stranger() for _ in range(4)])
        self.policy(match='granted_before = "0s"\nimage.name = "wanted"', limits="max_revocations = 100\nmax_percent = 50")
        before = self.owner.snapshot()
        self.run_once(code=HELD)
        self.held_run()
        self.assert_gone(before)
        self.assertNotIn("done", self.task_states())

    # --- the world moves between deciding and doing

    def test_an_image_turned_private_after_the_decision_is_not_called_done(self):
        a, b = stranger(), stranger()
        flipped = self.owner.image("flipped", {a: "accepted"})
        shared = self.owner.image("shared", {b: "accepted"})
        self.policy(mode="approve")
        self.run_once(code=HELD)
        self.owner.change(flipped, "visibility", "private")
        before = self.owner.snapshot()
        self.revokd("runs", "allow", self.held_run(), code=DONE)
        self.run_once(code=None)
        self.assert_gone(before, [(shared, b)])
        # The row still sleeps: it would come back to life with the image's visibility, so nothing was removed.
        self.owner.change(flipped, "visibility", "shared")
        rows = self.owner.session.get(f"{GLANCE}/v2/images/{flipped}/members")["members"]
        self.assertEqual([row["member_id"] for row in rows], [a])
        (task,) = [task for task in self.tasks() if task["resource"] == flipped]
        self.assertIn(task["state"], ("dead", "cancelled"))
        self.assertTrue(task["reason"], "the task says why it was not carried out")

    def test_a_share_removed_by_its_owner_meanwhile_ends_well(self):
        a, b = stranger(), stranger()
        one = self.owner.image("one", {a: "accepted", b: "accepted"})
        two = self.owner.image("two", {a: "accepted"})
        self.policy(mode="approve")
        self.run_once(code=HELD)
        self.owner.unshare(one, a)
        self.owner.session.call("DELETE", f"{GLANCE}/v2/images/{two}")
        before = self.owner.snapshot()
        self.revokd("runs", "allow", self.held_run(), code=DONE)
        self.run_once()
        self.assert_gone(before, [(one, b)])
        self.assertEqual(set(self.task_states()) - {"done", "cancelled"}, set())

    # --- whose images

    def test_images_shared_to_the_project_are_never_touched(self):
        foreign = self.new_owner("foreign")
        foreign.image("lent", {self.owner.project: "accepted", stranger(): "accepted"})
        foreign.image("offered", {self.owner.project: "pending"})
        foreign.image("for-all", visibility="community")
        a = stranger()
        own = self.owner.image("own", {a: "accepted"})
        self.policy("shares")
        self.policy("images", resource="image", match='created_before = "0s"\nimage.name = ["lent", "offered", "for-all"]')
        before, glance = self.owner.snapshot(), AccessLog("glance")
        self.assert_planned(self.plan(), [(own, a)])
        self.run_once()
        self.assert_gone(before, [(own, a)])
        until("Glance's log tells of the removal", lambda: glance.count("DELETE", f"/members/{a}"))
        deleted = [path for method, path, _ in glance.requests() if method == "DELETE"]
        self.assertEqual(deleted, [f"/v2/images/{own}/members/{a}"], "nothing else was even tried")

    def test_a_user_who_may_only_read_ends_dead_not_done(self):
        self.owner = self.new_owner("reader", role="reader")
        self.secrets.append(self.owner.password)
        self.configure()
        self.owner.image("one", {stranger(): "accepted"})
        self.policy()
        before = self.owner.snapshot()
        self.run_once(code=DEAD)
        self.assert_gone(before)
        self.assertEqual(self.task_states(), ["dead"])

    # --- logging in

    def logs_in(self, **how):
        """The configuration just written works: it removes the one share there is, with few visits to Keystone."""
        a = stranger()
        one = self.owner.image(f"one-{a[:6]}", {a: "accepted"})
        self.policy()
        before, keystone = self.owner.snapshot(), AccessLog("keystone")
        self.run_once(**how)
        self.assert_gone(before, [(one, a)])
        self.assertLessEqual(keystone.count("POST", "/auth/tokens"), 1, "one run logs in once")

    def application_credential(self):
        user = world.login(self.owner.user, self.owner.password, self.owner.name)
        asked = {"application_credential": {"name": "revokd", "roles": [{"name": "member"}]}}
        made = user.post(f"{KEYSTONE}/users/{self.owner.user_id}/application_credentials", asked)["application_credential"]
        self.secrets.append(made["secret"])
        self.write("secret", made["secret"])
        return made["id"]

    def test_login_by_application_credential_id(self):
        auth = f'[clouds.kit.auth]\nmethod = "application-credential"\nid = "{self.application_credential()}"\nsecret_file = "secret"'
        self.configure(cloud=f'auth_url = "{KEYSTONE}"\nregion = "RegionOne"', auth=auth)
        self.logs_in()

    def test_login_by_application_credential_name(self):
        self.application_credential()
        self.configure(cloud=f'auth_url = "{KEYSTONE}"\nregion = "RegionOne"', auth=f"""
            [clouds.kit.auth]
            method = "application-credential"
            name = "revokd"
            user = "{self.owner.user}"
            user_domain = "Default"
            secret_file = "secret" """)
        self.logs_in()

    def test_login_by_token(self):
        token = world.login(self.owner.user, self.owner.password, self.owner.name).token
        self.secrets.append(token)
        self.write("token", token)
        self.configure(auth='[clouds.kit.auth]\nmethod = "token"\ntoken_file = "token"')
        self.logs_in()

    def clouds_yaml(self):
        """openstacksdk reads the file as well, so that it is one that OpenStack's own tools accept."""
        path = self.folder / self.write("clouds.yaml", f"""
clouds:
  elsewhere:
    auth: {{auth_url: "http://127.0.0.1:9/v3", username: nobody, password: nothing, project_name: none}}
  mine:
    auth:
      auth_url: {KEYSTONE}
      username: {self.owner.user}
      password: {self.owner.password}
      project_name: {self.owner.name}
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: 3
""")
        import openstack

        mine = openstack.config.OpenStackConfig(config_files=[str(path)]).get_one(cloud="mine")
        with openstack.connection.Connection(config=mine) as connection:
            self.assertEqual(connection.current_project_id, self.owner.project)
        return str(path)

    def test_login_by_clouds_yaml_beside_the_configuration(self):
        self.clouds_yaml()
        self.configure(cloud='cloud = "mine"\nclouds_file = "clouds.yaml"', auth="")
        self.logs_in()

    def test_login_by_clouds_yaml_of_the_environment(self):
        path = self.clouds_yaml()
        self.configure(cloud='cloud = "mine"', auth="")
        self.logs_in(env={"OS_CLIENT_CONFIG_FILE": path})

    def refused(self, status):
        """Keystone refuses what the configuration offers: said clearly, once, and nothing is touched."""
        self.owner.image("one", {stranger(): "accepted"})
        self.policy()
        before = self.owner.snapshot()
        for arguments in ("plan",), ("run", "--once"):
            keystone = AccessLog("keystone")
            answer = self.revokd(*arguments, code=FAILED)
            until("Keystone's log tells of the login", lambda: keystone.count("POST", "/auth/tokens"))
            asked = [got for method, path, got in keystone.requests() if method == "POST" and "/auth/tokens" in path]
            self.assertEqual(asked, [status], "one attempt to log in, for clouds lock accounts")
            self.assertRegex(answer.err, rf"(?i){status}|unauthori[sz]ed|credential|password|log ?in")
            self.assertIn("kit", answer.err, "the message names the cloud")
        self.assert_gone(before)

    def test_a_wrong_password_fails_after_one_attempt(self):
        self.secrets.append("not-the-password")
        self.configure(password="not-the-password")
        self.refused(401)

    def test_a_wrong_application_credential_fails_after_one_attempt(self):
        known = self.application_credential()
        self.write("secret", "not-the-secret")
        auth = f'[clouds.kit.auth]\nmethod = "application-credential"\nid = "{known}"\nsecret_file = "secret"'
        self.configure(cloud=f'auth_url = "{KEYSTONE}"\nregion = "RegionOne"', auth=auth)
        self.refused(401)

    # --- a share granted anew

    def test_a_share_granted_anew_after_its_removal_is_left_alone(self):
        """Glance revives the row of a share that was ended, with its first date; revokd knows when it ended it."""
        a = stranger()
        image = self.owner.image("golden", {a: "accepted"})
        age_share(image, a, days=40)
        self.policy(match='granted_before = "30d"')
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before, [(image, a)])
        self.owner.share(image, a)
        self.assertGreaterEqual(share_age_days(image, a), 40, "Glance kept the first date")
        before = self.owner.snapshot()
        self.run_once()
        self.assert_gone(before)

    # --- being killed

    def test_a_run_killed_in_the_middle_is_finished_by_the_next(self):
        projects = [stranger() for _ in range(8)]
        wanted = self.owner.images(12, "wanted", projects)
        self.owner.images(4, "other", projects)
        shares = [(image, project) for image in wanted for project in projects]
        self.policy(match='granted_before = "0s"\nimage.name = "wanted-*"')
        before, glance = self.owner.snapshot(), AccessLog("glance")
        kills = 0
        for removed in 5, 45:
            process = subprocess.Popen(self.command("run", "--once"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=self.environment())
            begun = time.monotonic()
            while glance.count("DELETE", "/members/", settled=False) < removed and process.poll() is None and time.monotonic() - begun < 120:
                time.sleep(0.003)
            process.kill()
            out, err = process.communicate()
            self.answers.append(Answer(("run", "--once"), process.returncode, out, err))
            kills += process.returncode == -signal.SIGKILL
        left = self.owner.snapshot().shares
        self.assertEqual(kills, 2, "the test itself: both runs must die in the middle")
        self.assertTrue(any(share in left for share in shares), "the test itself: something must be left to do")
        self.run_once()
        self.assert_gone(before, shares)
        tasks = self.tasks()
        done = {(task["resource"], task["subject"]) for task in tasks if task["state"] == "done"}
        self.assertEqual(done, set(shares), "every share that is gone has a task that says so")
        self.assertEqual({task["state"] for task in tasks} - {"done", "cancelled"}, set())

    # --- people who left

    def source(self, name, text):
        self.write(f"policies/{name}-source.toml", f"[source.{name}]\n{text}\n")

    def source_read(self, name, code=DONE):
        return self.revokd("sources", "test", name, "--cloud", "kit", "--output", "json", code=code).json

    def test_the_share_of_a_project_whose_owner_left_goes_and_no_other(self):
        left, shared, still_here = stranger(), stranger(), stranger()
        image = self.owner.image("one", {left: "accepted", shared: "accepted", still_here: "pending"})
        people = self.folder / "policies" / "people.csv"
        self.write("policies/people.csv", "login,status,projects\n"
                   f"ann,left,{left} {shared}\nbob,here,{shared};{still_here}\n")
        self.source("people", """
            type = "csv"
            path = "people.csv"
            match = { column = "login", to = "user.name" }
            gone = { column = "status", is = "left" }
            projects = "projects"
            max_age = "1h" """)
        self.policy(match='subject_in = "people"')
        before = self.owner.snapshot()
        os.utime(people, (time.time() - 7200,) * 2)
        failed = self.run_once(code=FAILED)
        self.assertIn("max_age is 1h", failed.out + failed.err, "an old list says so")
        self.assert_gone(before)
        os.utime(people, (time.time() - 60,) * 2)
        self.run_once()
        self.assert_gone(before, [(image, left)])
        self.assertEqual(self.task_states(), ["done"])

    def test_the_users_of_a_keystone_are_a_source(self):
        reader = self.owner = self.new_owner("reader", role="admin")
        self.secrets.append(reader.password)
        self.configure()
        everybody = [f"person-{reader.name}-{number}" for number in range(7)]
        ids = {name: world.ensure(self.admin, "user", name, password="pw-" + name) for name in everybody}
        self.admin.call("PATCH", f"{KEYSTONE}/users/{ids[everybody[3]]}", {"user": {"enabled": False}})
        self.source("users", 'type = "keystone"\ncloud = "kit"\nmatch = { to = "user.name" }')
        self.policy()
        tested = self.source_read("users")
        (cloud,) = tested["clouds"]
        ours = {row["user_name"]: row["standing"] for row in cloud["matched"] if row["user_name"] in ids}
        self.assertEqual(ours, {name: "gone" if name == everybody[3] else "here" for name in everybody})
        self.assertEqual(tested["entries"], cloud["users"], "each user is an entry")
        self.assertEqual((tested["proven"], tested["unusable"], cloud["disputed"]), (True, [], []))

    def test_users_that_may_not_be_listed_are_no_empty_list(self):
        self.source("users", 'type = "keystone"\ncloud = "kit"')
        self.policy()
        tested = self.source_read("users", code=FAILED)
        self.assertEqual((tested["entries"], tested["proven"]), (None, False))
        self.assertIn("403", tested["problem"])

    # --- size; it comes last, for its images would slow the others down

    def test_zz_more_images_than_one_page_holds(self):
        a, b = stranger(), stranger()
        first = self.owner.image("first", {a: "accepted"})
        time.sleep(1)  # Glance sorts by whole seconds, newest first; the two must be the last and the first of the list
        # Two thirds are private, which spares everybody the reading of their member lists.
        self.owner.images(700, "private", visibility="private")
        self.owner.images(350, "shared")
        time.sleep(1)
        last = self.owner.image("last", {b: "pending"})
        self.owner.image("hidden", os_hidden=True)
        self.policy()
        self.policy("images", match='created_before = "365d"', resource="image", mode="observe")
        before = self.owner.snapshot()
        self.assertEqual(len(before.images), 1053)
        plan = self.plan()
        self.assert_planned(plan, [(first, a), (last, b)])
        self.assertEqual(plan["gaps"], [])
        seen = {policy["name"]: policy["seen"] for policy in plan["policies"]}
        self.assertEqual(seen, {"images": 1053, "shares": 2}, "the plan says how much it saw")
        self.run_once()
        self.assert_gone(before, [(first, a), (last, b)])


if __name__ == "__main__":
    world.forget_images()
    sys.exit(runner.run(["__main__"], sys.argv[1:], STATE / "run/summary"))
