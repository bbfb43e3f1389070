use std::{error::Error, time::Duration};

use super::*;
use crate::simulator::{CallKind, Effect, Fault, RetryAfter};

/// The whole chain of an error's causes.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

async fn removal(harness: &Harness, token: &str) -> Result<reqwest::Response, reqwest::Error> {
    let path = harness.member_path(&harness.guest);
    let url = format!("{}{path}", harness.cloud.image_url());
    harness
        .request("DELETE", &url)
        .header("x-auth-token", token)
        .send()
        .await
}

#[tokio::test]
async fn a_cut_before_does_nothing_and_answers_nothing() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    harness
        .cloud
        .faults()
        .add(Fault::on(CallKind::RemoveMember, Effect::CutBefore).once());
    let error = removal(&harness, &token).await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout());
    assert!(
        causes(&error).contains("connection closed before message completed"),
        "{}",
        causes(&error)
    );
    assert!(harness.cloud.world().removals().is_empty());
    let logged = harness.cloud.requests().all();
    assert_eq!(logged.last().unwrap().status, None);
    assert_eq!(removal(&harness, &token).await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_cut_after_has_its_effect_and_answers_nothing() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    harness
        .cloud
        .faults()
        .add(Fault::on(CallKind::RemoveMember, Effect::CutAfter).once());
    let error = removal(&harness, &token).await.unwrap_err();
    assert!(
        causes(&error).contains("connection closed before message completed"),
        "{}",
        causes(&error)
    );
    assert_eq!(harness.cloud.world().removals().len(), 1);
    assert_eq!(harness.cloud.requests().all().last().unwrap().status, None);
    assert_eq!(removal(&harness, &token).await.unwrap().status(), 404);
}

#[tokio::test]
async fn an_answer_can_break_off_in_its_middle() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    harness
        .cloud
        .faults()
        .add(Fault::on(CallKind::ListMembers, Effect::CutWithin(200)).once());
    let url = format!("{}{}", harness.cloud.image_url(), harness.members_path());
    let response = harness
        .request("GET", &url)
        .header("x-auth-token", &token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
    assert_eq!(harness.get(&token, &harness.members_path()).await.status, 200);
}

#[tokio::test]
async fn a_cut_answer_to_a_request_with_a_body_is_seen_as_a_close_too() {
    let harness = Harness::start().await;
    harness
        .cloud
        .faults()
        .add(Fault::on(CallKind::Login, Effect::CutBefore).once());
    let url = format!("{}/auth/tokens", harness.cloud.auth_url());
    let error = harness
        .request("POST", &url)
        .json(&json!({"auth": {}}))
        .send()
        .await
        .unwrap_err();
    assert!(
        causes(&error).contains("connection closed before message completed"),
        "{}",
        causes(&error)
    );
}

#[tokio::test]
async fn a_dead_token_stays_dead_until_a_new_login() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    harness
        .cloud
        .faults()
        .add(Fault::on(CallKind::ListImages, Effect::TokenDies).once());
    assert_eq!(harness.get(&token, "/v2/images").await.status, 401);
    assert_eq!(harness.get(&token, "/v2/images").await.status, 401);
    let token = harness.token_of("revoker").await;
    assert_eq!(harness.get(&token, "/v2/images").await.status, 200);
    harness.cloud.kill_all_tokens();
    assert_eq!(harness.get(&token, "/v2/images").await.status, 401);
}

#[tokio::test]
async fn statuses_come_with_the_clouds_own_wish() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let faults = harness.cloud.faults();
    let seconds = Effect::StatusRetryAfter(429, RetryAfter::Seconds(7));
    faults.add(Fault::on_any_data(seconds).once());
    let date = Effect::StatusRetryAfter(503, RetryAfter::At(noon()));
    faults.add(Fault::on_any_data(date).once());
    faults.add(Fault::on_any_data(Effect::Status(500)).once());
    let first = harness.get(&token, "/v2/images").await;
    assert_eq!((first.status, first.header("retry-after")), (429, "7"));
    let second = harness.get(&token, "/v2/images").await;
    assert_eq!(
        (second.status, second.header("retry-after")),
        (503, "Sat, 21 Nov 2026 12:00:00 GMT")
    );
    assert_eq!(harness.get(&token, "/v2/images").await.status, 500);
    assert_eq!(harness.get(&token, "/v2/images").await.status, 200);
}

#[tokio::test]
async fn garbage_and_redirects_take_the_place_of_an_answer() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let garbage = Effect::Body {
        status: 200,
        content_type: "application/json".to_string(),
        text: "{\"images\":".to_string(),
    };
    harness.cloud.faults().add(Fault::on_any_data(garbage).once());
    harness
        .cloud
        .faults()
        .add(Fault::on_any_data(Effect::RedirectTo("http://127.0.0.1:9/".to_string())).once());
    assert_eq!(harness.get(&token, "/v2/images").await.text, "{\"images\":");
    let redirect = harness.get(&token, "/v2/images").await;
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (307, "http://127.0.0.1:9/")
    );
}

#[tokio::test]
async fn requests_that_wait_are_in_flight_together() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    harness.cloud.requests().clear();
    // Stopping the cloud ends the wait, so nothing here waits for the clock.
    let long = Effect::Latency(Duration::from_secs(3600));
    harness.cloud.faults().add(Fault::on(CallKind::ListImages, long));
    let calls = (0..4).map(|_| {
        let request = harness.request("GET", &format!("{}/v2/images", harness.cloud.image_url()));
        tokio::spawn(request.header("x-auth-token", &token).send())
    });
    let calls: Vec<_> = calls.collect();
    while harness.cloud.requests().in_flight() < 4 {
        tokio::task::yield_now().await;
    }
    let requests = harness.cloud.requests().clone();
    harness.cloud.stop().await;
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(requests.most_in_flight(), 4);
    assert_eq!(requests.count(CallKind::ListImages), 4);
}
