"""The registry, asked by the vendor's SDK: namespaces, repositories, permissions, shares with accounts."""
import secrets
from datetime import datetime, timedelta, timezone

from huaweicloudsdkiam.v3 import KeystoneListUsersRequest
from huaweicloudsdkswr.v2 import (
    CreateNamespaceAuthRequest, CreateNamespaceRequest, CreateNamespaceRequestBody, CreateRepoDomainsRequest,
    CreateRepoDomainsRequestBody, CreateRepoRequest, CreateRepoRequestBody, CreateUserRepositoryAuthRequest,
    DeleteNamespaceAuthRequest, DeleteNamespacesRequest, DeleteRepoDomainsRequest, DeleteRepoRequest,
    DeleteUserRepositoryAuthRequest, ListNamespacesRequest, ListRepoDomainsRequest, ListReposDetailsRequest,
    ListSharedReposDetailsRequest, ShowNamespaceAuthRequest, ShowNamespaceRequest, ShowRepositoryRequest,
    ShowUserRepositoryAuthRequest, UpdateUserRepositoryAuthRequest, UserAuth)

import clouds
from cases import for_each

MANAGE, WRITE, READ = 7, 3, 1
DEEP = "team/sub/api"
# As the documents want it in a path.
DEEP_IN_PATH = DEEP.replace("/", "$")


def levels(others):
    """A list of permissions, by user."""
    return {row.user_id: row.auth for row in others or []}


