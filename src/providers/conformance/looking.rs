//! Looking again at one resource. "Gone" is an empty view without gaps, and
//! nothing but a confirmed absence gives one.

use super::stage::{MAX_BODY, Make, People, Stage, days_ago, says_gone};
use crate::{
    model::{FailureClass, Id, Kind, MemberStatus, Needs, Outcome, Sharing, Visibility},
    simulator::{Actor, CallKind, Effect, Fault, NewImage, Role, World},
};

of_every_make! {
    one_image_is_found_with_its_members,
    a_deleted_image_is_an_empty_whole_view,
    an_image_out_of_the_usual_sight_is_not_gone,
    an_image_that_one_call_alone_denies_is_not_gone,
    what_is_not_answered_is_not_gone,
    the_last_share_of_an_image_is_seen_gone,
    the_daemon_is_the_same_to_every_question,
}

of_make!(openstack_of_sleepers, OpenStack: a_share_that_sleeps_is_not_gone);
of_make!(open_telekom_cloud_of_sleepers, OpenTelekomCloud: a_share_that_sleeps_is_not_gone);

const KINDS: [Kind; 2] = [Kind::Image, Kind::ImageShare];

/// One image, shared with so many projects.
async fn stage_with(make: Make, partners: usize) -> (Stage, Id) {
    let mut image = None;
    let stage = Stage::new(make, |world, people| {
        image = Some(shared(world, people, partners));
    })
    .await;
    (stage, image.unwrap())
}

fn shared(world: &mut World, people: &People, partners: usize) -> Id {
    let image = world.add_image(NewImage::shared("golden", &people.project, days_ago(90)));
    for partner in &people.partners[..partners] {
        world.share(&image, partner, MemberStatus::Accepted, days_ago(60));
    }
    image
}

async fn one_image_is_found_with_its_members(make: Make) {
    let (stage, image) = stage_with(make, 2).await;
    let partners = stage.people.partners[..2].to_vec();
    let view = stage.look(Kind::ImageShare, &image, &partners).await.unwrap();
    assert!(view.is_complete());
    assert_eq!(view.images.len(), 1);
    assert_eq!(
        (&view.images[0].id, view.images[0].name.as_str()),
        (&image, "golden")
    );
    let Sharing::Members(members) = &view.images[0].sharing else {
        panic!("{view:?}");
    };
    let mut seen: Vec<Id> = members.iter().map(|member| member.project.clone()).collect();
    let mut held = partners;
    seen.sort();
    held.sort();
    assert_eq!(seen, held);

    let lists = stage.requests().count(CallKind::ListMembers);
    let view = stage.look(Kind::Image, &image, &[]).await.unwrap();
    assert_eq!((view.images.len(), view.is_complete()), (1, true));
    assert_eq!(stage.requests().count(CallKind::ListMembers), lists);
}

async fn a_deleted_image_is_an_empty_whole_view(make: Make) {
    let (stage, image) = stage_with(make, 1).await;
    let owner = Actor {
        project: stage.people.project.clone(),
        role: Role::Member,
    };
    let deleted = stage.world().delete_image(&owner, image.as_str(), days_ago(0));
    deleted.unwrap();
    for kind in KINDS {
        let seen = stage.look(kind, &image, &stage.people.partners).await;
        assert!(says_gone(&seen), "{seen:?}");
    }
}

async fn an_image_out_of_the_usual_sight_is_not_gone(make: Make) {
    let (stage, image) = stage_with(make, 1).await;
    {
        let mut world = stage.world();
        let record = world.image_mut(image.as_str()).unwrap();
        // Hidden from the one cloud's usual list, in another enterprise project
        // on the others.
        record.hidden = true;
        let of_others = ("enterprise_project_id".to_owned(), "another".to_owned());
        record.properties.extend([of_others]);
    }
    for kind in KINDS {
        let view = stage.look(kind, &image, &stage.people.partners).await.unwrap();
        assert_eq!(view.images.len(), 1);
    }
}

async fn an_image_that_one_call_alone_denies_is_not_gone(make: Make) {
    for kind in KINDS {
        let (stage, image) = stage_with(make, 1).await;
        let nothing = Effect::Body {
            status: 200,
            content_type: "application/json".to_owned(),
            text: r#"{"images": []}"#.to_owned(),
        };
        stage.befall(Fault::on(CallKind::ShowImage, Effect::Status(404)));
        if make != Make::OpenStack {
            stage.befall(Fault::on(CallKind::ListImages, nothing).once());
        }
        let seen = stage.look(kind, &image, &stage.people.partners).await;
        assert!(!says_gone(&seen), "{seen:?}");
    }
}

