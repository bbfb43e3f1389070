"""People in a running OpenLDAP and in a running SCIM server, and what becomes of their permissions in a registry."""
import os
import sys

from cases import DONE, FAILED, STAFF, Case
from faults import LdapCut, ScimProxy
from people import OpenLdap, ScimServer
from world import ADDRESSES, Refused

LEFT, LEFT_LATER = "paula.richter", "ines.weber"
ROSTER = {"min_entries": 5, "max_age": "1h", "max_shrink_percent": 20}


def for_each(*kinds):
    """Makes the class that it stands above run once for each kind of directory."""

    def make(case):
        module = sys.modules[case.__module__]
        for kind in kinds:
            name = f"{case.__name__}{kind.__name__}"
            setattr(module, name, type(name, (case, InDirectory), {"kind": kind, "title": kind.__name__, "__module__": case.__module__}))
        return case

    return make


class InDirectory(Case):
    """Every test has people of its own in the directory, who are taken out afterwards."""

    kind = None

    def setUp(self):
        super().setUp()
        self.directory = self.kind(self.branch)
        self.addCleanup(self.directory.remove)
        for name in STAFF:
            self.directory.add(name)
        self.secret("policies/directory-password", self.directory.password)
        self.sources(self.directory.source())
        self.policy()

    def roster(self, **changed):
        self.sources(self.directory.source(**ROSTER | changed))
        self.policy('subject_not_in = "people"')


@for_each(OpenLdap, ScimServer)
class People:
    def test_while_everybody_is_active_nothing_goes(self):
        shown = self.json("sources", "test", "people", "--all")
        (cloud,) = shown["clouds"]
        self.assertEqual((shown["proven"], shown["unusable"], cloud["disputed"]), (True, [], []))
        self.assertEqual(len(cloud["matched"]), len(STAFF))
        self.assertEqual(shown["entries"], len(STAFF) + len(cloud["matching_nobody"]), "every entry is shown")
        self.assertTrue(all(self.directory.place(name) in str(cloud["matched"]) for name in STAFF))
        self.revokd("check", code=DONE)
        self.assert_nothing_is_planned()
        self.run_once()
        self.assert_gone()

    def test_who_is_disabled_loses_access_and_nobody_else(self):
        self.run_once()
        self.assert_gone()
        self.directory.disable(LEFT)
        self.run_once()
        self.assert_gone(LEFT)
        self.assert_evidence(LEFT, "people", self.directory.place(LEFT))
        self.run_once()
        self.assert_gone()

    def test_who_is_enabled_again_in_time_keeps_everything(self):
        self.policy(limits='max_percent = 100\ngrace = "1h"')
        self.directory.disable(LEFT)
        self.run_once()
        self.assertEqual({task["state"] for task in self.json("tasks", "list")["tasks"]}, {"held"})
        self.directory.enable(LEFT)
        self.run_once()
        self.assertEqual({task["state"] for task in self.json("tasks", "list")["tasks"]}, {"cancelled"})
        self.assert_gone()

    def test_two_accounts_of_one_person_that_disagree_decide_on_nobody(self):
        self.directory.add("of-old", address=f"{LEFT}@example.com")
        self.directory.disable("of-old")
        (cloud,) = self.json("sources", "test", "people", "--all")["clouds"]
        self.assertEqual(len(cloud["matched"]), len(STAFF) - 1)
        self.assertIn(self.directory.place("of-old"), str(cloud["disputed"]))
        self.run_once()
        self.assert_gone()
        self.directory.disable(LEFT)
        self.run_once()
        self.assert_gone(LEFT)

    def test_a_daemon_that_is_woken_removes_at_once(self):
        daemon = self.daemon()
        self.wake_and_wait(daemon)
        self.assert_gone()
        self.directory.disable(LEFT)
        with self.assertRaises(Refused) as refused:
            self.wake(daemon, token="of somebody else")
        self.assertEqual(refused.exception.status, 401)
        self.wake(daemon)
        self.assert_gone_soon(LEFT)
        first_s, _ = self.lag_s(daemon)
        self.directory.disable(LEFT_LATER)
        self.wake(daemon)
        self.assert_gone_soon(LEFT_LATER)
        mean_s, count = self.lag_s(daemon)
        self.note(f"{self.title}: from the read that told it to access seen gone: {mean_s:.2f} s, the mean of {count} permissions")
        self.assertLess(max(first_s, mean_s), 10)
        self.assertEqual(daemon.end(), DONE)

    def test_a_server_that_is_stopped_removes_nobody(self):
        self.directory.disable(LEFT)
        self.directory.stop()
        self.assert_runs_fail("people", "onnect")
        self.json("sources", code=FAILED)
        self.directory.start()
        if self.kind is ScimServer:
            # It keeps nobody when it stops, so it comes up empty: a whole list, and of nobody.
            self.roster()
            self.assert_runs_fail("0 entries", "min_entries")
            self.sources(self.directory.source())
            self.policy()
            self.directory.add(LEFT)
            self.directory.disable(LEFT)
        self.run_once()
        self.assert_gone(LEFT)

    def test_a_daemon_outlives_its_directory(self):
        daemon = self.daemon()
        self.directory.disable(LEFT)
        self.directory.stop()
        self.wake_and_wait(daemon, result="failed")
        self.assert_gone()
        self.assertEqual(self.metric(daemon, "revokd_source_proof_met", source="people"), 0)
        self.directory.start()
        if self.kind is ScimServer:
            self.directory.add(LEFT)
            self.directory.disable(LEFT)
        self.wake(daemon)
        self.assert_gone_soon(LEFT)
        self.assertEqual(self.metric(daemon, "revokd_source_proof_met", source="people"), 1)
        self.assertEqual(daemon.end(), DONE)

    def test_who_is_not_on_the_roster_loses_access(self):
        self.roster(max_shrink_percent=1 if self.kind is ScimServer else 20)
        self.run_once()
        # Neither the owner of the account nor revokd's own user has an address, and whoever is deleted has none any more:
        # nothing can be told of them, so they stay.
        self.assert_gone()
        self.directory.delete(LEFT)
        if self.kind is ScimServer:
            # One of forty people is more than one in a hundred.
            self.assert_runs_fail("max_shrink_percent")
            self.revokd("sources", "accept", "people", "--yes", code=DONE)
        self.run_once()
        self.assert_gone(LEFT)

    def test_half_of_a_roster_removes_nobody_until_it_is_accepted(self):
        self.roster()
        self.run_once()
        # Of the SCIM server's forty, too, more than one in five.
        gone = STAFF[::2] + ([STAFF[1], STAFF[3], STAFF[5], STAFF[7]] if self.kind is ScimServer else [])
        before = self.json("sources", "test", "people")["entries"]
        for name in gone:
            self.directory.delete(name)
        self.assert_runs_fail("max_shrink_percent", str(before), str(before - len(gone)), "20")
        self.run_once(code=FAILED)
        self.assert_gone()
        self.revokd("sources", "accept", "people", "--yes", code=DONE)
        self.run_once()
        self.assert_gone(*gone)

    def test_a_wrong_secret_is_tried_once_and_removes_nobody(self):
        self.directory.disable(LEFT)
        self.secret("policies/directory-password", "of somebody else")
        said = self.run_once(code=FAILED)
        self.assertRegex(said, "49|401")
        self.assert_gone()
        if self.kind is OpenLdap:
            failures = self.directory.operational(self.directory.reader, "pwdFailureTime")
            self.assertEqual(len(failures), 1, "logins that the directory refused")


