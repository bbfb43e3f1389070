//! Tokens: one login for all, one renewal per expiry, none after a refusal.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::setup::{Client, PASSWORD, config};
use crate::{
    config::types::{Auth, Named, Provider},
    model::FailureClass,
    providers::scripted::{Reply, Server, body, json, logged_in, no_images, status, token_body},
};

fn list_answer() -> Reply {
    no_images()
}

#[tokio::test]
async fn concurrent_calls_share_one_login() {
    let server = Server::start(|_| list_answer()).await;
    let client = Client::of(&server);
    let probes = join_all((0..50).map(|_| client.cloud.reader.probe())).await;
    assert!(probes.iter().all(Result::is_ok));
    assert_eq!(server.logins(), 1);
    let caller = client.cloud.reader.caller().await.unwrap();
    assert_eq!((caller.user.as_str(), caller.project.as_str()), ("u1", "p1"));
}

#[tokio::test]
async fn one_login_renews_the_token_of_fifty_calls() {
    let server = Server::start(|asked| match asked.token() {
        "token-1" => status(401).into(),
        _ => list_answer(),
    })
    .await;
    let client = Client::of(&server);
    let probes = join_all((0..50).map(|_| client.cloud.reader.probe())).await;
    assert!(probes.iter().all(Result::is_ok));
    assert_eq!(server.logins(), 2);
}

#[tokio::test]
async fn a_second_401_is_final_and_remembered() {
    let server = Server::start(|_| body(401, r#"{"error":{"code":401,"message":"No."}}"#).into()).await;
    let client = Client::of(&server);
    let probes = join_all((0..10).map(|_| client.cloud.reader.probe())).await;
    for probe in probes {
        assert_eq!(probe.unwrap_err().class, FailureClass::Unauthenticated);
    }
    let failure = client.cloud.reader.probe().await.unwrap_err();
    assert_eq!(
        server.logins(),
        2,
        "a token that never worked is not renewed over and over"
    );
    assert!(failure.detail.contains("401 Unauthorized: No."), "{failure}");

    client.pass(SignedDuration::from_mins(1));
    client.cloud.reader.probe().await.unwrap_err();
    assert_eq!(server.logins(), 4);
}

#[tokio::test]
async fn a_call_that_alone_is_refused_does_not_end_the_session() {
    let server = Server::start(|asked| match asked.path.contains("bad") {
        true => status(401).into(),
        false => list_answer(),
    })
    .await;
    let client = Client::of(&server);
    client.cloud.reader.probe().await.unwrap();
    let target = crate::model::Target::image("lab".into(), "bad".into());
    let batch = crate::model::Batch::of_one(&target);
    let outcome = client.cloud.revoker.revoke(&batch);
    let (outcome, _) = futures::join!(outcome, client.cloud.reader.probe());
    assert!(matches!(outcome, crate::model::Outcome::Failed(f) if f.class == FailureClass::Unauthenticated));
    assert_eq!(
        server
            .data_calls()
            .iter()
            .filter(|line| line.starts_with("DELETE"))
            .count(),
        2
    );
}

#[tokio::test]
async fn a_wrong_password_is_sent_once() {
    for code in [400, 401, 403, 404] {
        let server = Server::start_bare(move |asked, _| {
            let echo = format!("{{\"error\":{{\"code\":{code},\"message\":\"bad login {PASSWORD}\"}}}}");
            assert!(asked.body.contains(PASSWORD));
            body(code, echo).into()
        })
        .await;
        let client = Client::of(&server);
        let probes = join_all((0..20).map(|_| client.cloud.reader.probe())).await;
        for probe in probes {
            let failure = probe.unwrap_err();
            assert_eq!(failure.class, FailureClass::Unauthenticated, "{code}");
            assert!(!failure.detail.contains(PASSWORD), "{failure}");
            assert!(
                failure
                    .detail
                    .contains("logging in: POST /identity/v3/auth/tokens"),
                "{failure}"
            );
        }
        assert_eq!(server.asked.lock().unwrap().len(), 1);

        client.pass(SignedDuration::from_mins(14));
        let failure = client.cloud.reader.probe().await.unwrap_err();
        assert_eq!(failure.retry_after, Some(SignedDuration::from_mins(1)));
        assert_eq!(server.asked.lock().unwrap().len(), 1);

        client.pass(SignedDuration::from_mins(1));
        client.cloud.reader.probe().await.unwrap_err();
        assert_eq!(server.asked.lock().unwrap().len(), 2, "then it is tried again");
    }
}

#[tokio::test]
async fn a_login_that_failed_in_passing_is_shared_and_then_tried_again() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&logins);
    let server = Server::start_bare(move |asked, url| match asked.method.as_str() {
        "POST" if counter.fetch_add(1, Ordering::SeqCst) == 0 => status(503).into(),
        "POST" => logged_in("t", token_body(url.as_str())).into(),
        _ => list_answer(),
    })
    .await;
    let client = Client::of(&server);
    let probes = join_all((0..20).map(|_| client.cloud.reader.probe())).await;
    assert!(
        probes
            .iter()
            .all(|probe| probe.as_ref().unwrap_err().class == FailureClass::Unavailable)
    );
    assert_eq!(logins.load(Ordering::SeqCst), 1);
    client.cloud.reader.probe().await.unwrap();
}

