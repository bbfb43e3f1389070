//! Removals of one target: one call each, and what its answer means.

use super::setup::{Client, cloud, id, refused};
use crate::{
    model::{Batch, Failure, FailureClass, Kind, Outcome, Target},
    providers::scripted::{Answer, Reply, body, status},
};

fn share(image: &str, project: &str) -> Target {
    Target::image_share("lab".into(), id(image), id(project))
}

fn both() -> [Target; 2] {
    [share("i", "p2"), Target::image("lab".into(), id("i"))]
}

fn class(outcome: &Outcome) -> FailureClass {
    match outcome {
        Outcome::Failed(failure) => failure.class,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_answer_means_one_outcome_of_one_call() {
    let glance = |status| body(status, r#"{"code":"Word","title":"x","message":"no"}"#);
    let xml = |status| body(status, "<error>no</error>");
    let cases: Vec<(Answer, Result<Outcome, FailureClass>)> = vec![
        (status(204), Ok(Outcome::Accepted)),
        (status(200), Ok(Outcome::Accepted)),
        (body(202, "{}"), Ok(Outcome::Accepted)),
        (status(404), Ok(Outcome::NotThere)),
        (glance(404), Ok(Outcome::NotThere)),
        (xml(404), Ok(Outcome::NotThere)),
        (refused(400, "IMG.0027"), Ok(Outcome::NotThere)),
        (refused(400, "IMG.0144"), Ok(Outcome::NotThere)),
        (refused(400, "IMG.0066"), Ok(Outcome::NotThere)),
        (refused(400, "IMG.0067"), Ok(Outcome::NotThere)),
        (refused(400, "IMG.0028"), Err(FailureClass::Refused)),
        (refused(403, "IMG.0026"), Err(FailureClass::Refused)),
        (refused(400, "IMG.0106"), Err(FailureClass::Refused)),
        (refused(400, "IMG.0060"), Err(FailureClass::Throttled)),
        (refused(400, "IMG.0090"), Err(FailureClass::Conflict)),
        (refused(400, "IMG.0148"), Err(FailureClass::Conflict)),
        (glance(400), Err(FailureClass::Refused)),
        (glance(403), Err(FailureClass::Refused)),
        (xml(403), Err(FailureClass::Refused)),
        (status(409), Err(FailureClass::Conflict)),
        (status(429), Err(FailureClass::Throttled)),
        (status(500), Err(FailureClass::Unavailable)),
        (status(503), Err(FailureClass::Unavailable)),
        (status(302), Err(FailureClass::Malformed)),
    ];
    for (number, (answer, expected)) in cases.into_iter().enumerate() {
        for target in both() {
            let reply = answer.clone();
            let server = cloud(move |_| reply.clone().into()).await;
            let batch = Batch::of_one(&target);
            let outcome = Client::of(&server).cloud.revoker.revoke(&batch).await;
            match &expected {
                Ok(expected) => assert_eq!(outcome, *expected, "case {number}"),
                Err(expected) => assert_eq!(class(&outcome), *expected, "case {number}"),
            }
            let path = match target.kind {
                Kind::ImageShare => "DELETE /v2/images/i/members/p2",
                _ => "DELETE /v2/images/i",
            };
            assert_eq!(server.data_calls(), [path], "case {number}");
            let asked = server.asked.lock().unwrap();
            assert_eq!(
                asked.last().unwrap().body,
                "",
                "no body asks for more than was decided"
            );
        }
    }
}

#[tokio::test]
async fn a_cut_answer_is_not_repeated() {
    for target in both() {
        let server = cloud(|_| Reply::Cut(Vec::new())).await;
        let batch = Batch::of_one(&target);
        let outcome = Client::of(&server).cloud.revoker.revoke(&batch).await;
        assert_eq!(class(&outcome), FailureClass::Interrupted);
        assert_eq!(server.data_calls().len(), 1);
    }
}

#[tokio::test]
async fn no_id_reaches_another_path() {
    let server = cloud(|_| status(204).into()).await;
    let client = Client::of(&server);
    for (target, path) in [
        (
            share("../x", "p?q#r"),
            "DELETE /v2/images/..%2Fx/members/p%3Fq%23r",
        ),
        (share("i%2f", "p"), "DELETE /v2/images/i%252f/members/p"),
    ] {
        let outcome = client.cloud.revoker.revoke(&Batch::of_one(&target)).await;
        assert_eq!(outcome, Outcome::Accepted);
        assert_eq!(server.data_calls().last().unwrap(), path);
    }
    let calls = server.data_calls().len();
    let impossible = [share("i", ".."), share("i", ""), share(".", "p")];
    for target in impossible
        .into_iter()
        .chain([Target::image("lab".into(), id(""))])
    {
        let outcome = client.cloud.revoker.revoke(&Batch::of_one(&target)).await;
        assert_eq!(class(&outcome), FailureClass::Refused, "{target}");
    }
    assert_eq!(
        server.data_calls().len(),
        calls,
        "what no path can hold is not sent"
    );
}

#[tokio::test]
async fn what_no_single_call_removes_is_not_sent() {
    let server = cloud(|_| status(204).into()).await;
    let client = Client::of(&server);
    let batch = |kind, resources: &[&str], subjects: &[&str]| Batch {
        cloud: "lab".into(),
        kind,
        resources: resources.iter().copied().map(id).collect(),
        subjects: subjects.iter().copied().map(id).collect(),
    };
    for batch in [
        batch(Kind::Image, &["i", "j"], &[]),
        batch(Kind::Image, &["i"], &["p2"]),
        batch(Kind::ImageShare, &["i"], &[]),
        batch(Kind::ImageShare, &[], &["p2"]),
    ] {
        let Outcome::Failed(Failure { class, .. }) = client.cloud.revoker.revoke(&batch).await else {
            panic!("{batch}");
        };
        assert_eq!(class, FailureClass::Refused, "{batch}");
    }
    assert_eq!(server.data_calls().len(), 0);
}
