//! Shares of a private image whose member list is not shown: gone only where
//! the cloud says so of the pair, on an image that it shows as ours.

use serde_json::json;

use super::setup::{Client, cloud, id, images, member, only_page, refused, row, start};
use crate::{
    model::{Failure, FailureClass, Id, Inventory, Kind, Sharing},
    providers::scripted::{Answer, Reply, Server, body, json as answer, status},
};

/// A private image, `i`, whose member list is refused.
async fn private(pair: impl Fn(&str) -> Answer + Send + Sync + 'static, image: Answer) -> Server {
    cloud(move |asked| -> Reply {
        match asked.path.as_str() {
            "/v2/cloudimages" => only_page(asked, &[row("i", "private")]),
            "/v2/images/i" => image.clone().into(),
            "/v2/images/i/members" => glance(403, "Only shared images have members.").into(),
            path => pair(path.strip_prefix("/v2/images/i/members/").unwrap()).into(),
        }
    })
    .await
}

fn glance(status: u16, words: &str) -> Answer {
    body(
        status,
        json!({"code": "404 Not Found", "message": words}).to_string(),
    )
}

fn no_pair(project: &str) -> Answer {
    glance(
        404,
        &format!("{project} not found in the member list of the image i."),
    )
}

fn shown() -> Answer {
    answer(row("i", "private"))
}

async fn look(server: &Server, subjects: &[&str]) -> Result<Inventory, Failure> {
    let subjects: Vec<Id> = subjects.iter().map(|subject| id(subject)).collect();
    let reader = Client::of(server).cloud.reader;
    reader.look(Kind::ImageShare, &id("i"), &subjects, start()).await
}

#[tokio::test]
async fn pairs_that_are_not_there_are_gone_from_an_image_that_is_shown() {
    let server = private(no_pair, shown()).await;
    let inventory = look(&server, &["p2", "p3"]).await.unwrap();
    assert!(inventory.is_complete());
    assert_eq!(inventory.images[0].sharing, Sharing::Members(Vec::new()));
    let by_code = private(|_| refused(404, "IMG.0113"), shown()).await;
    let inventory = look(&by_code, &["p2"]).await.unwrap();
    assert_eq!(inventory.images[0].sharing, Sharing::Members(Vec::new()));
}

#[tokio::test]
async fn a_pair_that_is_there_is_a_member() {
    let server = private(
        |project| match project {
            "p2" => answer(member("i", "p2")),
            other => no_pair(other),
        },
        shown(),
    )
    .await;
    let inventory = look(&server, &["p3", "p2"]).await.unwrap();
    let Sharing::Members(members) = &inventory.images[0].sharing else {
        panic!("{inventory:?}");
    };
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].project.as_str(), "p2");
}

#[tokio::test]
async fn one_pair_that_cannot_be_told_leaves_all_of_them_untold() {
    for untold in [
        glance(403, "Forbidden"),
        // The members of an image that was made private sleep.
        glance(
            404,
            "Error fetching members of image i: Only shared images have members.",
        ),
        refused(404, "APIGW.0101"),
        refused(400, "IMG.0001"),
    ] {
        let server = private(
            move |project| match project {
                "p2" => untold.clone(),
                other => no_pair(other),
            },
            shown(),
        )
        .await;
        let inventory = look(&server, &["p3", "p2"]).await.unwrap();
        assert_eq!(inventory.images[0].sharing, Sharing::NotShared);
    }
}

#[tokio::test]
async fn a_pair_that_is_not_answered_is_a_failure() {
    for (code, class) in [
        (503, FailureClass::Unavailable),
        (429, FailureClass::Throttled),
        (401, FailureClass::Unauthenticated),
    ] {
        let server = private(move |_| status(code), shown()).await;
        let failure = look(&server, &["p2"]).await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
    }
}

#[tokio::test]
async fn a_pair_of_an_image_that_the_call_does_not_see_is_not_gone() {
    let mut foreign = row("i", "private");
    foreign["owner"] = json!("p9");
    for image in [
        glance(404, "No image found with ID i"),
        glance(403, "Forbidden"),
        answer(foreign),
        answer(row("j", "private")),
        answer(row("i", "shared")),
    ] {
        let server = private(no_pair, image).await;
        let inventory = look(&server, &["p2"]).await.unwrap();
        assert_eq!(inventory.images[0].sharing, Sharing::NotShared);
    }
}

#[tokio::test]
async fn pairs_are_asked_about_only_on_a_private_image() {
    let server = cloud(|asked| match asked.path.as_str() {
        "/v2/cloudimages" if asked.query.contains("owner") => images(&[]),
        "/v2/cloudimages" => {
            let mut public = row("i", "public");
            public["__imagetype"] = json!("shared");
            images(&[public])
        }
        "/v2/images/i/members" => glance(403, "no").into(),
        path => panic!("{path}"),
    })
    .await;
    let failure = look(&server, &["p2"]).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused);
    let calls = server.data_calls();
    assert!(calls.iter().all(|line| !line.contains("/members/")), "{calls:?}");
}
