//! Requests with an access key: signed rightly, for whom, and never again
//! after a wrong signature.

use futures::future::join_all;
use jiff::{SignedDuration, fmt::rfc2822};
use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{
    super::{
        api::Service,
        signing::{Signable, authorization},
    },
    setup::{ACCESS_KEY, Client, SECRET_KEY, access_key, cloud, config, failure, start},
};
use crate::{
    config::types::{HuaweiLogin, Named},
    model::FailureClass,
    providers::{
        calls::Operation,
        scripted::{Asked, Reply, Server, body, json, status},
    },
};

/// What a cloud says of the key's owner; the rest is not there.
fn owner(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/identity/v3/auth/domains" => {
            json(json!({"domains": [{"id": "d0", "name": "acct", "enabled": true}]})).into()
        }
        "/identity/v3/projects" => {
            assert_eq!(asked.query, "name=eu-de_sandbox");
            let project = json!({"id": "p0", "name": "eu-de_sandbox", "domain_id": "d0", "enabled": true});
            json(json!({"projects": [project]})).into()
        }
        "/identity/v3.0/OS-CREDENTIAL/credentials/EXAMPLEAKEXAMPLEAK00" => {
            json(json!({"credential": {"user_id": "u0", "access": ACCESS_KEY}})).into()
        }
        "/identity/v3.0/OS-USER/users/u0" => {
            let user = json!({"id": "u0", "name": "revoker", "domain_id": "d0", "enabled": true});
            json(json!({"user": user})).into()
        }
        _ => json(json!({})).into(),
    }
}

fn client(server: &Server, login: HuaweiLogin) -> Client {
    let mut config = config(server, login);
    config.endpoints.image = Some(server.url.join("image").unwrap());
    Client::with(&config)
}

/// Whether a request is signed as the documents want it.
fn is_signed(asked: &Asked, url: &Url) -> bool {
    let authorized = &asked.headers["authorization"];
    let names = authorized.split("SignedHeaders=").nth(1).unwrap();
    let names: Vec<&str> = names.split(',').next().unwrap().split(';').collect();
    assert_eq!(
        asked.headers["host"],
        format!("127.0.0.1:{}", url.port().unwrap())
    );
    let headers: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (*name, asked.headers[*name].as_str()))
        .collect();
    let request = Signable {
        method: &asked.method,
        path: &asked.path,
        query: &asked.query,
        headers: &headers,
        body: asked.body.as_bytes(),
    };
    let date = &asked.headers["x-sdk-date"];
    *authorized == authorization(&request, ACCESS_KEY, SECRET_KEY, date)
}

