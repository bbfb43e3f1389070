use super::*;
use crate::providers::openstack::wire::{KeystoneError, TokenResponse};

async fn status(harness: &Harness, auth: Value) -> u16 {
    harness.log_in(auth).await.status
}

fn credential(id: &str, secret: &str) -> Value {
    let credential = json!({"id": id, "secret": secret});
    json!({"identity": {"methods": ["application_credential"], "application_credential": credential}})
}

#[tokio::test]
async fn a_password_login_gives_a_token_with_its_project_and_the_catalogue() {
    let harness = Harness::start().await;
    let scope = json!({"name": "platform", "domain": {"name": "Default"}});
    let auth = Harness::with_password("revoker", &harness.login.password, Some(scope));
    let answer = harness.log_in(auth).await;
    assert_eq!(answer.status, 201);
    assert!(!answer.header("x-subject-token").is_empty());
    assert_eq!(
        answer.json()["token"]["expires_at"],
        "2026-11-21T13:00:00.000000Z"
    );
    let body: TokenResponse = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(body.token.project.unwrap().id, harness.login.project.as_str());
    assert_eq!(body.token.user.id, harness.login.user.as_str());
    let image = body
        .token
        .catalog
        .iter()
        .find(|service| service.kind == "image")
        .unwrap();
    let public = image.endpoints.iter().find(|endpoint| {
        endpoint.interface == "public" && endpoint.region_id.as_deref() == Some("RegionOne")
    });
    assert_eq!(public.unwrap().url, harness.cloud.image_url());
    assert_ne!(image.endpoints[0].region_id.as_deref(), Some("RegionOne"));
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_services_own_form() {
    let harness = Harness::start().await;
    let answer = harness
        .log_in(Harness::with_password("revoker", "wrong", None))
        .await;
    assert_eq!(answer.status, 401);
    let challenge = format!("Keystone uri=\"{}\"", harness.cloud.auth_url());
    assert_eq!(answer.header("www-authenticate"), challenge);
    let body: KeystoneError = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(body.error.code, 401);
    assert_eq!(body.error.title.as_deref(), Some("Unauthorized"));
}

#[tokio::test]
async fn whoever_may_not_log_in_gets_401() {
    let harness = Harness::start().await;
    let password = &harness.login.password;
    assert_eq!(
        status(&harness, Harness::with_password("nobody", "x", None)).await,
        401
    );
    let no_role = json!({ "id": harness.guest.as_str() });
    assert_eq!(
        status(
            &harness,
            Harness::with_password("revoker", password, Some(no_role))
        )
        .await,
        401
    );
    let unknown = json!({"id": "nope"});
    assert_eq!(
        status(
            &harness,
            Harness::with_password("revoker", password, Some(unknown))
        )
        .await,
        401
    );
    let other_domain = json!({"name": "platform", "domain": {"name": "elsewhere"}});
    assert_eq!(
        status(
            &harness,
            Harness::with_password("revoker", password, Some(other_domain))
        )
        .await,
        401
    );
    assert_eq!(
        status(&harness, json!({"identity": {"methods": ["magic"]}})).await,
        401
    );
}

#[tokio::test]
async fn an_application_credential_is_unknown_wrong_or_over_scoped() {
    let harness = Harness::start().await;
    let login = &harness.login;
    let id = login.credential.as_str();
    assert_eq!(
        status(&harness, credential(id, &login.credential_secret)).await,
        201
    );
    assert_eq!(status(&harness, credential("nope", "x")).await, 404);
    assert_eq!(status(&harness, credential(id, "wrong")).await, 401);
    let mut scoped = credential(id, &login.credential_secret);
    scoped["scope"] = json!({"project": {"id": login.project.as_str()}});
    assert_eq!(status(&harness, scoped).await, 401);
    let by_name = json!({
        "name": login.credential_name,
        "secret": login.credential_secret,
        "user": {"name": "revoker", "domain": {"id": "default"}},
    });
    let identity = json!({"methods": ["application_credential"], "application_credential": by_name});
    assert_eq!(status(&harness, json!({ "identity": identity })).await, 201);
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let user = harness.login.user.clone();
    harness.cloud.world().user_mut(user.as_str()).unwrap().enabled = false;
    let password = Harness::with_password("revoker", &harness.login.password, None);
    assert_eq!(status(&harness, password).await, 401);
    let credential = credential(
        harness.login.credential.as_str(),
        &harness.login.credential_secret,
    );
    assert_eq!(status(&harness, credential).await, 401);
    assert_eq!(harness.get(&token, "/v2/images").await.status, 401);
}

#[tokio::test]
async fn malformed_logins_get_400() {
    let harness = Harness::start().await;
    assert_eq!(status(&harness, json!({})).await, 400);
    assert_eq!(
        status(&harness, json!({"identity": {"methods": ["password"]}})).await,
        400
    );
}

#[tokio::test]
async fn a_token_dies_with_the_clock_and_its_offspring_with_it() {
    let harness = Harness::start().await;
    let first = harness.token_of("revoker").await;
    harness.pass(SignedDuration::from_mins(59));
    let rescope = json!({"identity": {"methods": ["token"], "token": {"id": first}}});
    let second = harness.log_in(rescope.clone()).await;
    assert_eq!(second.status, 201);
    assert_eq!(second.json()["token"]["methods"], json!(["password", "token"]));
    assert_eq!(
        second.json()["token"]["expires_at"],
        "2026-11-21T13:00:00.000000Z"
    );
    harness.pass(SignedDuration::from_mins(1));
    assert_eq!(harness.get(&first, "/v2/images").await.status, 401);
    assert_eq!(
        harness
            .get(second.header("x-subject-token"), "/v2/images")
            .await
            .status,
        401
    );
    assert_eq!(status(&harness, rescope).await, 404);
}

#[tokio::test]
async fn tokens_are_shown_and_revoked() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let url = format!("{}/auth/tokens", harness.cloud.auth_url());
    let ask = |method: &str, own: &str, subject: &str| {
        let request = harness.request(method, &url).header("x-auth-token", own);
        Harness::send(request.header("x-subject-token", subject))
    };
    assert_eq!(ask("GET", &token, &token).await.status, 200);
    assert_eq!(ask("GET", "nope", &token).await.status, 401);
    assert_eq!(ask("GET", &token, "nope").await.status, 404);
    assert_eq!(ask("PUT", &token, &token).await.status, 405);
    assert_eq!(ask("DELETE", &token, &token).await.status, 204);
    assert_eq!(ask("GET", &token, &token).await.status, 401);
}

#[tokio::test]
async fn the_version_is_told_to_anybody() {
    let harness = Harness::start().await;
    let answer = Harness::send(harness.request("GET", &harness.cloud.auth_url())).await;
    assert_eq!(answer.status, 200);
    let link = format!("{}/", harness.cloud.auth_url());
    assert_eq!(answer.json()["version"]["links"][0]["href"], link);
}

#[tokio::test]
async fn a_user_without_a_home_gets_a_token_that_opens_nothing() {
    let harness = Harness::start().await;
    let user = harness.login.user.clone();
    harness.cloud.world().user_mut(user.as_str()).unwrap().home = None;
    let answer = harness
        .log_in(Harness::with_password("revoker", &harness.login.password, None))
        .await;
    assert_eq!(answer.status, 201);
    assert!(answer.json()["token"].get("project").is_none());
    assert_eq!(
        harness
            .get(answer.header("x-subject-token"), "/v2/images")
            .await
            .status,
        403
    );
}
