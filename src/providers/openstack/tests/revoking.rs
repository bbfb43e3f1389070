//! Removals: one call each, and what its answer means.

use super::setup::{Client, id};
use crate::{
    model::{Batch, FailureClass, Kind, Outcome, Target},
    providers::scripted::{Reply, Server, body, status},
};

fn share(image: &str, project: &str) -> Target {
    Target::image_share("lab".into(), id(image), id(project))
}

fn class(outcome: &Outcome) -> Option<FailureClass> {
    match outcome {
        Outcome::Failed(failure) => Some(failure.class),
        other => {
            assert!(matches!(other, Outcome::Accepted | Outcome::NotThere));
            None
        }
    }
}

#[tokio::test]
async fn each_status_means_one_outcome_of_one_call() {
    let server = Server::start(|asked| {
        let image = asked.path.split('/').nth(4).unwrap();
        status(image.parse().unwrap()).into()
    })
    .await;
    let client = Client::of(&server);
    for (code, expected) in [
        (200, Ok(Outcome::Accepted)),
        (202, Ok(Outcome::Accepted)),
        (204, Ok(Outcome::Accepted)),
        (404, Ok(Outcome::NotThere)),
        (300, Err(FailureClass::Malformed)),
        (400, Err(FailureClass::Refused)),
        (403, Err(FailureClass::Refused)),
        (409, Err(FailureClass::Conflict)),
        (413, Err(FailureClass::Refused)),
        (429, Err(FailureClass::Throttled)),
        (500, Err(FailureClass::Unavailable)),
        (504, Err(FailureClass::Unavailable)),
    ] {
        // Each status is its own image, so that one server plays them all.
        let image = code.to_string();
        for target in [share(&image, "p2"), Target::image("lab".into(), id(&image))] {
            let calls = server.data_calls().len();
            let outcome = client.cloud.revoker.revoke(&Batch::of_one(&target)).await;
            match &expected {
                Ok(expected) => assert_eq!(outcome, *expected, "{code}"),
                Err(expected) => assert_eq!(class(&outcome), Some(*expected), "{code}"),
            }
            let path = match target.kind {
                Kind::ImageShare => format!("DELETE /image/v2/images/{code}/members/p2"),
                Kind::Image => format!("DELETE /image/v2/images/{code}"),
                other => panic!("{other}"),
            };
            assert_eq!(server.data_calls()[calls..], [path]);
        }
    }
}

#[tokio::test]
async fn a_cut_answer_is_not_repeated() {
    let server = Server::start(|_| Reply::Cut(Vec::new())).await;
    let outcome = Client::of(&server)
        .cloud
        .revoker
        .revoke(&Batch::of_one(&share("i", "p2")))
        .await;
    assert_eq!(class(&outcome), Some(FailureClass::Interrupted));
    assert_eq!(server.data_calls().len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_renewed_on_the_way() {
    let server = Server::start(|asked| match asked.token() {
        "token-1" => status(401).into(),
        _ => status(204).into(),
    })
    .await;
    let outcome = Client::of(&server)
        .cloud
        .revoker
        .revoke(&Batch::of_one(&share("i", "p2")))
        .await;
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!((server.logins(), server.data_calls().len()), (2, 2));
}

#[tokio::test]
async fn a_refusal_carries_the_clouds_words() {
    let server = Server::start(|_| {
        let glance =
            r#"{"message":"Image is protected.<br /><br />\n\n","code":"403 Forbidden","title":"x"}"#;
        body(403, glance).into()
    })
    .await;
    let target = Target::image("lab".into(), id("i"));
    let Outcome::Failed(failure) = Client::of(&server)
        .cloud
        .revoker
        .revoke(&Batch::of_one(&target))
        .await
    else {
        panic!("a 403 is a failure");
    };
    assert!(
        failure.detail.ends_with("403 Forbidden: Image is protected."),
        "{failure}"
    );
}

#[tokio::test]
async fn no_id_reaches_another_path() {
    let server = Server::start(|_| status(204).into()).await;
    let client = Client::of(&server);
    for (target, path) in [
        (
            share("../x", "p?q#r"),
            "DELETE /image/v2/images/..%2Fx/members/p%3Fq%23r",
        ),
        (
            share("i", "a/../b"),
            "DELETE /image/v2/images/i/members/a%2F..%2Fb",
        ),
        (share("i%2f", "p"), "DELETE /image/v2/images/i%252f/members/p"),
    ] {
        assert_eq!(
            client.cloud.revoker.revoke(&Batch::of_one(&target)).await,
            Outcome::Accepted
        );
        assert_eq!(server.data_calls().last().unwrap(), path);
    }
    let calls = server.data_calls().len();
    for target in [
        share("i", ".."),
        share("i", ""),
        share(".", "p"),
        Target::image("lab".into(), id("")),
    ] {
        let outcome = client.cloud.revoker.revoke(&Batch::of_one(&target)).await;
        assert_eq!(class(&outcome), Some(FailureClass::Refused), "{target}");
    }
    assert_eq!(
        server.data_calls().len(),
        calls,
        "what no path can hold is not sent"
    );
}