class OpenLdapItself(InDirectory):
    kind, title = OpenLdap, "OpenLdap"

    def test_nobody_whom_wrong_passwords_locked_out_loses_anything(self):
        victim = self.directory.place(LEFT)
        for _ in range(3):
            self.assertEqual(self.directory.login(victim, "wrong"), 49)
        self.assertEqual(self.directory.login(victim, LEFT), 49, "the right password does not help any more")
        (since,) = self.directory.operational(victim, "pwdAccountLockedTime")
        self.assertNotEqual(since, "000001010000Z")
        self.assert_nothing_is_planned()
        self.run_once()
        self.assert_gone()
        self.roster()
        self.run_once()
        self.assert_gone()

    def test_accounts_that_end_by_a_day_or_by_a_word_of_their_own(self):
        for name, day in (LEFT, "18000"), (LEFT_LATER, "200000"):
            self.directory.change(
                self.directory.place(name), "changetype: modify", "add: objectClass", "objectClass: shadowAccount", "-",
                "add: shadowExpire", f"shadowExpire: {day}", "-", "add: employeeType", "employeeType: staff")
        self.run_once()
        self.assert_gone(LEFT)
        self.directory.change(
            self.directory.place("build-bot"), "changetype: modify", "add: employeeType", "employeeType: Former")
        text = self.directory.source() + 'gone = { attribute = "employeeType", is = ["former"] }\n'
        self.sources(text)
        self.run_once()
        self.assert_gone("build-bot")

    def test_less_than_the_whole_directory_removes_nobody(self):
        self.directory.disable(LEFT)
        self.secret("policies/narrow-password", os.environ["LDAP_NARROW_PASSWORD"])
        narrow = {"bind_dn": os.environ["LDAP_NARROW"], "password_file": "narrow-password"}
        whole = self.directory.base
        for what, changed, words in [
            ("a limit of size, all at once", narrow | {"page_size": 1000}, ["sizeLimitExceeded (4)", "only a part"]),
            ("a limit of size, in pages", narrow | {"page_size": 3}, ["sizeLimitExceeded (4)", "only a part"]),
            ("no such base", {"base": f"ou=nowhere,{whole}"}, ["noSuchObject (32)", "`base`"]),
            ("a base that is no DN", {"base": "people"}, ["invalidDNSyntax (34)"]),
            ("nobody may read anonymously", {"bind_dn": None, "password_file": None}, ["people", "search"]),
        ]:
            with self.subTest(what):
                self.sources(self.directory.source(**changed))
                self.assert_runs_fail(*words)
        self.sources(self.directory.source())
        self.run_once()
        self.assert_gone(LEFT)

    def test_a_directory_that_is_kept_elsewhere_in_part_removes_nobody(self):
        self.directory.disable(LEFT)
        branch = f"ou=abroad,{self.directory.base}"
        self.directory.add_entry(
            branch, "objectClass: referral", "objectClass: extensibleObject", "ou: abroad", f"ref: ldap://elsewhere.invalid/{branch}")
        self.assert_runs_fail("elsewhere.invalid", "`base`")

    def test_a_directory_that_hangs_up_removes_nobody(self):
        self.directory.disable(LEFT)
        # Bind and a first page fit into the larger one, all pages do not.
        for passed in 10, 700, 1500:
            with self.subTest(bytes_passed=passed):
                cut = LdapCut(ADDRESSES["LDAP_URL"], passed)
                self.addCleanup(cut.stop)
                self.sources(self.directory.source(url=cut.url))
                self.assert_runs_fail("closed the connection")

    def test_tls_is_checked(self):
        self.directory.disable(LEFT)
        ldaps, unnamed, plain = ADDRESSES["LDAPS_URL"], ADDRESSES["LDAPS_UNNAMED_URL"], ADDRESSES["LDAP_URL"]
        right, wrong = ADDRESSES["LDAP_CA"], ADDRESSES["OTHER_CA"]
        for what, changed, words in [
            ("the CA of somebody else", {"url": ldaps, "ca_file": wrong}, ["certificate", "`ca_file`"]),
            ("no CA at all", {"url": ldaps}, ["certificate", "`ca_file`"]),
            ("another host's certificate", {"url": unnamed, "ca_file": right}, ["certificate", "`url`"]),
            ("the CA of somebody else, by StartTLS", {"url": plain, "start_tls": True, "ca_file": wrong}, ["certificate", "`ca_file`"]),
        ]:
            with self.subTest(what):
                self.sources(self.directory.source(**changed))
                self.assert_runs_fail(*words)
        self.sources(self.directory.source(url=ldaps, ca_file=right))
        self.run_once()
        self.assert_gone(LEFT)
        self.directory.disable(LEFT_LATER)
        self.sources(self.directory.source(url=plain, start_tls=True, ca_file=right))
        self.run_once()
        self.assert_gone(LEFT_LATER)


