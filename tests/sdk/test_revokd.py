"""revokd itself, with the vendor's clients as the witness: what its policies decided is gone (G4), and everything else of
the whole cloud is as it was (G1)."""
import json

from huaweicloudsdkiam.v3 import KeystoneListUsersRequest
from huaweicloudsdkims.v2 import GlanceListImageMembersRequest, ListImagesRequest
from huaweicloudsdkswr.v2 import (
    ListNamespacesRequest, ListRepoDomainsRequest, ListReposDetailsRequest, ShowNamespaceAuthRequest,
    ShowUserRepositoryAuthRequest)

import clouds
from cases import for_each

# revokd's exit codes.
DONE, HELD = 0, 4


def registry(cloud):
    """Everything in the registry that could be taken away: (kind, resource, subject) to what it says."""
    seen = {}
    for namespace in cloud.swr.list_namespaces(ListNamespacesRequest()).namespaces:
        name = namespace.name
        shown = cloud.swr.show_namespace_auth(ShowNamespaceAuthRequest(name))
        seen |= {("namespace-permission", name, row.user_id): row.auth for row in shown.others_auths or []}
        for repository in cloud.swr.list_repos_details(ListReposDetailsRequest(namespace=name, limit="1000", offset="0")).body or []:
            resource, in_path = f"{name}/{repository.name}", repository.name.replace("/", "$")
            shown = cloud.swr.show_user_repository_auth(ShowUserRepositoryAuthRequest(name, in_path))
            seen |= {("repository-permission", resource, row.user_id): row.auth for row in shown.others_auths or []}
            shares = cloud.swr.list_repo_domains(ListRepoDomainsRequest(name, in_path)).body
            seen |= {("repository-share", resource, row.access_domain): (row.deadline, row.created) for row in shares or []}
    return seen


def images(cloud):
    """The same of the images of the project and their shares."""
    seen, marker = {}, None
    while page := cloud.ims.list_images(ListImagesRequest(owner=cloud.project, marker=marker)).images:
        marker = page[-1].id
        for image in page:
            seen["image", image.id, None] = (image.name, image.status, image.protected, image.created_at)
            if image.visibility == "shared":
                members = cloud.ims.glance_list_image_members(GlanceListImageMembersRequest(image_id=image.id)).members
                seen |= {("image-share", image.id, row.member_id): (row.status, row.created_at) for row in members}
    return seen


def native_images(cloud):
    """Images and shares as openstacksdk sees them."""
    native, seen = cloud.connection.image, {}
    for hidden in False, True:
        for image in native.images(owner=cloud.connection.current_project_id, limit=1000, os_hidden=hidden):
            seen["image", image.id, None] = (image.name, image.status, image.is_protected, image.created_at)
            if image.visibility == "shared":
                seen |= {("image-share", image.id, row.member_id): (row.status, row.created_at) for row in native.members(image)}
    return seen


class Removal:
    """Each test has a cloud of its own, just started."""

    @classmethod
    def setUpClass(cls):
        pass

    def start(self, kind, *arguments):
        cloud = kind(*arguments)
        self.addCleanup(cloud.stop)
        return cloud

    def decided(self, cloud):
        """What the policies want gone now: those that do not only observe, ask or wait first."""
        planned = cloud.revokd("plan", "--output", "json")
        self.assertEqual(planned.returncode, DONE, planned.stderr)
        plan = json.loads(planned.stdout)
        # A value that means nothing spares what it belongs to; nothing else may be out of sight.
        self.assertEqual([gap for gap in plan["gaps"] if gap["scope"] != "value"], [], "all of the cloud can be seen")
        removing = {policy["name"] for policy in plan["policies"] if self.removes(policy)}
        rows = [row for row in plan["revocations"] if row["policy"] in removing]
        return {(row["kind"], row["resource"], row.get("subject")) for row in rows}

    @staticmethod
    def removes(policy):
        return policy["mode"] == "enforce" and not policy["brake"] and not policy["grace"]

    def assert_exactly_gone(self, before, after, decided):
        self.assertLessEqual(decided, set(before), "the plan names only what the client sees too")
        # With an image go its shares.
        deleted = {resource for kind, resource, _ in decided if kind == "image"}
        gone = {key for key in before if key in decided or (key[0] == "image-share" and key[1] in deleted)}
        self.assertEqual({key for key in gone if key in after}, set(), "G4: what was decided is gone")
        self.assertEqual(after, {key: said for key, said in before.items() if key not in gone}, "G1: nothing else is")

    def run_once(self, cloud, code):
        ran = cloud.revokd("run", "--once")
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        self.assertNotIn(cloud.password, ran.stdout + ran.stderr)
        audit = cloud.revokd("audit", "verify")
        self.assertEqual(audit.returncode, DONE, audit.stdout + audit.stderr)


@for_each(clouds.HUAWEI, clouds.TELEKOM)
class RemovalOnHuawei(Removal):
    def test_what_the_policies_decided_is_gone_and_nothing_else(self):
        cloud = self.start(clouds.Huawei, self.flavour, "removal")
        look = lambda: registry(cloud) | images(cloud)
        before, decided = look(), self.decided(cloud)
        self.assertEqual(look(), before, "a plan changes nothing")
        kinds = {kind for kind, _, _ in decided}
        for kind in "repository-permission", "namespace-permission", "repository-share", "image-share", "image":
            self.assertIn(kind, kinds, "the world has something for every kind")
        self.assertLess(len(decided), len(before))
        self.run_once(cloud, DONE)
        after = look()
        self.assert_exactly_gone(before, after, decided)
        self.assert_no_leaver_is_left(cloud, after)
        self.run_once(cloud, DONE)
        self.assertEqual(look(), after, "a second run finds nothing more")

    def test_an_access_key_sees_and_removes_what_a_password_does(self):
        cloud = self.start(clouds.Huawei, self.flavour, "signing")
        look = lambda: registry(cloud) | images(cloud)
        before, decided = look(), self.decided(cloud)
        cloud.sign_as_revokd()
        self.assertEqual(self.decided(cloud), decided)
        self.run_once(cloud, DONE)
        self.assert_exactly_gone(before, look(), decided)

    def assert_no_leaver_is_left(self, cloud, after):
        """The policy on leavers, worked out without a word of revokd's."""
        alive = {user.id for user in cloud.iam.keystone_list_users(KeystoneListUsersRequest(enabled=True)).users}
        holders = {subject for kind, _, subject in after if kind.endswith("-permission")}
        self.assertLessEqual(holders, alive, "whoever still holds a permission is an enabled user")


@for_each(clouds.OPENSTACK)
class RemovalOnOpenStack(Removal):
    def test_what_the_policies_decided_is_gone_and_nothing_else(self):
        cloud = self.start(clouds.OpenStack, "removal")
        before, decided = native_images(cloud), self.decided(cloud)
        self.assertEqual({kind for kind, _, _ in decided}, {"image-share", "image"})
        # Some of its policies ask a person first.
        self.run_once(cloud, HELD)
        after = native_images(cloud)
        self.assert_exactly_gone(before, after, decided)
        self.run_once(cloud, HELD)
        self.assertEqual(native_images(cloud), after, "a second run finds nothing more")