async fn what_is_not_answered_is_not_gone(make: Make) {
    let body = |text: String, content_type: &str| Effect::Body {
        status: 200,
        content_type: content_type.to_owned(),
        text,
    };
    let effects = [
        (Effect::Status(400), FailureClass::Refused),
        (Effect::Status(401), FailureClass::Unauthenticated),
        (Effect::Status(403), FailureClass::Refused),
        (Effect::Status(404), FailureClass::Refused),
        (Effect::Status(429), FailureClass::Throttled),
        (Effect::Status(500), FailureClass::Unavailable),
        (Effect::Status(503), FailureClass::Unavailable),
        (Effect::CutBefore, FailureClass::Interrupted),
        (Effect::CutWithin(40), FailureClass::Interrupted),
        (
            Effect::RedirectTo("http://127.0.0.1:9/".to_owned()),
            FailureClass::Malformed,
        ),
        (
            body("<html>soon back</html>".to_owned(), "text/html"),
            FailureClass::Malformed,
        ),
        (body("{}".to_owned(), "application/json"), FailureClass::Malformed),
        (
            body(" ".repeat(MAX_BODY + 1), "application/json"),
            FailureClass::Malformed,
        ),
    ];
    for (effect, class) in effects {
        for kind in KINDS {
            let (stage, image) = stage_with(make, 1).await;
            stage.befall(Fault::on_any_data(effect.clone()));
            let failure = stage
                .look(kind, &image, &stage.people.partners)
                .await
                .unwrap_err();
            assert_eq!(failure.class, class, "{effect:?}: {failure}");
        }
        // The image is seen, and its list is not.
        let (stage, image) = stage_with(make, 1).await;
        stage.befall(Fault::on(CallKind::ListMembers, effect.clone()));
        let failure = stage.look(Kind::ImageShare, &image, &stage.people.partners).await;
        assert_eq!(failure.unwrap_err().class, class, "{effect:?}");
    }
}

async fn the_last_share_of_an_image_is_seen_gone(make: Make) {
    let (stage, image) = stage_with(make, 1).await;
    let partner = stage.people.partners[0].clone();
    let outcome = stage.revoke(Kind::ImageShare, &image, Some(&partner)).await;
    assert_eq!(outcome, Outcome::Accepted);
    let view = stage.look(Kind::ImageShare, &image, &[partner]).await.unwrap();
    assert!(view.is_complete());
    assert_eq!(view.images.len(), 1);
    assert_eq!(view.images[0].sharing, Sharing::Members(Vec::new()));
}

/// The image was made private; its members come back with its visibility.
async fn a_share_that_sleeps_is_not_gone(make: Make) {
    let (stage, image) = stage_with(make, 1).await;
    stage.world().image_mut(image.as_str()).unwrap().visibility = Visibility::Private;
    let view = stage
        .look(Kind::ImageShare, &image, &stage.people.partners[..1])
        .await;
    assert_eq!(view.unwrap().images[0].sharing, Sharing::NotShared);
}

/// What was decided rests on who the daemon was, and where: another answer
/// later would make every decision void.
async fn the_daemon_is_the_same_to_every_question(make: Make) {
    let (stage, image) = stage_with(make, 1).await;
    let caller = stage.cloud.reader.caller().await.unwrap();
    assert_eq!(
        (&caller.user, &caller.project),
        (&stage.people.user, &stage.people.project)
    );
    for kind in make.kinds() {
        assert!(!caller.endpoint(*kind).is_empty(), "{kind}");
        // Each by a daemon that was asked nothing before.
        let (fresh, _) = stage_with(make, 1).await;
        let collected = fresh.collect(Needs::of(*kind)).await.unwrap().caller;
        assert_eq!(fresh.cloud.reader.caller().await.unwrap(), collected);
        assert!(!collected.endpoint(*kind).is_empty(), "{kind}");
        assert_eq!(stage.collect(Needs::of(*kind)).await.unwrap().caller, caller);
    }
    for kind in KINDS {
        let view = stage.look(kind, &image, &stage.people.partners).await.unwrap();
        assert_eq!(view.caller, caller);
    }
}
