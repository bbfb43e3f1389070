use super::*;
use crate::model::Visibility;

async fn visibility(harness: &Harness, visibility: Visibility) {
    let image = harness.image.clone();
    harness
        .cloud
        .world()
        .image_mut(image.as_str())
        .unwrap()
        .visibility = visibility;
}

fn rows(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let members = json["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| member["member_id"].as_str().unwrap().to_string())
        .collect()
}

#[tokio::test]
async fn the_owner_sees_all_rows_and_a_member_its_own() {
    let harness = Harness::start().await;
    let path = harness.members_path();
    let owner = harness.get(&harness.token_of("revoker").await, &path).await;
    assert_eq!(rows(&owner), [harness.guest.as_str(), harness.other.as_str()]);
    assert_eq!(owner.json()["schema"], "/v2/schemas/members");
    assert_eq!(owner.json()["members"][0]["created_at"], "2026-09-22T12:00:00Z");
    let member = harness.get(&harness.token_of("guest").await, &path).await;
    assert_eq!(rows(&member), [harness.guest.as_str()]);
    assert_eq!(harness.status_of("stranger", "GET", &path).await, 404);
    assert_eq!(harness.status_of("admin", "GET", &path).await, 200);
    assert_eq!(harness.status_of("reader", "GET", &path).await, 200);
}

#[tokio::test]
async fn removals_are_checked_in_the_services_order() {
    let harness = Harness::start().await;
    let (guest, other) = (
        harness.member_path(&harness.guest),
        harness.member_path(&harness.other),
    );
    assert_eq!(harness.status_of("stranger", "DELETE", &guest).await, 404);
    assert_eq!(harness.status_of("guest", "DELETE", &other).await, 404);
    assert_eq!(harness.status_of("guest", "DELETE", &guest).await, 403);
    assert_eq!(harness.status_of("reader", "DELETE", &guest).await, 403);
    let nobody = harness.member_path(&Id::from("nobody"));
    assert_eq!(harness.status_of("reader", "DELETE", &nobody).await, 404);
    visibility(&harness, Visibility::Private).await;
    assert_eq!(harness.status_of("revoker", "DELETE", &nobody).await, 403);
    assert_eq!(harness.status_of("guest", "DELETE", &guest).await, 404);
    visibility(&harness, Visibility::Shared).await;
    assert!(harness.cloud.world().removals().is_empty());
    assert_eq!(harness.status_of("revoker", "DELETE", &guest).await, 204);
    assert_eq!(harness.status_of("revoker", "DELETE", &guest).await, 404);
    assert_eq!(
        harness
            .status_of("revoker", "DELETE", "/v2/images/gone/members/x")
            .await,
        404
    );
    let removals = harness.cloud.world().removals().to_vec();
    assert_eq!(removals.len(), 1);
    assert_eq!(removals[0].subject.as_ref(), Some(&harness.guest));
    assert_eq!(
        (removals[0].at, &removals[0].by),
        (noon(), &harness.login.project)
    );
}

#[tokio::test]
async fn a_member_of_a_protected_image_can_be_removed() {
    let harness = Harness::start().await;
    let image = harness.image.clone();
    harness.cloud.world().image_mut(image.as_str()).unwrap().protected = true;
    let path = harness.member_path(&harness.guest);
    assert_eq!(harness.status_of("revoker", "DELETE", &path).await, 204);
}

#[tokio::test]
async fn an_image_that_is_not_shared_shows_no_members_and_keeps_them() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let (list, one) = (harness.members_path(), harness.member_path(&harness.guest));
    for kind in [Visibility::Private, Visibility::Community, Visibility::Public] {
        visibility(&harness, kind).await;
        assert_eq!(harness.get(&token, &list).await.status, 403);
        assert_eq!(harness.get(&token, &one).await.status, 404);
        let add = harness
            .call(&token, "POST", &list, Some(json!({"member": "x"})))
            .await;
        assert_eq!(add.status, 403);
        let update = harness
            .call(&token, "PUT", &one, Some(json!({"status": "accepted"})))
            .await;
        assert_eq!(update.status, 403);
        assert_eq!(harness.call(&token, "DELETE", &one, None).await.status, 403);
    }
    visibility(&harness, Visibility::Shared).await;
    assert_eq!(rows(&harness.get(&token, &list).await).len(), 2);
}

#[tokio::test]
async fn members_are_added_as_pending_once_and_up_to_the_quota() {
    let harness = Harness::start_with(|world, _| world.member_quota = Some(3)).await;
    let token = harness.token_of("revoker").await;
    let path = harness.members_path();
    let add = |member: Value| harness.call(&token, "POST", &path, Some(json!({ "member": member })));
    assert_eq!(add(json!(harness.guest.as_str())).await.status, 409);
    let added = add(json!("no-such-project")).await;
    assert_eq!(
        (added.status, added.json()["status"].as_str()),
        (200, Some("pending"))
    );
    assert_eq!(add(json!("one-too-many")).await.status, 413);
    assert_eq!(add(json!("")).await.status, 400);
    assert_eq!(
        harness.call(&token, "POST", &path, Some(json!({}))).await.status,
        400
    );
    let guest = harness.token_of("guest").await;
    assert_eq!(
        harness
            .call(&guest, "POST", &path, Some(json!({"member": "x"})))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn only_the_member_answers_a_share() {
    let harness = Harness::start().await;
    let path = harness.member_path(&harness.other);
    let answer = async |user: &str, status: &str| {
        let token = harness.token_of(user).await;
        harness
            .call(&token, "PUT", &path, Some(json!({ "status": status })))
            .await
            .status
    };
    assert_eq!(answer("revoker", "accepted").await, 403);
    assert_eq!(answer("revoker", "bogus").await, 403);
    assert_eq!(answer("guest", "accepted").await, 404);
    assert_eq!(answer("stranger", "accepted").await, 404);
    assert_eq!(answer("other", "bogus").await, 400);
    assert_eq!(answer("other", "accepted").await, 200);
    let token = harness.token_of("other").await;
    assert_eq!(harness.get(&token, &path).await.json()["status"], "accepted");
}

#[tokio::test]
async fn every_member_uses_the_image_by_id_whatever_its_status() {
    let harness = Harness::start().await;
    let path = format!("/v2/images/{}", harness.image);
    assert_eq!(harness.status_of("guest", "GET", &path).await, 200);
    assert_eq!(harness.status_of("other", "GET", &path).await, 200);
    assert_eq!(harness.status_of("stranger", "GET", &path).await, 404);
}

#[tokio::test]
async fn a_member_id_is_free_text_in_the_path() {
    let harness = Harness::start().await;
    let odd = Id::from("a b");
    harness
        .cloud
        .world()
        .share(&harness.image, &odd, MemberStatus::Pending, noon());
    let token = harness.token_of("revoker").await;
    let path = format!("{}/a%20b", harness.members_path());
    assert_eq!(harness.call(&token, "DELETE", &path, None).await.status, 204);
}
