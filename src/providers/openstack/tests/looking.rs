//! Looking again at one image: what is gone, and what merely cannot be seen.

use serde_json::{Value, json};

use super::setup::{Client, id, ids, start};
use crate::{
    model::{Failure, FailureClass, Inventory, Kind, Sharing},
    providers::scripted::{Server, image, json, member, no_images, status},
};

async fn look(server: &Server, kind: Kind) -> Result<Inventory, Failure> {
    Client::of(server)
        .cloud
        .reader
        .look(kind, &id("i"), &[], start())
        .await
}

#[tokio::test]
async fn a_share_is_looked_at_with_its_members() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/image/v2/images/i" => json(image("i", "shared")).into(),
        _ => json(json!({"members": [member("i", "p2")]})).into(),
    })
    .await;
    let inventory = look(&server, Kind::ImageShare).await.unwrap();
    assert!(matches!(&inventory.images[0].sharing, Sharing::Members(members) if members.len() == 1));
    let inventory = look(&server, Kind::Image).await.unwrap();
    assert_eq!(inventory.images[0].sharing, Sharing::NotRead);
}

#[tokio::test]
async fn gone_is_confirmed_by_both_lists() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/image/v2/images" => no_images(),
        _ => status(404).into(),
    })
    .await;
    let inventory = look(&server, Kind::ImageShare).await.unwrap();
    assert!(inventory.images.is_empty() && inventory.is_complete());
    let asked = server.asked.lock().unwrap();
    let queries: Vec<&str> = asked.iter().map(|asked| asked.query.as_str()).skip(2).collect();
    let common = "id=i&visibility=all&owner=p1&os_hidden=";
    assert_eq!(queries, [format!("{common}false"), format!("{common}true")]);
}

#[tokio::test]
async fn a_404_alone_proves_nothing() {
    for (rows, words) in [
        (vec![image("i", "private")], "lists it"),
        (vec![image("x", "private")], "by id"),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/image/v2/images" if asked.is_hidden_pass() => json(json!({"images": rows})).into(),
            "/image/v2/images" => no_images(),
            _ => status(404).into(),
        })
        .await;
        let failure = look(&server, Kind::Image).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Malformed);
        assert!(failure.detail.contains(words), "{failure}");
    }
    for (code, class) in [
        (300, FailureClass::Malformed),
        (403, FailureClass::Refused),
        (404, FailureClass::Refused),
        (503, FailureClass::Unavailable),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/image/v2/images" => status(code).into(),
            _ => status(404).into(),
        })
        .await;
        assert_eq!(
            look(&server, Kind::Image).await.unwrap_err().class,
            class,
            "{code}"
        );
    }
}

#[tokio::test]
async fn an_image_that_is_going_is_not_gone() {
    let with_status = |word: &str| {
        let mut row = image("i", "private");
        row["status"] = json!(word);
        row
    };
    let answer = |row: Value| {
        Server::start(move |asked| match asked.path.as_str() {
            "/image/v2/images" => no_images(),
            _ => json(row.clone()).into(),
        })
    };
    let server = answer(with_status("pending_delete")).await;
    let inventory = look(&server, Kind::Image).await.unwrap();
    assert_eq!(inventory.images[0].status, "pending_delete");
    let server = answer(with_status("deleted")).await;
    assert!(look(&server, Kind::Image).await.unwrap().images.is_empty());
}

#[tokio::test]
async fn what_cannot_be_told_is_a_failure() {
    for (code, class) in [
        (401, FailureClass::Unauthenticated),
        (403, FailureClass::Refused),
        (500, FailureClass::Unavailable),
    ] {
        let server = Server::start(move |_| status(code).into()).await;
        assert_eq!(
            look(&server, Kind::Image).await.unwrap_err().class,
            class,
            "{code}"
        );
    }
    let server = Server::start(|_| json(image("another", "private")).into()).await;
    assert_eq!(
        look(&server, Kind::Image).await.unwrap_err().class,
        FailureClass::Malformed
    );
    let server = Server::start(|asked| match asked.path.ends_with("members") {
        true => status(500).into(),
        false => json(image("i", "shared")).into(),
    })
    .await;
    assert_eq!(
        look(&server, Kind::ImageShare).await.unwrap_err().class,
        FailureClass::Unavailable
    );
}

#[tokio::test]
async fn another_projects_image_is_shown_without_the_part_of_its_members_that_we_see() {
    let server = Server::start(|_| {
        let mut row = image("i", "shared");
        row["owner"] = json!("p2");
        json(row).into()
    })
    .await;
    let inventory = look(&server, Kind::ImageShare).await.unwrap();
    assert_eq!(
        (ids(&inventory), &inventory.images[0].sharing),
        (vec!["i"], &Sharing::NotRead)
    );
    assert_eq!(inventory.images[0].owner, id("p2"));
    assert_eq!(server.data_calls().len(), 1);
}
