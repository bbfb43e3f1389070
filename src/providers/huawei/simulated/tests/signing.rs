//! Requests that are signed instead of carrying a token.

use axum::http::HeaderMap as SignedHeaders;

use super::*;
use crate::{
    providers::huawei::simulated::signature::{body_hash, canonical_request, signature},
    simulator::AccessKey,
};

/// A request as its client would sign it.
struct Signed<'a> {
    key: &'a AccessKey,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    body: &'a str,
    date: &'a str,
    more: Vec<(&'static str, String)>,
}

impl<'a> Signed<'a> {
    fn get(key: &'a AccessKey, path: &'a str) -> Signed<'a> {
        Signed {
            key,
            method: "GET",
            path,
            query: "",
            body: "",
            date: "20261121T120000Z",
            more: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Signed<'a> {
        self.more.push((name, value.to_string()));
        self
    }

    async fn send(self, harness: &Harness) -> Answer {
        let host = harness.cloud.image_url().replace("http://", "");
        let mut headers = SignedHeaders::new();
        headers.insert("host", host.parse().unwrap());
        headers.insert("x-sdk-date", self.date.parse().unwrap());
        for (name, value) in &self.more {
            headers.insert(*name, value.parse().unwrap());
        }
        let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
        names.sort();
        let hash = body_hash(self.body.as_bytes());
        let canonical = canonical_request(self.method, self.path, self.query, &headers, &names, &hash);
        let signature = signature(&self.key.secret_key, self.date, &canonical);
        let authorization = format!(
            "SDK-HMAC-SHA256 Access={}, SignedHeaders={}, Signature={signature}",
            self.key.access_key,
            names.join(";")
        );
        let target = format!("{}?{}", self.path, self.query);
        let request = harness.request(self.method, target.trim_end_matches('?'));
        let request = request.headers(headers).header("authorization", authorization);
        Harness::send(request.body(self.body.to_string())).await
    }
}

async fn harness_with_a_key() -> (Harness, AccessKey) {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let key = harness.cloud.world().add_access_key(&harness.revoker, noon());
    (harness, key)
}

fn refusal(answer: &Answer) -> String {
    assert_eq!(
        (answer.status, &answer.json()["error_code"]),
        (401, &json!("APIGW.0301"))
    );
    answer.json()["error_msg"].as_str().unwrap().to_string()
}

#[tokio::test]
async fn a_signed_request_acts_as_the_project_or_the_account() {
    let (harness, key) = harness_with_a_key().await;
    let users = Signed::get(&key, "/v3/users").with("x-domain-id", harness.account.as_str());
    assert_eq!(users.send(&harness).await.status, 200);
    let mut projects = Signed::get(&key, "/v3/projects");
    projects.query = "name=eu-de_sandbox";
    assert_eq!(
        projects.send(&harness).await.json()["projects"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let images = || Signed::get(&key, "/v2/cloudimages");
    let project = harness.project.as_str();
    assert_eq!(
        images().with("x-project-id", project).send(&harness).await.status,
        200
    );
    let elsewhere = images().with("x-project-id", "another").send(&harness).await;
    assert_eq!(elsewhere.json()["error_code"], "APIGW.0310");
    let other_account = images().with("x-domain-id", "default").send(&harness).await;
    assert_eq!(
        (other_account.status, &other_account.json()["error_code"]),
        (403, &json!("APIGW.0302"))
    );
}

#[tokio::test]
async fn without_a_project_it_is_the_one_of_the_region() {
    let (harness, key) = harness_with_a_key().await;
    assert_eq!(
        Signed::get(&key, "/v2/cloudimages").send(&harness).await.status,
        403
    );
    {
        let mut world = harness.cloud.world();
        let project = world.add_project_in(&harness.account, "eu-west-101");
        let roles = &mut world.user_mut(harness.revoker.as_str()).unwrap().roles;
        roles.insert(project, Role::Member);
    }
    assert_eq!(
        Signed::get(&key, "/v2/cloudimages").send(&harness).await.status,
        200
    );
}

#[tokio::test]
async fn the_body_is_part_of_what_is_signed() {
    let (harness, key) = harness_with_a_key().await;
    let signed = |body| Signed {
        method: "DELETE",
        body,
        ..Signed::get(&key, "/v1/cloudimages/members").with("x-project-id", harness.project.as_str())
    };
    let answer = signed(r#"{"images":["i"],"projects":["p"]}"#)
        .send(&harness)
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (400, &json!("IMG.0066"))
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_so() {
    let (harness, key) = harness_with_a_key().await;
    for (date, good) in [
        ("20261121T121500Z", true),
        ("20261121T114500Z", true),
        ("20261121T114459Z", false),
        ("20261121T121600Z", false),
    ] {
        let mut request = Signed::get(&key, "/v3/users");
        request.date = date;
        let answer = request.send(&harness).await;
        assert!(if good {
            answer.status == 200
        } else {
            refusal(&answer).contains("15 minutes")
        });
    }
}

#[tokio::test]
async fn five_bad_signatures_lock_the_key_for_five_minutes() {
    let (harness, key) = harness_with_a_key().await;
    let mut wrong = key.clone();
    wrong.secret_key = "wrong".to_string();
    for _ in 0..5 {
        assert!(refusal(&Signed::get(&wrong, "/v3/users").send(&harness).await).contains("signature"));
    }
    assert!(refusal(&Signed::get(&key, "/v3/users").send(&harness).await).contains("limit"));
    harness.pass(SignedDuration::from_mins(5));
    assert_eq!(Signed::get(&key, "/v3/users").send(&harness).await.status, 200);
}

#[tokio::test]
async fn temporary_keys_need_their_living_security_token() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let until = noon() + SignedDuration::from_mins(10);
    let key = harness
        .cloud
        .world()
        .add_temporary_access_key(&harness.revoker, noon(), until);
    let token = key.security_token.as_ref().unwrap().text.clone();
    let bare = Signed::get(&key, "/v3/users").send(&harness).await;
    assert!(refusal(&bare).contains("security token"));
    let whole = || Signed::get(&key, "/v3/users").with("x-security-token", &token);
    assert_eq!(whole().send(&harness).await.status, 200);
    harness.pass(SignedDuration::from_mins(10));
    assert!(refusal(&whole().send(&harness).await).contains("expired"));
}

#[tokio::test]
async fn keys_that_are_unknown_disabled_or_of_a_disabled_user_do_nothing() {
    let (harness, key) = harness_with_a_key().await;
    let mut unknown = key.clone();
    unknown.access_key = "UNKNOWN".to_string();
    refusal(&Signed::get(&unknown, "/v3/users").send(&harness).await);
    let revoker = harness.revoker.as_str();
    harness.cloud.world().user_mut(revoker).unwrap().enabled = false;
    let of_disabled = Signed::get(&key, "/v3/users").send(&harness).await;
    assert_eq!(
        (of_disabled.status, &of_disabled.json()["error_code"]),
        (403, &json!("IAM.0080"))
    );
    harness.cloud.world().user_mut(revoker).unwrap().enabled = true;
    harness
        .cloud
        .world()
        .access_key_mut(&key.access_key)
        .unwrap()
        .enabled = false;
    assert!(refusal(&Signed::get(&key, "/v3/users").send(&harness).await).contains("not active"));
}
