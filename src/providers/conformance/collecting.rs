//! What a collection sees, and what it says that it did not see.

use std::sync::Mutex;

use super::stage::{Make, PAGE_SIZE, People, Stage, days_ago};
use crate::{
    model::{FailureClass, Id, Image, Inventory, Member, MemberStatus, Needs, Scope, Sharing, Visibility},
    providers::Progress,
    simulator::{CallKind, Effect, Fault, NewImage, World},
};

of_every_make! {
    all_that_the_world_holds_is_seen_over_several_pages,
    another_projects_images_are_not_taken_for_own,
    a_page_that_fails_is_a_gap_and_what_came_before_it_stays,
    no_page_at_all_is_a_failure,
    a_member_list_that_fails_is_one_gap,
    what_is_not_asked_for_is_not_read,
    progress_is_told_to_the_end,
}

const OWN_IMAGES: usize = 9;
const SHARED_IMAGES: usize = 8;

const MEMBERS: Needs = Needs {
    images: true,
    members: true,
    permissions: false,
    shares: false,
    attributes: false,
};

fn fill(world: &mut World, people: &People) {
    for n in 0..SHARED_IMAGES {
        let days = 100 - i64::try_from(n).unwrap();
        let mut new = NewImage::shared(&format!("own-{n}"), &people.project, days_ago(days));
        new.updated_at = days_ago(days - 1);
        new.protected = n == 3;
        new.tags = vec![format!("team=t{n}")];
        let image = world.add_image(new);
        for (at, partner) in people.partners.iter().take(1 + n % 4).enumerate() {
            world.share(&image, partner, MemberStatus::ALL[(n + at) % 3], days_ago(50));
        }
    }
    let mut private = NewImage::shared("own-private", &people.project, days_ago(7));
    private.visibility = Visibility::Private;
    world.add_image(private);
    for visibility in [Visibility::Public, Visibility::Private, Visibility::Shared] {
        let mut foreign = NewImage::shared("foreign", &people.stranger, days_ago(20));
        foreign.visibility = visibility;
        let foreign = world.add_image(foreign);
        world.share(&foreign, &people.project, MemberStatus::Accepted, days_ago(20));
    }
}

/// What the owner can learn of its images, by id.
fn held(stage: &Stage) -> Vec<Image> {
    let world = stage.world();
    let own = world
        .images()
        .filter(|record| *record.owner() == stage.people.project);
    let mut images: Vec<Image> = own.map(|record| record.as_the_owner_sees_it()).collect();
    images.sort_by(|one, other| one.id.cmp(&other.id));
    images
}

fn by_id(inventory: &Inventory) -> Vec<&Image> {
    let mut images: Vec<&Image> = inventory.images.iter().collect();
    images.sort_by(|one, other| one.id.cmp(&other.id));
    images
}

/// Where there can be no members a cloud may as well say that there are none.
fn members(image: &Image) -> Vec<&Member> {
    match &image.sharing {
        Sharing::Members(members) => {
            let mut members: Vec<&Member> = members.iter().collect();
            members.sort_by(|one, other| one.project.cmp(&other.project));
            members
        }
        Sharing::NotShared => Vec::new(),
        other => panic!("{}: {other:?}", image.name),
    }
}

async fn all_that_the_world_holds_is_seen_over_several_pages(make: Make) {
    let stage = Stage::new(make, fill).await;
    let inventory = stage.collect(MEMBERS).await.unwrap();
    assert_eq!(inventory.gaps, []);
    assert_eq!(inventory.cloud.as_str(), "lab");
    let held = held(&stage);
    assert_eq!((held.len(), inventory.images.len()), (OWN_IMAGES, OWN_IMAGES));
    for (held, seen) in held.iter().zip(by_id(&inventory)) {
        assert_eq!(
            (&seen.id, &seen.name, &seen.owner, &seen.status, seen.visibility),
            (&held.id, &held.name, &held.owner, &held.status, held.visibility)
        );
        assert_eq!(
            (
                seen.created_at,
                seen.updated_at,
                seen.protected,
                seen.size,
                &seen.tags
            ),
            (
                held.created_at,
                held.updated_at,
                held.protected,
                held.size,
                &held.tags
            )
        );
        assert_eq!(members(seen), members(held), "{}", held.name);
    }
    let pages = stage.requests().count(CallKind::ListImages);
    assert!(pages >= OWN_IMAGES.div_ceil(PAGE_SIZE), "{pages}");
}

