//! Removals: what one call removes, and what its answer means.

use jiff::SignedDuration;

use super::stage::{Make, Stage, days_ago, failure, says_gone, target};
use crate::{
    model::{Batch, FailureClass, Id, JobStatus, Kind, MemberStatus, Outcome, Sharing},
    simulator::NewImage,
};

of_every_make! {
    a_share_is_taken_away_by_one_call_and_then_gone,
    a_share_that_is_not_there_is_told_apart,
    an_image_that_is_not_there_is_told_apart,
    a_deleted_image_is_gone_once_it_has_left,
    a_protected_image_is_refused_and_stays,
    as_much_as_one_call_reaches_is_one_call,
    a_job_that_nobody_knows_is_unknown,
}

/// So many images, each shared with all the partners.
async fn stage_with(make: Make, images: usize) -> (Stage, Vec<Id>) {
    let mut ids = Vec::new();
    let stage = Stage::new(make, |world, people| {
        world.deletion_delay = SignedDuration::from_mins(10);
        for n in 0..images {
            let mut new = NewImage::shared(&format!("golden-{n}"), &people.project, days_ago(90));
            new.protected = n == 1;
            let image = world.add_image(new);
            for partner in &people.partners {
                world.share(&image, partner, MemberStatus::Accepted, days_ago(60));
            }
            ids.push(image);
        }
    })
    .await;
    (stage, ids)
}

async fn a_share_is_taken_away_by_one_call_and_then_gone(make: Make) {
    let (stage, images) = stage_with(make, 1).await;
    let (image, partners) = (&images[0], stage.people.partners.clone());
    let outcome = stage.revoke(Kind::ImageShare, image, Some(&partners[1])).await;
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(stage.removal_requests().len(), 1);
    let share = target(Kind::ImageShare, image, Some(&partners[1]));
    assert_eq!(stage.removed(), [(share.kind, share.resource, share.subject)]);

    let view = stage
        .look(Kind::ImageShare, image, &partners[1..2])
        .await
        .unwrap();
    assert!(view.is_complete());
    let Sharing::Members(left) = &view.images[0].sharing else {
        panic!("{view:?}");
    };
    assert_eq!(left.len(), partners.len() - 1);
    assert!(left.iter().all(|member| member.project != partners[1]));
}

async fn a_share_that_is_not_there_is_told_apart(make: Make) {
    let (stage, images) = stage_with(make, 1).await;
    let nobody = stage.people.stranger.clone();
    let outcome = stage.revoke(Kind::ImageShare, &images[0], Some(&nobody)).await;
    assert_eq!(outcome, Outcome::NotThere);
    assert_eq!(stage.removal_requests().len(), 1);
    assert_eq!(stage.removed(), []);
}

async fn an_image_that_is_not_there_is_told_apart(make: Make) {
    let (stage, _) = stage_with(make, 1).await;
    let nothing = Id::from("6d1f2c3a-0000-4000-8000-000000000001");
    assert_eq!(stage.revoke(Kind::Image, &nothing, None).await, Outcome::NotThere);
    assert_eq!(stage.removal_requests().len(), 1);
    assert_eq!(stage.removed(), []);
}

async fn a_deleted_image_is_gone_once_it_has_left(make: Make) {
    let (stage, images) = stage_with(make, 1).await;
    let outcome = stage.revoke(Kind::Image, &images[0], None).await;
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(stage.removed(), [(Kind::Image, images[0].clone(), None)]);
    let going = stage.look(Kind::Image, &images[0], &[]).await;
    assert_eq!(going.unwrap().images.len(), 1, "it is only going");
    stage.pass(SignedDuration::from_mins(11));
    let seen = stage.look(Kind::Image, &images[0], &[]).await;
    assert!(says_gone(&seen), "{seen:?}");
}

async fn a_protected_image_is_refused_and_stays(make: Make) {
    let (stage, images) = stage_with(make, 2).await;
    let refused = failure(stage.revoke(Kind::Image, &images[1], None).await);
    assert_eq!(refused.class, FailureClass::Refused);
    assert_eq!(stage.removal_requests().len(), 1);
    assert_eq!(stage.removed(), []);
}

async fn as_much_as_one_call_reaches_is_one_call(make: Make) {
    let (stage, images) = stage_with(make, 5).await;
    let reach = stage.cloud.revoker.reach(Kind::ImageShare);
    let batch = Batch {
        cloud: "lab".into(),
        kind: Kind::ImageShare,
        resources: images[..reach.resources].to_vec(),
        subjects: stage.people.partners[..reach.subjects].to_vec(),
    };
    match stage.revoke_all(&batch).await {
        Outcome::Accepted => {}
        Outcome::Submitted(job) => {
            let status = stage.cloud.revoker.job(&job).await.unwrap();
            assert!(
                matches!(status, JobStatus::Ended { succeeded: true, .. }),
                "{status:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.removal_requests().len(), 1);
    let (mut removed, mut wanted) = (stage.removed(), Vec::new());
    wanted.extend(
        batch
            .targets()
            .map(|target| (target.kind, target.resource, target.subject)),
    );
    removed.sort();
    wanted.sort();
    assert_eq!(removed, wanted, "every pair of the batch, and no other");
}

async fn a_job_that_nobody_knows_is_unknown(make: Make) {
    let (stage, _) = stage_with(make, 1).await;
    let status = stage
        .cloud
        .revoker
        .job(&"ff8080827a0000000000000000000001".into())
        .await;
    assert!(matches!(status, Ok(JobStatus::Unknown(_))), "{status:?}");
}