class ScimServerItself(InDirectory):
    kind, title = ScimServer, "ScimServer"

    def test_less_than_the_whole_list_removes_nobody(self):
        self.directory.disable(LEFT)
        proxy = ScimProxy(ADDRESSES["SCIM_URL"])
        self.addCleanup(proxy.stop)
        self.sources(self.directory.source(url=proxy.url))
        for fault, words in [
            ("cut by the connection", ["no whole answer"]),
            ("cut by the server", ["cut off"]),
            ("more was promised", ["said 45 users and sent 40"]),
            ("half of each page", ["twice"]),
            ("same page again", ["twice"]),
            ("no total", ["totalResults"]),
            ("login page", ["login page", "Sign in"]),
        ]:
            with self.subTest(fault):
                proxy.fault = fault
                self.assert_runs_fail(*words)
        proxy.fault = None
        self.run_once()
        self.assert_gone(LEFT)

    def test_a_list_of_nobody_is_no_roster(self):
        proxy = ScimProxy(ADDRESSES["SCIM_URL"])
        self.addCleanup(proxy.stop)
        self.roster(url=proxy.url)
        proxy.fault = "nobody"
        self.assert_runs_fail("min_entries", "5")

    def test_a_filter_is_the_servers(self):
        self.directory.disable(LEFT)
        self.directory.disable(LEFT_LATER)
        self.sources(self.directory.source(filter=f'active eq false and userName eq "{LEFT}"'))
        self.assertEqual(self.json("sources", "test", "people")["entries"], 1)
        self.run_once()
        self.assert_gone(LEFT)
