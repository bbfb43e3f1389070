//! Removals that go wrong: what class of failure it is, and never a second
//! call.

use jiff::SignedDuration;

use super::stage::{MAX_BODY, Make, Stage, days_ago, failure};
use crate::{
    model::{FailureClass, Id, Kind, MemberStatus, Outcome},
    simulator::{Effect, Fault, NewImage, RetryAfter},
};

of_every_make! {
    each_failure_of_a_removal_is_of_its_class_and_is_not_tried_again,
    a_throttled_removal_says_how_long_to_wait,
    a_connection_cut_after_the_effect_is_interrupted,
    a_redirect_is_not_followed,
}

const KINDS: [Kind; 2] = [Kind::ImageShare, Kind::Image];

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

async fn remove(stage: &Stage, kind: Kind, image: &Id) -> Outcome {
    let subject = (kind == Kind::ImageShare).then_some(&stage.people.partners[0]);
    stage.revoke(kind, image, subject).await
}

async fn each_failure_of_a_removal_is_of_its_class_and_is_not_tried_again(make: Make) {
    let huge = Effect::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        text: " ".repeat(MAX_BODY + 1),
    };
    for (effect, class) in [
        (Effect::Status(400), FailureClass::Refused),
        (Effect::Status(403), FailureClass::Refused),
        (Effect::Status(409), FailureClass::Conflict),
        (Effect::Status(429), FailureClass::Throttled),
        (Effect::Status(500), FailureClass::Unavailable),
        (Effect::Status(502), FailureClass::Unavailable),
        (Effect::Status(503), FailureClass::Unavailable),
        (Effect::Status(504), FailureClass::Unavailable),
        (Effect::CutBefore, FailureClass::Interrupted),
        (huge, FailureClass::Malformed),
    ] {
        for kind in KINDS {
            let (stage, image) = stage(make).await;
            stage.befall(Fault::on_any_data(effect.clone()));
            let failed = failure(remove(&stage, kind, &image).await);
            assert_eq!(failed.class, class, "{effect:?}: {failed}");
            assert_eq!(stage.removal_requests().len(), 1, "{effect:?}");
            assert_eq!(stage.removed(), []);
        }
    }
}

async fn a_throttled_removal_says_how_long_to_wait(make: Make) {
    let (stage, image) = stage(make).await;
    let slow_down = Effect::StatusRetryAfter(429, RetryAfter::Seconds(7));
    stage.befall(Fault::on_any_data(slow_down));
    let failed = failure(remove(&stage, Kind::ImageShare, &image).await);
    assert_eq!(failed.class, FailureClass::Throttled);
    assert_eq!(failed.retry_after, Some(SignedDuration::from_secs(7)));
    assert_eq!(stage.removal_requests().len(), 1);
}

async fn a_connection_cut_after_the_effect_is_interrupted(make: Make) {
    for kind in KINDS {
        let (stage, image) = stage(make).await;
        // The login before it is to go through.
        stage.cloud.reader.probe().await.unwrap();
        stage.befall(Fault::on_any_data(Effect::CutAfter));
        let failed = failure(remove(&stage, kind, &image).await);
        assert_eq!(failed.class, FailureClass::Interrupted, "{failed}");
        assert_eq!(stage.removed().len(), 1, "once, and not again");
        assert_eq!(stage.removal_requests().len(), 1);
    }
}

async fn a_redirect_is_not_followed(make: Make) {
    for kind in KINDS {
        let ((stage, image), (elsewhere, other)) = (stage(make).await, stage(make).await);
        let address = elsewhere
            .cloud
            .reader
            .caller()
            .await
            .unwrap()
            .endpoint(kind)
            .to_owned();
        let path = format!("{}/v2/images/{other}", address.trim_end_matches("/v2"));
        stage.befall(Fault::on_any_data(Effect::RedirectTo(path)));
        let failed = failure(remove(&stage, kind, &image).await);
        assert_eq!(failed.class, FailureClass::Malformed, "{failed}");
        assert_eq!(stage.removal_requests().len(), 1);
        assert_eq!(elsewhere.removal_requests().len(), 0);
    }
}
