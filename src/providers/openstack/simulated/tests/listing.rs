use super::*;
use crate::model::Visibility;

/// A world of `count` images beside the one it starts with, `image-0` newest.
async fn with_images(count: i64, more: impl FnOnce(&mut World, &mut Options)) -> Harness {
    Harness::start_with(|world, options| {
        let owner = world.project_named("platform").unwrap().id.clone();
        for number in 0..count {
            world.add_image(NewImage::shared(
                &format!("image-{number}"),
                &owner,
                noon() - days(number),
            ));
        }
        more(world, options);
    })
    .await
}

fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let images = json["images"].as_array().unwrap();
    images
        .iter()
        .map(|image| image["name"].as_str().unwrap().to_string())
        .collect()
}

async fn list(harness: &Harness, user: &str, query: &str) -> Vec<String> {
    let token = harness.token_of(user).await;
    names(&harness.get(&token, &format!("/v2/images?{query}")).await)
}

async fn pages(harness: &Harness, first: &str) -> Vec<Vec<String>> {
    let token = harness.token_of("revoker").await;
    let mut pages = Vec::new();
    let mut path = Some(first.to_string());
    while let Some(current) = path {
        let answer = harness.get(&token, &current).await;
        pages.push(names(&answer));
        path = answer.json()["next"].as_str().map(ToString::to_string);
    }
    pages
}

#[tokio::test]
async fn pages_are_newest_first_and_linked_by_relative_paths() {
    let harness = with_images(4, |_, _| {}).await;
    let token = harness.token_of("revoker").await;
    let answer = harness
        .get(&token, "/v2/images?limit=2&visibility=shared")
        .await
        .json();
    let last = answer["images"][1]["id"].as_str().unwrap();
    assert_eq!(
        answer["next"],
        format!("/v2/images?limit=2&visibility=shared&marker={last}")
    );
    assert_eq!(answer["first"], "/v2/images?limit=2&visibility=shared");
    let pages = pages(&harness, "/v2/images?limit=2").await;
    assert_eq!(
        pages.concat(),
        ["image-0", "image-1", "image-2", "image-3", "golden"]
    );
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn a_full_last_page_is_followed_by_an_empty_one() {
    let harness = with_images(3, |_, _| {}).await;
    let pages = pages(&harness, "/v2/images?limit=2").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 0]);
}

#[tokio::test]
async fn a_short_page_can_have_a_successor() {
    let harness = with_images(5, |world, options| {
        options.dropped_from_lists = world.images().take(2).map(|image| image.id().clone()).collect();
    })
    .await;
    let pages = pages(&harness, "/v2/images?limit=2").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [0, 2, 2, 0]);
}

#[tokio::test]
async fn limits_default_are_capped_and_are_checked() {
    let harness = with_images(7, |_, options| {
        options.page_default = 3;
        options.page_max = 5;
    })
    .await;
    assert_eq!(list(&harness, "revoker", "").await.len(), 3);
    assert_eq!(list(&harness, "revoker", "limit=99").await.len(), 5);
    assert_eq!(list(&harness, "revoker", "limit=0").await.len(), 0);
    let token = harness.token_of("revoker").await;
    let none = harness.get(&token, "/v2/images?limit=0").await.json();
    assert!(none.get("next").is_none());
}

