//! Looking again at one image: what is gone, and what merely cannot be seen.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;

use super::setup::{
    Client, cloud, cloud_with, id, ids, images, member, members, parameter, refused, row, start,
};
use crate::{
    config::types::Flavour,
    model::{FailureClass, Kind, Sharing},
    providers::scripted::{Asked, body, json as answer, status},
};

fn is_list(asked: &Asked) -> bool {
    asked.path == "/v2/cloudimages"
}

#[tokio::test]
async fn a_share_is_looked_at_with_its_members() {
    let server = cloud(|asked| match is_list(asked) {
        true => images(&[row("i", "shared")]),
        false => members(&[member("i", "p2")]),
    })
    .await;
    let client = Client::of(&server);
    let inventory = client.look(Kind::ImageShare).await.unwrap();
    assert!(matches!(&inventory.images[0].sharing, Sharing::Members(members) if members.len() == 1));
    assert_eq!(server.data_calls().len(), 2);
    let inventory = client.look(Kind::Image).await.unwrap();
    assert_eq!(inventory.images[0].sharing, Sharing::NotRead);
    assert_eq!(server.data_calls().len(), 3);
}

#[tokio::test]
async fn gone_is_confirmed_among_all_the_owners_images() {
    for (flavour, everywhere) in [
        (Flavour::HuaweiCloud, "&enterprise_project_id=all_granted_eps"),
        (Flavour::OpenTelekomCloud, ""),
    ] {
        let server = cloud(|_| images(&[])).await;
        let client = Client::with(&server, |_, huawei| huawei.flavour = flavour);
        let inventory = client.look(Kind::ImageShare).await.unwrap();
        assert!(inventory.images.is_empty() && inventory.is_complete());
        let asked = server.asked.lock().unwrap();
        let queries: Vec<&str> = asked[1..].iter().map(|asked| asked.query.as_str()).collect();
        let wide = format!("id=i&owner=p1{everywhere}");
        assert_eq!(queries, ["id=i&enterprise_project_id=0", wide.as_str()]);
    }
}

#[tokio::test]
async fn an_image_of_another_enterprise_project_is_not_gone() {
    let server = cloud(|asked| match parameter(asked, "enterprise_project_id") {
        "all_granted_eps" => images(&[row("i", "private")]),
        _ => images(&[]),
    })
    .await;
    let inventory = Client::of(&server).look(Kind::Image).await.unwrap();
    assert_eq!(ids(&inventory), ["i"]);
}

#[tokio::test]
async fn an_empty_list_alone_proves_nothing() {
    for (second, class) in [
        (status(403), FailureClass::Refused),
        (status(404), FailureClass::Refused),
        (refused(400, "IMG.0027"), FailureClass::Refused),
        (status(503), FailureClass::Unavailable),
        (body(200, "{}"), FailureClass::Malformed),
        // The filter was not heeded.
        (
            answer(json!({"images": [row("x", "private")]})),
            FailureClass::Malformed,
        ),
    ] {
        let server = cloud(move |asked| match parameter(asked, "owner") {
            "" => images(&[]),
            _ => second.clone().into(),
        })
        .await;
        let failure = Client::of(&server).look(Kind::Image).await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
    }
}

#[tokio::test]
async fn an_image_that_is_going_is_not_gone() {
    for word in ["deleting", "pending_delete", "deleted"] {
        let mut going = row("i", "private");
        going["status"] = json!(word);
        let server = cloud(move |_| images(&[going.clone()])).await;
        let inventory = Client::of(&server).look(Kind::Image).await.unwrap();
        assert_eq!(inventory.images[0].status, word);
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_a_failure_after_one_try() {
    for (code, class, calls) in [
        (401, FailureClass::Unauthenticated, 2),
        (403, FailureClass::Refused, 1),
        (500, FailureClass::Unavailable, 1),
    ] {
        let server = cloud(move |_| status(code).into()).await;
        let failure = Client::of(&server).look(Kind::Image).await.unwrap_err();
        assert_eq!(
            (failure.class, server.data_calls().len()),
            (class, calls),
            "{code}"
        );
    }
    for code in [404, 403, 500] {
        let server = cloud(move |asked| match is_list(asked) {
            true => images(&[row("i", "shared")]),
            false => status(code).into(),
        })
        .await;
        Client::of(&server).look(Kind::ImageShare).await.unwrap_err();
    }
    let nobody = cloud(|_| images(&[row("i", "private")])).await;
    let client = Client::of(&nobody);
    let look = client.cloud.reader.look(Kind::Image, &id(""), &[], start()).await;
    assert_eq!(look.unwrap_err().class, FailureClass::Malformed);
    assert_eq!(
        nobody.data_calls().len(),
        0,
        "an empty filter would find any image"
    );
}

#[tokio::test]
async fn an_image_deleted_between_the_two_questions_is_gone_once_confirmed() {
    let server = cloud(|asked| match (is_list(asked), parameter(asked, "owner")) {
        (false, _) => status(404).into(),
        (true, "p1") => images(&[]),
        (true, _) => images(&[row("i", "shared")]),
    })
    .await;
    let failure = Client::of(&server).look(Kind::ImageShare).await.unwrap_err();
    assert!(
        failure.detail.contains("404"),
        "the list still holds it: {failure}"
    );

    let asked_for = Arc::new(AtomicUsize::new(0));
    let lists = Arc::clone(&asked_for);
    let server = cloud(move |asked| match is_list(asked) {
        true if lists.fetch_add(1, Ordering::SeqCst) == 0 => images(&[row("i", "shared")]),
        true => images(&[]),
        false => status(404).into(),
    })
    .await;
    let inventory = Client::of(&server).look(Kind::ImageShare).await.unwrap();
    assert!(inventory.images.is_empty() && inventory.is_complete());
}

#[tokio::test]
async fn a_private_image_without_a_member_list_is_not_shared() {
    for code in [403, 404] {
        let server = cloud(move |asked| match is_list(asked) {
            true => images(&[row("i", "private")]),
            false => status(code).into(),
        })
        .await;
        let inventory = Client::of(&server).look(Kind::ImageShare).await.unwrap();
        assert_eq!(inventory.images[0].sharing, Sharing::NotShared, "{code}");
    }
}

#[tokio::test]
async fn another_projects_image_is_shown_without_the_part_of_its_members_that_we_see() {
    let server = cloud(|_| {
        let mut foreign = row("i", "shared");
        foreign["owner"] = json!("p2");
        images(&[foreign])
    })
    .await;
    let inventory = Client::of(&server).look(Kind::ImageShare).await.unwrap();
    let image = &inventory.images[0];
    assert_eq!((&image.owner, &image.sharing), (&id("p2"), &Sharing::NotRead));
    assert_eq!(server.data_calls().len(), 1);
}

#[tokio::test]
async fn a_probe_is_one_cheap_call_to_a_service_that_is_there() {
    let server = cloud(|_| images(&[])).await;
    Client::of(&server).cloud.reader.probe().await.unwrap();
    let last = server.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(
        (last.path.as_str(), last.query.as_str()),
        ("/v2/cloudimages", "limit=1")
    );
    let server = cloud(|_| status(503).into()).await;
    let failure = Client::of(&server).cloud.reader.probe().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unavailable);
    let server = cloud_with("swrv2", |_| answer(json!({"namespaces": []})).into()).await;
    Client::of(&server).cloud.reader.probe().await.unwrap();
    assert_eq!(server.data_calls(), ["GET /v2/manage/namespaces"]);
}
