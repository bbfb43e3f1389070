//! Members, one at a time.

use super::{
    shared_images::{Scene, code},
    *,
};
use crate::{
    model::{Kind, Visibility},
    simulator::NewImage,
};

#[tokio::test]
async fn one_flavour_pages_members_by_an_opaque_marker() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let own_form = format!(
        "/v1/{}/cloudimages/{}/members",
        scene.harness.project, scene.images[0]
    );
    for path in [scene.members(0), own_form] {
        let first = scene.call("GET", &format!("{path}?limit=2"), None).await.json();
        assert_eq!(first["members"][0]["member_type"], "project");
        assert_eq!(first["page_info"]["current_count"], 2);
        let marker = first["page_info"]["next_marker"].as_str().unwrap();
        let marker: String = url::form_urlencoded::byte_serialize(marker.as_bytes()).collect();
        let rest = scene
            .call("GET", &format!("{path}?limit=2&marker={marker}"), None)
            .await
            .json();
        assert_eq!(rest["members"].as_array().unwrap().len(), 1);
        assert!(rest["page_info"].get("next_marker").is_none());
        assert_eq!(
            scene.call("GET", &format!("{path}?limit=0"), None).await.status,
            400
        );
    }
    let other = format!("/v1/another/cloudimages/{}/members", scene.images[0]);
    assert_eq!(
        code(&scene.call("GET", &other, None).await),
        (400, "IMG.0030".to_string())
    );
}

#[tokio::test]
async fn the_other_flavour_tells_all_members_at_once_and_no_type() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let list = scene
        .call("GET", &format!("{}?limit=1", scene.members(0)), None)
        .await
        .json();
    assert_eq!(list["members"].as_array().unwrap().len(), 3);
    assert!(list["members"][0].get("member_type").is_none() && list.get("page_info").is_none());
    let shown = scene.call("GET", &scene.member(0, 1), None).await.json();
    assert_eq!(shown["created_at"], "2026-11-21T12:00:00Z");
}

#[tokio::test]
async fn a_member_is_removed_once_and_by_the_owner_alone() {
    for (flavour, forbidden) in [(Flavour::HuaweiCloud, 400), (Flavour::OpenTelekomCloud, 403)] {
        let scene = Scene::start(flavour).await;
        let path = scene.member(0, 0);
        let guest = scene.guest_token().await;
        assert_eq!(
            scene.harness.call(&guest, "DELETE", &path, None).await.status,
            forbidden
        );
        assert_eq!(scene.call("DELETE", &path, None).await.status, 204);
        assert_eq!(scene.call("DELETE", &path, None).await.status, 404);
        assert_eq!(scene.call("GET", &path, None).await.status, 404);
        assert_eq!(scene.harness.get(&guest, &scene.members(0)).await.status, 404);
        let removals = scene.harness.cloud.world().removals().to_vec();
        assert_eq!(removals.len(), 1);
        let share = (
            Kind::ImageShare,
            scene.images[0].clone(),
            Some(scene.guests[0].clone()),
        );
        assert_eq!(removals[0].of(), share);
    }
}

#[tokio::test]
async fn an_image_is_private_again_without_its_last_member() {
    for (flavour, status) in [(Flavour::HuaweiCloud, 200), (Flavour::OpenTelekomCloud, 403)] {
        let scene = Scene::start(flavour).await;
        for guest in 0..3 {
            assert_eq!(
                scene.call("DELETE", &scene.member(0, guest), None).await.status,
                204
            );
        }
        let image = format!("/v2/images/{}", scene.images[0]);
        let shown = scene.call("GET", &image, None).await.json();
        assert_eq!(shown["visibility"], "private");
        let list = scene.call("GET", &scene.members(0), None).await;
        assert_eq!(list.status, status, "{}", list.text);
        let pair = scene.call("GET", &scene.member(0, 0), None).await;
        assert_eq!(pair.status, 404);
        assert!(
            pair.text.contains("not found in the member list"),
            "{}",
            pair.text
        );
    }
}

#[tokio::test]
async fn a_private_image_becomes_shared_by_its_first_member() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let mut image = NewImage::shared("private", &scene.harness.project, noon());
    image.visibility = Visibility::Private;
    let image = scene.harness.cloud.world().add_image(image);
    let members = format!("/v2/images/{image}/members");
    let none = scene.call("GET", &members, None).await.json();
    assert_eq!(none["members"], json!([]));
    let member = json!({"member": scene.guests[0].as_str()});
    let added = scene.call("POST", &members, Some(member.clone())).await;
    assert_eq!((added.status, &added.json()["status"]), (200, &json!("pending")));
    assert_eq!(scene.call("POST", &members, Some(member)).await.status, 409);
    let shown = scene
        .call("GET", &format!("/v2/images/{image}"), None)
        .await
        .json();
    assert_eq!(shown["visibility"], "shared");
    let itself = json!({"member": scene.harness.project.as_str()});
    assert_eq!(
        code(&scene.call("POST", &members, Some(itself)).await),
        (400, "IMG.0076".to_string())
    );
}

#[tokio::test]
async fn a_recipient_answers_and_the_owner_does_not() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let guest = scene.guest_token().await;
    let rejected = json!({"status": "rejected"});
    let answered = scene
        .harness
        .call(&guest, "PUT", &scene.member(0, 0), Some(rejected.clone()))
        .await;
    assert_eq!(
        (answered.status, &answered.json()["status"]),
        (200, &json!("rejected"))
    );
    assert_eq!(
        scene
            .call("PUT", &scene.member(0, 0), Some(rejected))
            .await
            .status,
        403
    );
    let body = json!({
        "images": [scene.images[0].as_str(), scene.images[1].as_str()],
        "project_id": scene.guests[0].as_str(),
        "status": "rejected",
    });
    let path = "/v1/cloudimages/members";
    let batch = scene.harness.call(&guest, "PUT", path, Some(body)).await;
    assert_eq!(batch.status, 200);
    let shown = scene.call("GET", &scene.member(1, 0), None).await.json();
    assert_eq!(shown["status"], "rejected");
}
