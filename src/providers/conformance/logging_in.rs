//! Tokens and logins: one renewal for a token that died, none after a refusal,
//! and no secret in what is told of it.

use futures::future::join_all;

use super::stage::{Make, PASSWORD, Stage, days_ago, failure};
use crate::{
    model::{FailureClass, Id, Kind, MemberStatus, Needs, Outcome},
    simulator::{CallKind, Effect, Fault, NewImage, World},
};

of_every_make! {
    a_token_that_died_costs_one_login_and_one_more_call,
    a_token_that_dies_under_the_call_costs_the_same,
    a_refused_removal_with_a_fresh_token_is_final,
    a_refused_login_is_not_tried_again,
    what_a_login_echoes_is_not_told,
}

/// One image, shared with one project.
async fn stage(make: Make) -> (Stage, Id) {
    let mut id = None;
    let stage = Stage::new(make, |world, people| {
        let image = world.add_image(NewImage::shared("golden", &people.project, days_ago(90)));
        world.share(&image, &people.partners[0], MemberStatus::Accepted, days_ago(60));
        id = Some(image);
    })
    .await;
    (stage, id.unwrap())
}

async fn remove(stage: &Stage, image: &Id) -> Outcome {
    stage
        .revoke(Kind::ImageShare, image, Some(&stage.people.partners[0]))
        .await
}

async fn a_token_that_died_costs_one_login_and_one_more_call(make: Make) {
    let (stage, image) = stage(make).await;
    stage.cloud.reader.probe().await.unwrap();
    let logins = stage.logins();
    stage.kill_all_tokens();
    assert_eq!(remove(&stage, &image).await, Outcome::Accepted);
    assert_eq!(stage.logins(), logins + 1);
    let statuses: Vec<Option<u16>> = stage.removal_requests().iter().map(|sent| sent.status).collect();
    assert_eq!(statuses, [Some(401), Some(204)]);
    assert_eq!(stage.removed().len(), 1);
}

async fn a_token_that_dies_under_the_call_costs_the_same(make: Make) {
    let (stage, image) = stage(make).await;
    stage.cloud.reader.probe().await.unwrap();
    let logins = stage.logins();
    stage.befall(Fault::on(CallKind::RemoveMember, Effect::TokenDies).once());
    assert_eq!(remove(&stage, &image).await, Outcome::Accepted);
    assert_eq!(stage.logins(), logins + 1);
    assert_eq!(stage.removal_requests().len(), 2);
    assert_eq!(stage.removed().len(), 1);
}

async fn a_refused_removal_with_a_fresh_token_is_final(make: Make) {
    let (stage, image) = stage(make).await;
    stage.befall(Fault::on(CallKind::RemoveMember, Effect::Status(401)));
    let failed = failure(remove(&stage, &image).await);
    assert_eq!(failed.class, FailureClass::Unauthenticated);
    assert_eq!(stage.removal_requests().len(), 2);
    assert_eq!(stage.removed(), []);
}

async fn a_refused_login_is_not_tried_again(make: Make) {
    let nothing = |_: &mut World, _: &_| {};
    let stage = Stage::with_password(make, "a-wrong-password", nothing).await;
    let image = Id::from("i");
    let probes = join_all((0..10).map(|_| stage.cloud.reader.probe())).await;
    let mut failures: Vec<_> = probes.into_iter().map(Result::unwrap_err).collect();
    failures.push(stage.collect(Needs::of(Kind::ImageShare)).await.unwrap_err());
    failures.push(stage.look(Kind::Image, &image, &[]).await.unwrap_err());
    failures.push(failure(remove(&stage, &image).await));
    for failed in &failures {
        assert_eq!(failed.class, FailureClass::Unauthenticated, "{failed}");
        assert!(!failed.detail.contains("a-wrong-password"), "{failed}");
    }
    assert_eq!(stage.logins(), 1, "clouds lock accounts");
    assert_eq!(stage.requests().all().len(), 1);
}

async fn what_a_login_echoes_is_not_told(make: Make) {
    for status in [400, 401, 403, 500] {
        let (stage, image) = stage(make).await;
        let echo = format!(r#"{{"error": {{"message": "no entry for {PASSWORD}", "code": {status}}}}}"#);
        let effect = Effect::Body {
            status,
            content_type: "application/json".to_owned(),
            text: echo,
        };
        stage.befall(Fault::on(CallKind::Login, effect));
        // The stage sees to it that no failure tells the password.
        let failed = failure(remove(&stage, &image).await);
        assert!(failed.detail.contains("no entry for ***"), "{failed}");
        let collected = stage.collect(Needs::of(Kind::ImageShare)).await;
        assert!(collected.is_err());
    }
}
