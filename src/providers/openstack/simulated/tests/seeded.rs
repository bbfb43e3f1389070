use super::*;
use crate::{
    model::Kind,
    providers::openstack::wire::{ImagesResponse, MembersResponse},
    simulator::{CallKind, Seeded, Seeding, seeded_world},
};

async fn seeded_harness() -> Harness {
    let mut harness = Harness::start().await;
    let Seeded { world, login } = seeded_world(&Seeding {
        seed: 7,
        now: noon(),
        images: 400,
        foreign_images: 40,
        projects: 50,
        shares_per_image: 10,
    });
    *harness.cloud.world() = world;
    harness.login = login;
    harness
}

async fn all_own_images(harness: &Harness, token: &str, hidden: bool) -> ImagesResponse {
    let owner = &harness.login.project;
    let mut next = Some(format!("/v2/images?limit=100&owner={owner}&os_hidden={hidden}"));
    let mut all: Option<ImagesResponse> = None;
    while let Some(path) = next.take() {
        let answer = harness.get(token, &path).await;
        let page: ImagesResponse = serde_json::from_str(&answer.text).unwrap();
        next = page.next.clone();
        match &mut all {
            None => all = Some(page),
            Some(all) => all.images.extend(page.images),
        }
    }
    all.unwrap()
}

#[tokio::test]
async fn a_seeded_world_is_read_back_whole_over_http() {
    let harness = seeded_harness().await;
    let token = harness.token_of("revoker").await;
    let mut images = all_own_images(&harness, &token, false).await.images;
    images.extend(all_own_images(&harness, &token, true).await.images);
    let own = |world: &World| -> Vec<crate::model::Image> {
        let records = world
            .images()
            .filter(|record| *record.owner() == harness.login.project);
        records.map(|record| record.as_the_owner_sees_it()).collect()
    };
    let expected = own(&harness.cloud.world());
    assert_eq!((images.len(), expected.len()), (400, 400));
    for image in &expected {
        let seen = images.iter().find(|seen| seen.id == image.id.as_str()).unwrap();
        assert_eq!(seen.name.as_deref(), Some(image.name.as_str()));
        assert_eq!((&seen.tags, seen.size), (&image.tags, image.size));
        assert_eq!(
            (seen.created_at, seen.updated_at),
            (image.created_at, image.updated_at)
        );
    }
}

#[tokio::test]
async fn removing_what_was_decided_leaves_nothing_outside() {
    let harness = seeded_harness().await;
    let token = harness.token_of("revoker").await;
    let images = all_own_images(&harness, &token, false).await.images;
    let mut decided = std::collections::HashSet::new();
    for image in images.iter().filter(|image| image.visibility == "shared").take(5) {
        let path = format!("/v2/images/{}/members", image.id);
        let answer = harness.get(&token, &path).await;
        let members: MembersResponse = serde_json::from_str(&answer.text).unwrap();
        let member = &members.members[0].member_id;
        let removed = harness
            .call(&token, "DELETE", &format!("{path}/{member}"), None)
            .await;
        assert_eq!(removed.status, 204);
        decided.insert((
            Kind::ImageShare,
            Id::from(image.id.as_str()),
            Some(Id::from(member.as_str())),
        ));
    }
    assert_eq!(harness.cloud.requests().count(CallKind::RemoveMember), 5);
    assert_eq!(harness.cloud.requests().count(CallKind::Login), 1);
    let world = harness.cloud.world();
    assert_eq!(world.removals().len(), 5);
    assert!(world.removed_outside(&decided).is_empty());
    assert_eq!(world.removed_outside(&std::collections::HashSet::new()).len(), 5);
}