#[tokio::test]
async fn a_token_is_replaced_shortly_before_it_expires() {
    let server = Server::start(|_| list_answer()).await;
    let client = Client::of(&server);
    client.cloud.reader.probe().await.unwrap();
    client.pass(SignedDuration::from_secs(24 * 3600 - 61));
    client.cloud.reader.probe().await.unwrap();
    assert_eq!(server.logins(), 1);
    client.pass(SignedDuration::from_secs(2));
    client.cloud.reader.probe().await.unwrap();
    assert_eq!(server.logins(), 2);
}

#[tokio::test]
async fn a_token_from_elsewhere_is_rescoped_and_never_renewed() {
    let server = Server::start(|_| status(401).into()).await;
    let mut config = config(&server);
    config.provider = Provider::OpenStack(Auth::Token {
        token: "made-elsewhere".into(),
        project: Named::Id("p1".to_owned()),
    });
    let client = Client::with(&config);
    for _ in 0..3 {
        let failure = client.cloud.reader.probe().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Unauthenticated);
        assert!(failure.detail.contains("cannot be renewed"), "{failure}");
    }
    assert_eq!(server.logins(), 1);
    assert_eq!(server.data_calls().len(), 1);
}

#[tokio::test]
async fn what_a_login_lacks_is_named() {
    let mut unscoped = token_body("http://127.0.0.1:1");
    unscoped["token"].as_object_mut().unwrap().remove("project");
    let mut empty = token_body("http://127.0.0.1:1");
    empty["token"]["catalog"] = json!([]);
    let plain = token_body("http://glance.example:9292");
    for (answer, class, words) in [
        (
            logged_in("t", unscoped),
            FailureClass::Refused,
            "not scoped to a project",
        ),
        (logged_in("t", empty), FailureClass::Refused, "no image service"),
        (
            logged_in("t", plain),
            FailureClass::Refused,
            "`allow_http = true`",
        ),
        (
            json(token_body("http://127.0.0.1:1")),
            FailureClass::Malformed,
            "no token in the answer",
        ),
        (
            logged_in("t", json!({"token": {}})),
            FailureClass::Malformed,
            "not understood",
        ),
        (
            body(301, "").header("location", "https://x.example"),
            FailureClass::Malformed,
            "301",
        ),
    ] {
        let server = Server::start_bare(move |_, _| answer.clone().into()).await;
        let failure = Client::of(&server).cloud.reader.caller().await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
        assert!(failure.detail.contains(words), "{failure}");
    }
}
