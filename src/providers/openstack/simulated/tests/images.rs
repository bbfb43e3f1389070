use super::*;
use crate::model::Visibility;

impl Harness {
    fn image_path(&self) -> String {
        format!("/v2/images/{}", self.image)
    }

    async fn patch(&self, user: &str, operations: Value) -> Answer {
        let token = self.token_of(user).await;
        let url = format!("{}{}", self.cloud.shared.image_root(), self.image_path());
        let request = self.request("PATCH", &url).header("x-auth-token", token);
        let media_type = "application/openstack-images-v2.1-json-patch";
        Harness::send(
            request
                .header("content-type", media_type)
                .body(operations.to_string()),
        )
        .await
    }
}

#[tokio::test]
async fn an_image_is_shown_with_the_fields_of_the_service() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let image = harness.get(&token, &harness.image_path()).await.json();
    assert_eq!(image["owner"], harness.login.project.as_str());
    assert_eq!(image["created_at"], "2026-08-23T12:00:00Z");
    assert_eq!(image["visibility"], "shared");
    assert_eq!(image["self"], harness.image_path());
    assert_eq!(image["virtual_size"], Value::Null);
}

#[tokio::test]
async fn deleting_is_for_the_owner_unless_protected_or_in_use() {
    let harness = Harness::start().await;
    let path = harness.image_path();
    let change = |protected, in_use| {
        let mut world = harness.cloud.world();
        let image = world.image_mut(harness.image.as_str()).unwrap();
        (image.protected, image.in_use) = (protected, in_use);
    };
    assert_eq!(harness.status_of("stranger", "DELETE", &path).await, 404);
    assert_eq!(harness.status_of("guest", "DELETE", &path).await, 403);
    assert_eq!(harness.status_of("reader", "DELETE", &path).await, 403);
    change(true, true);
    assert_eq!(harness.status_of("revoker", "DELETE", &path).await, 403);
    change(false, true);
    assert_eq!(harness.status_of("revoker", "DELETE", &path).await, 409);
    change(false, false);
    assert!(harness.cloud.world().removals().is_empty());
    assert_eq!(harness.status_of("revoker", "DELETE", &path).await, 204);
    assert_eq!(harness.status_of("revoker", "DELETE", &path).await, 404);
    assert_eq!(harness.status_of("revoker", "GET", &path).await, 404);
    assert_eq!(
        harness.status_of("revoker", "GET", &harness.members_path()).await,
        404
    );
    assert_eq!(harness.cloud.world().removals()[0].subject, None);
}

#[tokio::test]
async fn a_strangers_community_image_cannot_be_deleted() {
    let harness = Harness::start().await;
    harness
        .cloud
        .world()
        .image_mut(harness.image.as_str())
        .unwrap()
        .visibility = Visibility::Community;
    assert_eq!(
        harness
            .status_of("stranger", "DELETE", &harness.image_path())
            .await,
        403
    );
}

#[tokio::test]
async fn a_delayed_deletion_stays_visible_until_its_time() {
    let harness = Harness::start_with(|world, _| world.deletion_delay = SignedDuration::from_mins(5)).await;
    let token = harness.token_of("revoker").await;
    let path = harness.image_path();
    assert_eq!(harness.call(&token, "DELETE", &path, None).await.status, 204);
    assert_eq!(
        harness.get(&token, &path).await.json()["status"],
        "pending_delete"
    );
    assert_eq!(harness.call(&token, "DELETE", &path, None).await.status, 400);
    harness.pass(SignedDuration::from_mins(4));
    let listed = harness.get(&token, "/v2/images").await.json();
    assert_eq!(listed["images"][0]["status"], "pending_delete");
    harness.pass(SignedDuration::from_mins(1));
    assert_eq!(harness.get(&token, &path).await.status, 404);
    assert_eq!(
        harness.get(&token, "/v2/images").await.json()["images"],
        json!([])
    );
    assert_eq!(harness.cloud.world().removals().len(), 1);
}

#[tokio::test]
async fn the_owner_changes_visibility_protection_and_tags() {
    let harness = Harness::start().await;
    let operations = json!([
        {"op": "replace", "path": "/visibility", "value": "private"},
        {"op": "replace", "path": "/protected", "value": true},
        {"op": "replace", "path": "/tags", "value": ["team=edge"]},
        {"op": "add", "path": "/os_distro", "value": "debian"},
    ]);
    assert_eq!(harness.patch("stranger", operations.clone()).await.status, 404);
    assert_eq!(harness.patch("guest", operations.clone()).await.status, 403);
    let changed = harness.patch("revoker", operations).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["visibility"], "private");
    assert_eq!(changed.json()["tags"], json!(["team=edge"]));
    assert_eq!(changed.json()["os_distro"], "debian");
    assert_eq!(changed.json()["updated_at"], "2026-11-21T12:00:00Z");
    assert_eq!(
        harness.status_of("guest", "GET", &harness.image_path()).await,
        404
    );
}

#[tokio::test]
async fn a_bad_change_changes_nothing() {
    let harness = Harness::start().await;
    let status = async |operation: Value| harness.patch("revoker", json!([operation])).await.status;
    assert_eq!(status(json!({"op": "move", "path": "/name"})).await, 400);
    assert_eq!(
        status(json!({"op": "replace", "path": "/visibility", "value": "x"})).await,
        400
    );
    assert_eq!(
        status(json!({"op": "replace", "path": "/nonesuch", "value": "x"})).await,
        409
    );
    assert_eq!(status(json!({"op": "remove", "path": "/nonesuch"})).await, 409);
    assert_eq!(
        status(json!({"op": "replace", "path": "/id", "value": "x"})).await,
        403
    );
    assert_eq!(
        status(json!({"op": "replace", "path": "/visibility", "value": "public"})).await,
        403
    );
    assert_eq!(harness.patch("revoker", json!({})).await.status, 400);
    let token = harness.token_of("revoker").await;
    let wrong_type = harness
        .call(&token, "PATCH", &harness.image_path(), Some(json!([])))
        .await;
    assert_eq!(wrong_type.status, 415);
    let image = harness.get(&token, &harness.image_path()).await.json();
    assert_eq!(
        (&image["name"], &image["visibility"]),
        (&json!("golden"), &json!("shared"))
    );
}

#[tokio::test]
async fn an_image_is_created_queued_and_shared() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let body = json!({"name": "new", "disk_format": "raw", "tags": ["a"], "os_distro": "debian"});
    let created = harness.call(&token, "POST", "/v2/images", Some(body)).await;
    assert_eq!(created.status, 201);
    let image = created.json();
    assert_eq!(
        (&image["status"], &image["visibility"]),
        (&json!("queued"), &json!("shared"))
    );
    assert_eq!(image["os_distro"], "debian");
    assert!(
        created
            .header("location")
            .ends_with(image["self"].as_str().unwrap())
    );
    let bad = harness
        .call(&token, "POST", "/v2/images", Some(json!({"visibility": "bogus"})))
        .await;
    assert_eq!(bad.status, 400);
    let reader = harness.token_of("reader").await;
    assert_eq!(
        harness
            .call(&reader, "POST", "/v2/images", Some(json!({})))
            .await
            .status,
        403
    );
}