@for_each(clouds.HUAWEI, clouds.TELEKOM)
class Swr:
    """Every test has a namespace of its own."""

    def setUp(self):
        self.swr = self.cloud.swr
        self.namespace = f"suite-{secrets.token_hex(4)}"
        self.swr.create_namespace(CreateNamespaceRequest(body=CreateNamespaceRequestBody(namespace=self.namespace)))

    def people(self, count):
        """So many users of the account, beside the one who asks."""
        listed = self.cloud.iam.keystone_list_users(KeystoneListUsersRequest()).users
        others = [user for user in listed if user.id != self.cloud.user_id]
        self.assertGreaterEqual(len(others), count)
        return others[:count]

    def repository(self, name):
        body = CreateRepoRequestBody(repository=name, is_public=False)
        self.swr.create_repo(CreateRepoRequest(namespace=self.namespace, body=body))

    def names(self, **filters):
        listed = self.swr.list_repos_details(ListReposDetailsRequest(namespace=self.namespace, **filters))
        # Of an empty page the vendor's client makes nothing at all.
        return [row.name for row in listed.body or []], listed.content_range

    def access(self, repository):
        return self.swr.show_user_repository_auth(ShowUserRepositoryAuthRequest(self.namespace, repository))

    def grant(self, repository, user, level):
        row = UserAuth(user_id=user.id, user_name=user.name, auth=level)
        self.swr.create_user_repository_auth(CreateUserRepositoryAuthRequest(self.namespace, repository, [row]))

    def revoke(self, repository, *users):
        ids = [user.id for user in users]
        return self.swr.delete_user_repository_auth(DeleteUserRepositoryAuthRequest(self.namespace, repository, ids))

    def namespace_levels(self):
        shown = self.swr.show_namespace_auth(ShowNamespaceAuthRequest(self.namespace))
        return {user: level for user, level in levels(shown.others_auths).items() if user != self.cloud.user_id}

    def repository_levels(self, repository):
        shown = levels(self.access(repository).others_auths)
        return {user: level for user, level in shown.items() if user != self.cloud.user_id}

    def share(self, repository, account, deadline):
        body = CreateRepoDomainsRequestBody(access_domain=account, permit="read", deadline=deadline, description="of the suite")
        self.swr.create_repo_domains(CreateRepoDomainsRequest(self.namespace, repository, body))

    def shares(self, repository):
        return self.swr.list_repo_domains(ListRepoDomainsRequest(self.namespace, repository)).body

    # --- namespaces

    def test_namespaces_are_listed_with_the_callers_own_level(self):
        listed = {row.name: row.auth for row in self.swr.list_namespaces(ListNamespacesRequest()).namespaces}
        self.assertEqual(listed[self.namespace], MANAGE)
        (one,) = self.swr.list_namespaces(ListNamespacesRequest(namespace=self.namespace)).namespaces
        self.assertEqual((one.name, one.creator_name), (self.namespace, self.cloud.user))
        shown = self.swr.show_namespace(ShowNamespaceRequest(namespace=self.namespace))
        self.assertEqual((shown.id, shown.name), (one.id, self.namespace))

    def test_a_namespace_that_is_deleted_is_not_found(self):
        self.swr.delete_namespaces(DeleteNamespacesRequest(namespace=self.namespace))
        self.assertEqual(self.swr.list_namespaces(ListNamespacesRequest(namespace=self.namespace)).namespaces or [], [])
        self.assert_registry_refused(404, "SVCSTG.SWR.4040058", self.swr.show_namespace_auth, ShowNamespaceAuthRequest(self.namespace))

    def test_permissions_on_a_namespace_are_given_shown_and_taken_away(self):
        one, two = self.people(2)
        rows = [UserAuth(user_id=one.id, user_name=one.name, auth=WRITE), UserAuth(user_id=two.id, user_name=two.name, auth=READ)]
        self.swr.create_namespace_auth(CreateNamespaceAuthRequest(self.namespace, rows))
        shown = self.swr.show_namespace_auth(ShowNamespaceAuthRequest(self.namespace))
        self.assertEqual((shown.name, shown.self_auth.user_id, shown.self_auth.auth), (self.namespace, self.cloud.user_id, MANAGE))
        self.assertEqual(self.namespace_levels(), {one.id: WRITE, two.id: READ})
        self.swr.delete_namespace_auth(DeleteNamespaceAuthRequest(self.namespace, [one.id]))
        self.assertEqual(self.namespace_levels(), {two.id: READ})
        self.assert_registry_refused(404, "SVCSTG.SWR.4040078", self.swr.delete_namespace_auth,
                                     DeleteNamespaceAuthRequest(self.namespace, [one.id]))
        self.assertEqual(self.namespace_levels(), {two.id: READ})

    # --- repositories

    def test_repositories_are_listed_through_every_page(self):
        wanted = sorted([f"service-{n}" for n in range(6)] + [DEEP])
        for name in wanted:
            self.repository(name)
        found, offset = [], 0
        while True:
            names, content_range = self.names(limit="3", offset=str(offset), order_column="name", order_type="asc")
            self.assertEqual(content_range, f"{offset}-{len(names)}/{len(wanted)}")
            found += names
            if not names:
                break
            offset += len(names)
        self.assertEqual(found, wanted)
        self.assertEqual(sorted(self.names()[0]), wanted, "all on one page")
        self.assertEqual(self.names(name=DEEP_IN_PATH)[0], [DEEP])

    def test_a_page_of_too_many_rows_is_refused(self):
        self.assert_registry_refused(400, "SVCSTG.SWR.4000056", lambda: self.names(limit="1001", offset="0"))

    def test_a_repository_tells_of_itself(self):
        self.repository(DEEP)
        (row,) = self.swr.list_repos_details(ListReposDetailsRequest(namespace=self.namespace)).body
        self.assertEqual((row.name, row.namespace, row.domain_name, row.is_public), (DEEP, self.namespace, self.cloud.account, False))
        self.assertEqual(row.total_range, 1)
        self.assertRegex(row.created_at, r"\.\d{9}Z$")
        shown = self.swr.show_repository(ShowRepositoryRequest(self.namespace, DEEP_IN_PATH))
        self.assertEqual((shown.name, shown.is_public, shown.creator_id), (DEEP, False, self.cloud.user_id))
        self.swr.delete_repo(DeleteRepoRequest(self.namespace, DEEP_IN_PATH))
        self.assertEqual(self.names()[0], [])

    # --- permissions of users

    def test_permissions_on_a_repository_with_slashes_are_given_shown_changed_and_taken_away(self):
        one, two = self.people(2)
        self.repository(DEEP)
        self.repository("team")
        for repository in DEEP_IN_PATH, "team":
            self.grant(repository, one, WRITE)
            self.grant(repository, two, READ)
        self.assertEqual(self.access(DEEP_IN_PATH).name, DEEP, "an answer has the name as it is")
        self.assertEqual(self.repository_levels(DEEP_IN_PATH), {one.id: WRITE, two.id: READ})
        row = UserAuth(user_id=two.id, user_name=two.name, auth=MANAGE)
        self.swr.update_user_repository_auth(UpdateUserRepositoryAuthRequest(self.namespace, DEEP_IN_PATH, [row]))
        self.revoke(DEEP_IN_PATH, one)
        self.assertEqual(self.repository_levels(DEEP_IN_PATH), {two.id: MANAGE})
        self.assertEqual(self.repository_levels("team"), {one.id: WRITE, two.id: READ}, "another repository is left alone")

    def test_several_users_lose_their_permission_by_one_call(self):
        people = self.people(3)
        self.repository("api")
        for user in people:
            self.grant("api", user, READ)
        self.revoke("api", *people[:2])
        self.assertEqual(self.repository_levels("api"), {people[2].id: READ})

    def test_a_permission_that_is_not_there_is_not_found(self):
        one, two = self.people(2)
        self.repository(DEEP)
        self.grant(DEEP_IN_PATH, one, READ)
        self.assert_registry_refused(404, "SVCSTG.SWR.4040091", self.revoke, DEEP_IN_PATH, two)
        self.assertEqual(self.repository_levels(DEEP_IN_PATH), {one.id: READ})

    def test_a_repository_that_is_not_there_is_not_found(self):
        (one,) = self.people(1)
        self.assert_registry_refused(404, "SVCSTG.SWR.4040010", self.revoke, "nothing", one)

    def test_a_raw_slash_is_no_url_and_changes_nothing(self):
        (one,) = self.people(1)
        self.repository(DEEP)
        self.grant(DEEP_IN_PATH, one, WRITE)
        self.assert_registry_refused(404, "SVCSTG.SWR.4040083", self.revoke, DEEP, one)
        self.assert_registry_refused(404, "SVCSTG.SWR.4040083", self.access, DEEP)
        self.assertEqual(self.repository_levels(DEEP_IN_PATH), {one.id: WRITE})

    def test_nobody_is_named_by_an_empty_list(self):
        (one,) = self.people(1)
        self.repository("api")
        self.grant("api", one, WRITE)
        with self.assertRaises(clouds.ClientRequestException):
            self.revoke("api")
        self.assertEqual(self.repository_levels("api"), {one.id: WRITE})

    # --- shares with accounts

    def test_a_repository_is_shared_with_accounts_until_a_day_or_forever(self):
        self.repository(DEEP)
        self.repository("unshared")
        now = datetime.now(timezone.utc)
        days = {name: (now + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z") for name, days in (("soon", 9), ("over", -9))}
        self.share(DEEP_IN_PATH, "partner-soon", days["soon"])
        self.share(DEEP_IN_PATH, "partner-over", days["over"])
        self.share(DEEP_IN_PATH, "partner-ever", "forever")
        rows = {row.access_domain: row for row in self.shares(DEEP_IN_PATH)}
        self.assertEqual(set(rows), {"partner-soon", "partner-over", "partner-ever"})
        self.assertEqual({name: row.status for name, row in rows.items()},
                         {"partner-soon": True, "partner-over": False, "partner-ever": True})
        self.assertEqual(rows["partner-ever"].deadline, "forever")
        self.assertEqual(rows["partner-over"].deadline[:10], days["over"][:10])
        self.assertEqual({(row.namespace, row.repository, row.permit) for row in rows.values()}, {(self.namespace, DEEP, "read")})
        shared = self.swr.list_shared_repos_details(ListSharedReposDetailsRequest(center="self", namespace=self.namespace)).body
        self.assertEqual([row.name for row in shared], [DEEP])

        self.swr.delete_repo_domains(DeleteRepoDomainsRequest(self.namespace, DEEP_IN_PATH, "partner-over"))
        self.assertEqual({row.access_domain for row in self.shares(DEEP_IN_PATH)}, {"partner-soon", "partner-ever"})

    def test_a_share_that_is_not_there_is_refused_with_the_code_of_a_missing_target(self):
        self.repository("api")
        self.share("api", "partner", "forever")
        request = DeleteRepoDomainsRequest(self.namespace, "api", "stranger")
        refusal = self.assert_refused(400, self.swr.delete_repo_domains, request)
        self.assertIn("SVCSTG.SWR.4001090", refusal.error_code + refusal.error_msg)
        self.assertEqual([row.access_domain for row in self.shares("api")], ["partner"])
