"""The identity service, asked by the vendor's SDK."""
from datetime import datetime, timedelta, timezone

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkiam.v3 import (
    AuthScope, AuthScopeDomain, AuthScopeProject, CreateCredentialOption, CreatePermanentAccessKeyRequest,
    CreatePermanentAccessKeyRequestBody, IamClient, KeystoneCreateUserTokenByPasswordRequest,
    KeystoneCreateUserTokenByPasswordRequestBody, KeystoneListAuthDomainsRequest, KeystoneListAuthProjectsRequest,
    KeystoneListProjectsRequest, KeystoneListUsersRequest, KeystoneShowProjectRequest, ListPermanentAccessKeysRequest,
    PwdAuth, PwdIdentity, PwdPassword, PwdPasswordUser, PwdPasswordUserDomain, ShowUserRequest)
from huaweicloudsdkims.v2 import ImsClient, ListImagesRequest

import clouds
from cases import for_each


@for_each(clouds.HUAWEI, clouds.TELEKOM)
class Iam:
    def log_in(self, scope, password=None):
        user = PwdPasswordUser(domain=PwdPasswordUserDomain(name=self.cloud.account), name=self.cloud.user,
                               password=password or self.cloud.password)
        identity = PwdIdentity(methods=["password"], password=PwdPassword(user=user))
        body = KeystoneCreateUserTokenByPasswordRequestBody(auth=PwdAuth(identity=identity, scope=scope))
        return self.cloud.iam.keystone_create_user_token_by_password(KeystoneCreateUserTokenByPasswordRequest(body=body))

    def users(self, **filters):
        listed = self.cloud.iam.keystone_list_users(KeystoneListUsersRequest(**filters)).users
        return {user.id: user for user in listed}

    def test_a_password_gives_a_token_for_a_project(self):
        answer = self.log_in(AuthScope(project=AuthScopeProject(name=self.cloud.project_name)))
        self.assertTrue(answer.x_subject_token.startswith("MII"), "the token comes in a header")
        token = answer.token
        self.assertEqual((token.project.id, token.project.name), (self.cloud.project, self.cloud.project_name))
        self.assertIsNone(token.domain)
        self.assertEqual((token.user.id, token.user.name), (self.cloud.user_id, self.cloud.user))
        self.assertEqual(token.user.domain.name, self.cloud.account)
        self.assertEqual(token.methods, ["password"])
        ends = datetime.fromisoformat(token.expires_at) - datetime.now(timezone.utc)
        self.assertAlmostEqual(ends.total_seconds(), timedelta(hours=24).total_seconds(), delta=60)
        kinds = {service.type: service for service in token.catalog}
        here = [point.url for point in kinds["image"].endpoints if point.region == self.cloud.region]
        self.assertEqual(here, [self.cloud.root], "the image service comes without its version")
        self.assertEqual("swrv2" in kinds, not self.is_telekom, "one catalogue is silent about the registry")

    def test_a_password_gives_a_token_for_the_account(self):
        token = self.log_in(AuthScope(domain=AuthScopeDomain(name=self.cloud.account))).token
        self.assertEqual((token.domain.id, token.domain.name), (self.cloud.account_id, self.cloud.account))
        self.assertIsNone(token.project)

    def test_a_wrong_password_is_refused_with_the_code_that_the_sdk_reads(self):
        scope = AuthScope(project=AuthScopeProject(name=self.cloud.project_name))
        refusal = self.assert_refused(401, self.log_in, scope, "not-the-password")
        # Keystone's form has a number where the vendor's has a code.
        self.assertEqual(refusal.error_code, 401 if self.is_telekom else "IAM.0062")
        self.assertEqual(refusal.error_msg, "Incorrect password.")
        self.assertEqual(self.log_in(scope).token.user.name, self.cloud.user, "one mistake locks nobody out")

    def test_a_project_that_is_not_there_is_not_found(self):
        self.assert_refused(404, self.log_in, AuthScope(project=AuthScopeProject(name="nowhere")))

    def test_a_list_of_users_without_a_word_holds_the_enabled_ones_alone(self):
        usual, enabled, disabled = self.users(), self.users(enabled=True), self.users(enabled=False)
        self.assertEqual(set(usual), set(enabled))
        self.assertIn(self.cloud.user_id, enabled)
        self.assertTrue(all(user.enabled for user in enabled.values()))
        self.assertTrue(disabled, "the world has somebody who is disabled")
        self.assertTrue(all(user.enabled is False for user in disabled.values()))
        self.assertEqual(set(enabled) & set(disabled), set())

    def test_users_are_found_by_name(self):
        found = self.users(name=self.cloud.user, domain_id=self.cloud.account_id)
        self.assertEqual(set(found), {self.cloud.user_id})

    def test_a_user_tells_whether_it_is_the_owner_of_the_account(self):
        listed = self.users(enabled=True) | self.users(enabled=False)
        shown = {id: self.cloud.iam.show_user(ShowUserRequest(user_id=id)).user for id in listed}
        for id, user in shown.items():
            row = listed[id]
            self.assertEqual((user.id, user.name, user.enabled, user.domain_id), (row.id, row.name, row.enabled, row.domain_id))
        owners = [user.id for user in shown.values() if user.is_domain_owner]
        self.assertEqual(len(owners), 1)
        self.assertNotEqual(owners, [self.cloud.user_id])

    def test_a_login_is_remembered_in_the_documented_form(self):
        self.log_in(None)
        shown = self.cloud.iam.show_user(ShowUserRequest(user_id=self.cloud.user_id)).user
        self.assertRegex(shown.last_login_time, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d$")

    def test_an_unknown_user_is_not_found(self):
        nobody = clouds.somebody()
        refusal = self.assert_refused(404, self.cloud.iam.show_user, ShowUserRequest(user_id=nobody))
        self.assertEqual(refusal.error_code, 404 if self.is_telekom else "IAM.0004")
        self.assertIn(nobody, refusal.error_msg)

    def test_projects_are_listed_by_name_and_by_page(self):
        every = self.cloud.iam.keystone_list_projects(KeystoneListProjectsRequest()).projects
        names = {project.name: project.id for project in every}
        self.assertEqual(names[self.cloud.project_name], self.cloud.project)
        self.assertTrue(all(project.domain_id == self.cloud.account_id for project in every), "of this account alone")
        one = self.cloud.iam.keystone_list_projects(KeystoneListProjectsRequest(name=self.cloud.project_name)).projects
        self.assertEqual([project.id for project in one], [self.cloud.project])
        paged = []
        for page in range(1, len(every) + 1):
            paged += self.cloud.iam.keystone_list_projects(KeystoneListProjectsRequest(page=page, per_page=1)).projects
        self.assertEqual([project.id for project in paged], [project.id for project in every])
        shown = self.cloud.iam.keystone_show_project(KeystoneShowProjectRequest(project_id=self.cloud.project)).project
        self.assertEqual((shown.id, shown.name, shown.enabled), (self.cloud.project, self.cloud.project_name, True))

    def test_the_reachable_projects_and_the_own_account_are_told(self):
        reachable = self.cloud.iam.keystone_list_auth_projects(KeystoneListAuthProjectsRequest()).projects
        names = {project.name: project.id for project in reachable}
        self.assertEqual(names[self.cloud.project_name], self.cloud.project)
        self.assertIn(self.cloud.region, names)
        domains = self.cloud.iam.keystone_list_auth_domains(KeystoneListAuthDomainsRequest()).domains
        self.assertEqual([(domain.id, domain.name) for domain in domains], [(self.cloud.account_id, self.cloud.account)])

    def test_keys_are_made_and_listed_without_their_secret(self):
        asked = CreateCredentialOption(user_id=self.cloud.user_id)
        body = CreatePermanentAccessKeyRequestBody(credential=asked)
        made = self.cloud.iam.create_permanent_access_key(CreatePermanentAccessKeyRequest(body=body)).credential
        self.assertEqual((made.user_id, made.status), (self.cloud.user_id, "active"))
        listed = self.cloud.iam.list_permanent_access_keys(ListPermanentAccessKeysRequest(user_id=self.cloud.user_id))
        self.assertIn(made.access, {key.access for key in listed.credentials})
        client = self.cloud.client(IamClient, GlobalCredentials(made.access, made.secret))
        self.assertTrue(client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest()).projects)

    def test_the_sdk_finds_account_and_project_by_itself(self):
        account = GlobalCredentials(*self.cloud.new_keys())
        self.cloud.client(IamClient, account).keystone_list_users(KeystoneListUsersRequest())
        self.assertEqual(account.domain_id, self.cloud.account_id)
        project = BasicCredentials(*self.cloud.new_keys())
        listed = self.cloud.client(ImsClient, project).list_images(ListImagesRequest(limit=1))
        self.assertIsNotNone(listed.images)
        found = self.cloud.iam.keystone_show_project(KeystoneShowProjectRequest(project_id=project.project_id)).project
        self.assertEqual(found.name, self.cloud.region, "the project of the region's name")

    def test_a_wrong_secret_is_refused_by_the_gateway(self):
        access, _ = self.cloud.new_keys()
        client = self.cloud.client(ImsClient, BasicCredentials(access, "not-the-secret", self.cloud.project))
        refusal = self.assert_refused(401, client.list_images, ListImagesRequest())
        self.assertEqual(refusal.error_code, "APIGW.0301")
        self.assertTrue(refusal.request_id)

    def test_a_key_that_nobody_has_finds_no_project(self):
        with self.assertRaises(SdkException) as caught:
            self.cloud.client(ImsClient, BasicCredentials("NOBODYSKEY0000000000", "secret"))
        self.assertIn("APIGW.0301", str(caught.exception))