#[tokio::test]
async fn every_request_is_signed_for_the_project_or_the_account() {
    let server = cloud(owner).await;
    let client = client(&server, access_key(None));
    client.get(Service::Images, "/v2/cloudimages").await.unwrap();
    client.get(Service::Registry, "/v2/manage/a%24b").await.unwrap();
    client.get(Service::Identity, "/v3/users").await.unwrap();
    let caller = client.api.caller().await.unwrap();
    assert_eq!(
        (caller.user.as_str(), caller.user_name.as_str()),
        ("u0", "revoker")
    );
    assert_eq!((caller.project.as_str(), caller.account.as_str()), ("p0", "d0"));
    assert_eq!(
        (caller.project_name.as_str(), caller.account_name.as_str()),
        ("eu-de_sandbox", "acct")
    );

    let asked = server.asked.lock().unwrap();
    assert_eq!(asked.len(), 7, "who it is is asked once");
    for asked in asked.iter() {
        assert!(is_signed(asked, &server.url), "{asked:?}");
        assert_eq!(asked.headers["x-sdk-date"], "20260101T000000Z");
        assert!(!asked.headers.contains_key("x-auth-token"));
        assert!(!asked.headers.contains_key("x-security-token"));
        assert!(
            asked.headers["authorization"].contains("content-type;host;x-"),
            "{asked:?}"
        );
    }
    let scope = |name: &str| {
        let of = |asked: &Asked| asked.headers.get(name).cloned();
        asked.iter().skip(4).map(of).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(scope("x-project-id"), [some("p0"), some("p0"), None]);
    assert_eq!(scope("x-domain-id"), [None, None, some("d0")]);
}

#[tokio::test]
async fn a_temporary_key_shows_its_token_and_touches_no_permissions() {
    let server = cloud(owner).await;
    let client = client(&server, access_key(Some("temporary")));
    client.get(Service::Images, "/v2/cloudimages").await.unwrap();
    for (operation, method) in [
        (Operation::ListPermissions, Method::GET),
        (Operation::RemovePermissions, Method::DELETE),
    ] {
        let before = server.asked.lock().unwrap().len();
        let failure = failure(client.ask(operation, method, Service::Registry, "/x").await);
        assert_eq!(failure.class, FailureClass::Refused);
        assert!(failure.detail.contains("which user"), "{failure}");
        assert_eq!(server.asked.lock().unwrap().len(), before, "nothing is sent");
    }
    assert_eq!(client.api.caller().await.unwrap().user.as_str(), "");
    let asked = server.asked.lock().unwrap();
    for asked in asked.iter() {
        assert_eq!(asked.headers["x-security-token"], "temporary");
        assert!(is_signed(asked, &server.url), "{asked:?}");
    }
}

#[tokio::test]
async fn a_key_whose_owner_is_not_told_touches_no_permissions() {
    for code in [403, 404] {
        let server = cloud(move |asked| match asked.path.contains("CREDENTIAL") {
            true => status(code).into(),
            false => owner(asked),
        })
        .await;
        let client = client(&server, access_key(None));
        client.get(Service::Images, "/v2/cloudimages").await.unwrap();
        let permissions = client.ask(Operation::ListPermissions, Method::GET, Service::Registry, "/x");
        assert!(failure(permissions.await).detail.contains("which user"));
    }
}

#[tokio::test]
async fn a_wrong_signature_is_sent_once() {
    let server = cloud(|_| body(401, r#"{"error_code":"APIGW.0301","error_msg":"bad"}"#).into()).await;
    let client = client(&server, access_key(None));
    for _ in 0..2 {
        for result in join_all((0..20).map(|_| client.get(Service::Images, "/x"))).await {
            let failure = failure(result);
            assert_eq!(failure.class, FailureClass::Unauthenticated, "{failure}");
            assert!(!failure.detail.contains("clock"), "{failure}");
            assert!(!failure.detail.contains(SECRET_KEY), "{failure}");
        }
        client.pass(SignedDuration::from_mins(14));
    }
    assert_eq!(server.asked.lock().unwrap().len(), 1);
    client.pass(SignedDuration::from_mins(1));
    failure(client.get(Service::Images, "/x").await);
    assert_eq!(server.asked.lock().unwrap().len(), 2, "then it is tried again");
}

#[tokio::test]
async fn a_key_that_is_refused_in_the_middle_is_not_used_on() {
    let server = cloud(|asked| match asked.path.as_str() {
        "/image/bad" => status(401).into(),
        _ => owner(asked),
    })
    .await;
    let client = client(&server, access_key(None));
    client.get(Service::Images, "/x").await.unwrap();
    let before = server.asked.lock().unwrap().len();
    for path in ["/bad", "/bad", "/x"] {
        let failure = failure(client.get(Service::Images, path).await);
        assert_eq!(failure.class, FailureClass::Unauthenticated);
    }
    assert_eq!(server.asked.lock().unwrap().len(), before + 1);
    client.pass(SignedDuration::from_mins(15));
    client.get(Service::Images, "/x").await.unwrap();
}

#[tokio::test]
async fn a_locked_account_is_left_alone() {
    let server = cloud(|asked| match asked.path.as_str() {
        "/image/locked" => body(401, r#"{"error_code":"IAM.0061","error_msg":"locked"}"#).into(),
        _ => owner(asked),
    })
    .await;
    let client = client(&server, access_key(None));
    client.get(Service::Images, "/x").await.unwrap();
    let before = server.asked.lock().unwrap().len();
    for path in ["/locked", "/locked", "/x"] {
        let failure = failure(client.get(Service::Images, path).await);
        assert_eq!(failure.class, FailureClass::Unauthenticated);
    }
    assert_eq!(
        server.asked.lock().unwrap().len(),
        before + 1,
        "each try keeps it locked"
    );
    client.pass(SignedDuration::from_mins(15));
    client.get(Service::Images, "/x").await.unwrap();
}

#[tokio::test]
async fn a_wrong_clock_is_named() {
    for (minutes, words) in [
        (16, Some("the clock is 16 minutes off: behind")),
        (-16, Some("the clock is 16 minutes off: ahead of")),
        (14, None),
    ] {
        let date = start() + SignedDuration::from_mins(minutes);
        let date = rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&date)
            .unwrap();
        let server = cloud(move |_| status(401).header("date", &date).into()).await;
        let failure = failure(client(&server, access_key(None)).get(Service::Images, "/x").await);
        match words {
            Some(words) => assert!(failure.detail.contains(words), "{failure}"),
            None => assert!(!failure.detail.contains("clock"), "{failure}"),
        }
    }
}

#[tokio::test]
async fn nothing_is_done_while_the_clocks_disagree() {
    let date = start() - SignedDuration::from_mins(6);
    let date = rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&date)
        .unwrap();
    let server = cloud(move |asked| match owner(asked) {
        Reply::Answer(answer) => answer.header("date", &date).into(),
        other => other,
    })
    .await;
    let client = client(&server, access_key(None));
    let failure = failure(client.get(Service::Images, "/x").await);
    assert_eq!(failure.class, FailureClass::Unavailable);
    assert!(
        failure.detail.contains("clock differs from the cloud's by 6m"),
        "{failure}"
    );
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn exactly_one_project_and_account_must_be_found() {
    let project = |id: &str, account: &str| json!({"id": id, "name": "eu-de_sandbox", "domain_id": account, "enabled": true});
    for (projects, accounts, words) in [
        (
            json!([]),
            "acct",
            Some("has 0 of the project named \"eu-de_sandbox\""),
        ),
        (
            json!([project("p0", "d0"), project("p1", "d0")]),
            "acct",
            Some("has 2 of the project"),
        ),
        (json!([project("p0", "d1")]), "acct", Some("has 0 of the project")),
        (json!([project("p0", "d0"), project("p1", "d1")]), "acct", None),
        (
            json!([project("p0", "d0")]),
            "other",
            Some("has 0 of the account"),
        ),
    ] {
        let server = cloud(move |asked| match asked.path.as_str() {
            "/identity/v3/projects" => json(json!({"projects": projects})).into(),
            "/identity/v3/auth/domains" => {
                json(json!({"domains": [{"id": "d0", "name": accounts, "enabled": true}]})).into()
            }
            _ => owner(asked),
        })
        .await;
        let client = client(&server, access_key(None));
        let result = client.get(Service::Images, "/x").await;
        let Some(words) = words else {
            result.unwrap();
            continue;
        };
        let failure = failure(result);
        assert_eq!(failure.class, FailureClass::Refused);
        assert!(failure.detail.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn a_project_by_id_is_not_looked_up() {
    let server = cloud(owner).await;
    let HuaweiLogin::AccessKey {
        access_key,
        secret_key,
        ..
    } = access_key(None)
    else {
        panic!();
    };
    let login = HuaweiLogin::AccessKey {
        access_key,
        secret_key,
        security_token: None,
        project: Named::Id("p7".to_owned()),
    };
    let client = client(&server, login);
    assert_eq!(client.api.caller().await.unwrap().project.as_str(), "p7");
    assert!(!server.data_calls().iter().any(|line| line.ends_with("/projects")));
}