async fn another_projects_images_are_not_taken_for_own(make: Make) {
    let stage = Stage::new(make, fill).await;
    let inventory = stage.collect(MEMBERS).await.unwrap();
    let own = &stage.people.project;
    assert!(inventory.images.iter().all(|image| image.owner == *own));
    let asked_about: Vec<Id> = stage
        .requests()
        .all()
        .into_iter()
        .filter(|request| request.call.kind == CallKind::ListMembers)
        .flat_map(|request| request.call.resources)
        .collect();
    let world = stage.world();
    assert!(
        asked_about
            .iter()
            .all(|image| world.image(image.as_str()).unwrap().owner() == own)
    );
}

async fn a_page_that_fails_is_a_gap_and_what_came_before_it_stays(make: Make) {
    let stage = Stage::new(make, fill).await;
    stage.befall(Fault::on(CallKind::ListImages, Effect::Status(503)).skip(1));
    let inventory = stage.collect(MEMBERS).await.unwrap();
    assert_eq!(inventory.images.len(), PAGE_SIZE);
    assert!(
        inventory
            .images
            .iter()
            .all(|image| !members(image).is_empty() || image.name == "own-private")
    );
    assert!(!inventory.is_complete());
    assert!(
        inventory.gaps.iter().all(|gap| gap.scope == Scope::Images),
        "{:?}",
        inventory.gaps
    );
}

async fn no_page_at_all_is_a_failure(make: Make) {
    let stage = Stage::new(make, fill).await;
    stage.befall(Fault::on(CallKind::ListImages, Effect::Status(503)));
    let failure = stage.collect(MEMBERS).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unavailable);
}

async fn a_member_list_that_fails_is_one_gap(make: Make) {
    let stage = Stage::new(make, fill).await;
    let bad = held(&stage)
        .into_iter()
        .find(|image| image.visibility == Visibility::Shared)
        .unwrap()
        .id;
    stage.befall(Fault::on(CallKind::ListMembers, Effect::Status(500)).resource(&bad));
    let inventory = stage.collect(MEMBERS).await.unwrap();
    let scopes: Vec<&Scope> = inventory.gaps.iter().map(|gap| &gap.scope).collect();
    assert_eq!(scopes, [&Scope::Members(bad.clone())]);
    assert_eq!(inventory.images.len(), OWN_IMAGES);
    for image in &inventory.images {
        match image.id == bad {
            true => assert_eq!(image.sharing, Sharing::Unreadable),
            false => assert!(!members(image).is_empty() || image.visibility == Visibility::Private),
        }
    }
}

async fn what_is_not_asked_for_is_not_read(make: Make) {
    let stage = Stage::new(make, fill).await;
    let data = |stage: &Stage| {
        let all = stage.requests().all().into_iter();
        let mut kinds: Vec<CallKind> = all.map(|request| request.call.kind).collect();
        kinds.retain(|kind| kind.is_data() || matches!(kind, CallKind::ListUsers | CallKind::ShowUser));
        kinds
    };
    let nothing = stage.collect(Needs::default()).await.unwrap();
    assert!(nothing.images.is_empty() && nothing.is_complete());
    assert_eq!(data(&stage), []);

    let images = Needs {
        images: true,
        ..Needs::default()
    };
    let inventory = stage.collect(images).await.unwrap();
    assert_eq!(inventory.images.len(), OWN_IMAGES);
    let read = data(&stage);
    assert!(read.iter().all(|kind| *kind == CallKind::ListImages), "{read:?}");
    let mut shared = inventory.images.iter();
    assert!(shared.all(|image| match image.visibility {
        Visibility::Shared => image.sharing == Sharing::NotRead,
        _ => !matches!(image.sharing, Sharing::Members(_)),
    }));
}

async fn progress_is_told_to_the_end(make: Make) {
    let stage = Stage::new(make, fill).await;
    let reports: Mutex<Vec<Progress>> = Mutex::default();
    let report = |progress| reports.lock().unwrap().push(progress);
    let reader = &stage.cloud.reader;
    reader.collect(MEMBERS, days_ago(0), &report).await.unwrap();
    let last = *reports.lock().unwrap().last().unwrap();
    assert_eq!(last.images, OWN_IMAGES as u64);
    assert_eq!(Some(last.member_lists), last.member_lists_expected);
    assert!(last.member_lists >= SHARED_IMAGES as u64);
}
