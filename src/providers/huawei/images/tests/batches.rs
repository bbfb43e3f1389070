//! Removals of many shares at once: what is sent, and what its answer means.

use serde_json::{Value, json};

use super::setup::{Client, cloud, id, refused};
use crate::{
    model::{Batch, FailureClass, Kind, Outcome, Reach},
    providers::scripted::{Answer, Reply, body, json as answer, status},
};

fn rectangle() -> Batch {
    Batch {
        cloud: "lab".into(),
        kind: Kind::ImageShare,
        resources: vec![id("i"), id("j")],
        subjects: vec![id("p2"), id("p3")],
    }
}

async fn outcome(reply: Answer) -> Outcome {
    let server = cloud(move |_| reply.clone().into()).await;
    Client::of(&server).cloud.revoker.revoke(&rectangle()).await
}

#[tokio::test]
async fn a_batch_is_one_call_with_exactly_its_two_lists() {
    let server = cloud(|_| answer(json!({"job_id": "ff80"})).into()).await;
    let outcome = Client::of(&server).cloud.revoker.revoke(&rectangle()).await;
    assert_eq!(outcome, Outcome::Submitted("ff80".into()));
    assert_eq!(server.data_calls(), ["DELETE /v1/cloudimages/members"]);
    let asked = server.asked.lock().unwrap();
    let asked = asked.last().unwrap();
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, json!({"images": ["i", "j"], "projects": ["p2", "p3"]}));
    assert_eq!(asked.query, "");
    assert_eq!(asked.headers["content-length"], asked.body.len().to_string());
    assert!(asked.headers["content-type"].starts_with("application/json"));
}

#[tokio::test]
async fn a_batch_of_one_row_or_column_is_a_batch_and_one_share_is_not() {
    let server = cloud(|asked| match asked.path.as_str() {
        "/v1/cloudimages/members" => answer(json!({"job_id": "ff80"})).into(),
        _ => status(204).into(),
    })
    .await;
    let client = Client::of(&server);
    let mut row = rectangle();
    row.resources.truncate(1);
    let mut column = rectangle();
    column.subjects.truncate(1);
    for batch in [row, column] {
        let outcome = client.cloud.revoker.revoke(&batch).await;
        assert_eq!(outcome, Outcome::Submitted("ff80".into()));
    }
    let mut one = rectangle();
    one.resources.truncate(1);
    one.subjects.truncate(1);
    assert_eq!(client.cloud.revoker.revoke(&one).await, Outcome::Accepted);
}

#[tokio::test]
async fn a_call_that_was_taken_without_a_job_is_left_to_the_look() {
    for reply in [
        answer(json!({"job_id": ""})),
        answer(json!({})),
        body(200, "<ok/>"),
        body(202, r#"{"job_id":"ff80"}"#),
        status(204),
    ] {
        assert_eq!(outcome(reply).await, Outcome::Accepted);
    }
}

#[tokio::test]
async fn a_refusal_that_may_be_about_a_few_poisons_the_batch() {
    for code in [
        "0066", "0113", "0067", "0108", "0031", "0027", "0144", "0106", "0098", "0007", "0090",
    ] {
        let outcome = outcome(refused(400, &format!("IMG.{code}"))).await;
        let Outcome::Poisoned(failure) = outcome else {
            panic!("{code}: {outcome:?}");
        };
        assert!(failure.detail.contains("400"), "{failure}");
    }
    for code in [403, 404, 409, 413] {
        assert!(
            matches!(outcome(status(code)).await, Outcome::Poisoned(_)),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_failure_of_the_cloud_says_nothing_about_the_batch() {
    for (reply, expected) in [
        (refused(400, "IMG.0060"), FailureClass::Throttled),
        (refused(400, "IMG.0018"), FailureClass::Unavailable),
        (status(401), FailureClass::Unauthenticated),
        (status(429), FailureClass::Throttled),
        (status(500), FailureClass::Unavailable),
        (status(302), FailureClass::Malformed),
    ] {
        let Outcome::Failed(failure) = outcome(reply).await else {
            panic!("{expected}");
        };
        assert_eq!(failure.class, expected);
    }
    let server = cloud(|_| Reply::Cut(Vec::new())).await;
    let outcome = Client::of(&server).cloud.revoker.revoke(&rectangle()).await;
    assert!(matches!(outcome, Outcome::Failed(failure) if failure.class == FailureClass::Interrupted));
    assert_eq!(server.data_calls().len(), 1, "it may have taken effect");
}

#[tokio::test]
async fn one_call_reaches_as_far_as_is_configured() {
    let server = cloud(|_| status(500).into()).await;
    let client = Client::with(&server, |config, _| {
        config.limits.batch_resources = 7;
        config.limits.batch_subjects = 9;
    });
    let expected = Reach {
        resources: 7,
        subjects: 9,
        requests: 2,
    };
    assert_eq!(client.cloud.revoker.reach(Kind::ImageShare), expected);
    assert_eq!(client.cloud.revoker.reach(Kind::Image), Reach::ONE);
}