#[tokio::test]
async fn bad_parameters_get_400() {
    let harness = with_images(1, |_, _| {}).await;
    let token = harness.token_of("revoker").await;
    for query in [
        "limit=-1",
        "limit=x",
        "limit=",
        "marker=nope",
        "visibility=bogus",
        "member_status=bogus",
        "protected=True",
        "os_hidden=maybe",
        "sort=name:up",
        "sort_key=bogus",
        "sort_dir=up",
        "sort=name:asc&sort_key=id",
        "created_at=foo:2020-01-01T00:00:00Z",
        "created_at=gt:yesterday",
        "size_min=x",
        "changes-since=x",
    ] {
        let answer = harness.get(&token, &format!("/v2/images?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_marker_must_exist_and_be_visible() {
    let harness = with_images(1, |_, _| {}).await;
    let (owner, stranger) = (
        harness.token_of("revoker").await,
        harness.token_of("stranger").await,
    );
    let path = format!("/v2/images?marker={}", harness.image);
    assert_eq!(harness.get(&owner, &path).await.status, 200);
    assert_eq!(harness.get(&stranger, &path).await.status, 403);
    let gone = harness
        .call(&owner, "DELETE", &format!("/v2/images/{}", harness.image), None)
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(harness.get(&owner, &path).await.status, 400);
}

#[tokio::test]
async fn hidden_images_need_a_pass_of_their_own() {
    let harness = with_images(2, |world, _| {
        let id = world.images().next().unwrap().id().clone();
        world.image_mut(id.as_str()).unwrap().hidden = true;
    })
    .await;
    assert_eq!(list(&harness, "revoker", "").await, ["image-1", "golden"]);
    assert_eq!(
        list(&harness, "revoker", "os_hidden=false").await,
        ["image-1", "golden"]
    );
    assert_eq!(list(&harness, "revoker", "os_hidden=True").await, ["image-0"]);
}

#[tokio::test]
async fn a_project_lists_what_it_accepted_and_on_asking_the_rest() {
    let harness = Harness::start().await;
    assert_eq!(list(&harness, "guest", "").await, ["golden"]);
    assert!(list(&harness, "other", "").await.is_empty());
    assert_eq!(list(&harness, "other", "member_status=pending").await, ["golden"]);
    assert_eq!(
        list(&harness, "other", "member_status=all&visibility=shared").await,
        ["golden"]
    );
    assert!(list(&harness, "guest", "member_status=rejected").await.is_empty());
    assert!(list(&harness, "stranger", "member_status=all").await.is_empty());
    assert_eq!(list(&harness, "admin", "").await, ["golden"]);
}

#[tokio::test]
async fn community_images_of_others_are_listed_on_asking_only() {
    let harness = with_images(3, |world, _| {
        let ids: Vec<Id> = world.images().map(|image| image.id().clone()).collect();
        let kinds = [Visibility::Community, Visibility::Public, Visibility::Private];
        for (id, visibility) in ids.iter().zip(kinds) {
            world.image_mut(id.as_str()).unwrap().visibility = visibility;
        }
    })
    .await;
    assert_eq!(list(&harness, "stranger", "").await, ["image-1"]);
    assert_eq!(
        list(&harness, "stranger", "visibility=community").await,
        ["image-0"]
    );
    assert_eq!(
        list(&harness, "stranger", "visibility=all").await,
        ["image-0", "image-1"]
    );
    let owner = harness.login.project.clone();
    assert_eq!(
        list(&harness, "stranger", &format!("owner={owner}")).await,
        ["image-1"]
    );
    assert_eq!(list(&harness, "revoker", "").await.len(), 4);
    assert_eq!(list(&harness, "revoker", "visibility=private").await, ["image-2"]);
}

#[tokio::test]
async fn lists_are_filtered_by_what_is_asked() {
    let harness = with_images(3, |world, _| {
        let id = world.images().next().unwrap().id().clone();
        let image = world.image_mut(id.as_str()).unwrap();
        image.tags = vec!["a".to_string(), "b".to_string()];
        image.protected = true;
        image.size = None;
        image.status = "queued".to_string();
        image
            .properties
            .insert("os_distro".to_string(), "debian".to_string());
    })
    .await;
    for query in [
        "tag=a&tag=b",
        "protected=true",
        "status=queued",
        "os_distro=debian",
        "name=image-0",
        "name=in:image-0,%22nope%22",
        "created_at=gt:2026-11-20T12:00:00Z",
        "created_at=2026-11-21T12:00:00",
    ] {
        assert_eq!(list(&harness, "revoker", query).await, ["image-0"], "{query}");
    }
    assert!(list(&harness, "revoker", "tag=a&tag=c").await.is_empty());
    assert!(list(&harness, "revoker", "owner=nobody").await.is_empty());
    let id = harness.image.clone();
    assert_eq!(
        list(&harness, "revoker", &format!("id=in:{id},nope")).await,
        ["golden"]
    );
    assert_eq!(list(&harness, "revoker", "protected=false").await.len(), 3);
    assert_eq!(list(&harness, "revoker", "size_min=1").await.len(), 3);
}

#[tokio::test]
async fn a_repeated_tag_survives_once_in_the_links() {
    let harness = with_images(2, |_, _| {}).await;
    let token = harness.token_of("revoker").await;
    let answer = harness.get(&token, "/v2/images?tag=q&tag=r&limit=1").await.json();
    assert_eq!(answer["first"], "/v2/images?tag=r&limit=1");
}

#[tokio::test]
async fn other_orders_are_paged_as_well() {
    let harness = with_images(4, |_, _| {}).await;
    let pages = pages(&harness, "/v2/images?sort=name:asc&limit=2").await;
    assert_eq!(
        pages.concat(),
        ["golden", "image-0", "image-1", "image-2", "image-3"]
    );
    let oldest_first = list(&harness, "revoker", "sort_key=created_at&sort_dir=asc").await;
    assert_eq!(oldest_first[0], "golden");
}
