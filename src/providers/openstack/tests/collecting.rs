//! Collections: paging, filters, members, and what becomes a gap.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::setup::{Client, config, ids, needs, start};
use crate::{
    model::{FailureClass, Scope, Sharing},
    providers::{
        Progress,
        scripted::{Asked, Reply, Server, body, image, json, member, no_images, status},
    },
};

fn marker(asked: &Asked) -> &str {
    asked
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("marker="))
        .unwrap_or("")
}

fn page(images: &[Value], next: Option<&str>) -> Reply {
    json(json!({"images": images, "next": next})).into()
}

/// A cloud whose visible images are `images`, all on one page.
fn one_page(asked: &Asked, images: &[Value]) -> Option<Reply> {
    match asked.path.as_str() {
        "/image/v2/images" if asked.is_hidden_pass() => Some(no_images()),
        "/image/v2/images" if !asked.query.contains("id=") => Some(page(images, None)),
        _ => None,
    }
}

#[tokio::test]
async fn both_passes_are_paged_to_their_end_below_the_prefix() {
    let server = Server::start(|asked| match (asked.is_hidden_pass(), marker(asked)) {
        (false, "") => page(&[image("a", "private")], Some("/v2/images?marker=a")),
        (false, "a") => page(&[], Some("/v2/images?marker=b")),
        (false, "b") => page(
            &[image("a", "private"), image("c", "public")],
            Some("/v2/images?marker=c"),
        ),
        (false, _) => page(&[], None),
        (true, "") => page(
            &[image("h", "private")],
            Some("/image/v2/images?os_hidden=true&marker=h"),
        ),
        (true, _) => page(&[], None),
    })
    .await;
    let client = Client::of(&server);
    let inventory = client.collect(true).await.unwrap();
    assert_eq!(ids(&inventory), ["a", "c", "h"]);
    assert!(inventory.is_complete(), "{:?}", inventory.gaps);
    assert!(
        server
            .data_calls()
            .iter()
            .all(|line| line == "GET /image/v2/images")
    );
    let first = server.asked.lock().unwrap()[1].query.clone();
    assert_eq!(first, "owner=p1&visibility=all&os_hidden=false&limit=1000");
}

#[tokio::test]
async fn rows_of_other_projects_are_left_out() {
    let mut foreign = image("f", "odd word");
    foreign["owner"] = json!("p2");
    let mut nobody = image("n", "private");
    nobody["owner"] = Value::Null;
    let rows = [image("a", "private"), foreign, nobody];
    let server = Server::start(move |asked| one_page(asked, &rows).unwrap()).await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    assert_eq!(ids(&inventory), ["a"]);
    assert!(inventory.is_complete());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_a_gap_and_hides_no_other() {
    let mut torn = image("t", "private");
    torn["created_at"] = json!("yesterday");
    let rows = [
        image("a", "private"),
        image("w", "friends"),
        torn,
        json!({"id": "o"}),
        json!(7),
    ];
    let server = Server::start(move |asked| one_page(asked, &rows).unwrap()).await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a"]);
    assert_eq!(inventory.gaps.len(), 4);
    assert!(inventory.gaps.iter().all(|gap| gap.scope == Scope::Images));
    assert!(
        inventory.gaps[0].reason.contains("friends"),
        "{:?}",
        inventory.gaps
    );
}

#[tokio::test]
async fn links_that_lead_elsewhere_or_round_are_gaps() {
    for (next, words) in [
        (
            "https://evil.example/v2/images?marker=a",
            "leads to https://evil.example",
        ),
        ("/v2/schemas/images?marker=a", "leads away from the list"),
        ("/v2/images", "back to the first"),
        ("/v2/images?marker=a", "in a circle"),
    ] {
        let server = Server::start(move |asked| match asked.is_hidden_pass() {
            true => page(&[image("h", "private")], None),
            false => page(&[image("a", "private")], Some(next)),
        })
        .await;
        let result = Client::of(&server).collect(false).await;
        let calls = server.asked.lock().unwrap().len();
        if next.contains("?marker=a") && next.starts_with("/v2/images") {
            let inventory = result.unwrap();
            assert_eq!(ids(&inventory), ["a", "h"], "what was read is kept");
            assert_eq!(inventory.gaps.len(), 1);
            assert!(inventory.gaps[0].reason.contains(words), "{:?}", inventory.gaps);
        } else {
            let failure = result.unwrap_err();
            assert_eq!(failure.class, FailureClass::Malformed);
            assert!(failure.detail.contains(words), "{failure}");
            assert_eq!(calls, 2, "nothing is repeated, nothing sent elsewhere");
        }
    }
}

#[tokio::test]
async fn a_listing_without_end_is_left() {
    let pages = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        let number = pages.fetch_add(1, Ordering::SeqCst);
        let next = format!("/v2/images?marker={number}");
        page(
            &[image(&format!("i{number}"), "private")],
            (!asked.is_hidden_pass()).then_some(&next),
        )
    })
    .await;
    let mut config = config(&server);
    config.limits.max_pages = 5;
    let inventory = Client::with(&config).collect(false).await.unwrap();
    assert_eq!(inventory.images.len(), 6);
    assert!(
        inventory.gaps[0].reason.contains("no end after 5 pages"),
        "{:?}",
        inventory.gaps
    );
}

#[tokio::test]
async fn a_page_is_tried_three_times_and_then_a_gap() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    let server = Server::start(move |asked| match (asked.is_hidden_pass(), marker(asked)) {
        (false, "") => page(&[image("a", "private")], Some("/v2/images?marker=a")),
        (false, _) => match counter.fetch_add(1, Ordering::SeqCst) {
            0 => status(503).into(),
            1 => Reply::Cut(Vec::new()),
            2 => page(&[image("b", "private")], Some("/v2/images?marker=b")),
            _ => status(500).into(),
        },
        (true, _) => no_images(),
    })
    .await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a", "b"]);
    assert_eq!(inventory.gaps.len(), 1);
    assert_eq!(inventory.gaps[0].scope, Scope::Images);
    assert_eq!(tries.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn without_a_first_page_nothing_was_seen() {
    for (code, class, calls) in [
        (403, FailureClass::Refused, 1),
        (404, FailureClass::Refused, 1),
        (500, FailureClass::Unavailable, 3),
    ] {
        let server = Server::start(move |_| status(code).into()).await;
        let failure = Client::of(&server).collect(true).await.unwrap_err();
        assert_eq!(failure.class, class);
        assert_eq!(server.data_calls().len(), calls);
    }
}

#[tokio::test]
async fn members_are_read_of_shared_images_only_and_only_if_asked() {
    let rows = [image("a", "private"), image("s", "shared"), image("e", "shared")];
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/image/v2/images/s/members" => {
            json(json!({"members": [member("s", "p2"), member("s", "p3")]})).into()
        }
        "/image/v2/images/e/members" => json(json!({"members": []})).into(),
        _ => one_page(asked, &rows).unwrap(),
    })
    .await;
    let client = Client::of(&server);
    let inventory = client.collect(false).await.unwrap();
    assert_eq!(inventory.images[1].sharing, Sharing::NotRead);
    assert_eq!(server.data_calls().len(), 2);

    let reports: Mutex<Vec<Progress>> = Mutex::default();
    let report = |progress| reports.lock().unwrap().push(progress);
    let reader = &client.cloud.reader;
    let inventory = reader.collect(needs(true), start(), &report).await.unwrap();
    assert_eq!(inventory.images[0].sharing, Sharing::NotShared);
    let Sharing::Members(members) = &inventory.images[1].sharing else {
        panic!("{:?}", inventory.images[1]);
    };
    assert_eq!(
        members
            .iter()
            .map(|member| member.project.as_str())
            .collect::<Vec<_>>(),
        ["p2", "p3"]
    );
    assert_eq!(inventory.images[2].sharing, Sharing::Members(Vec::new()));
    let last = *reports.lock().unwrap().last().unwrap();
    let expected = Progress {
        images: 3,
        member_lists: 2,
        member_lists_expected: Some(2),
        ..Progress::default()
    };
    assert_eq!(last, expected);
}

#[tokio::test]
async fn each_member_list_that_fails_is_judged_alone() {
    let rows: Vec<Value> = ["torn", "broken", "flipped", "stuck", "gone", "listed", "fine"]
        .map(|id| image(id, "shared"))
        .into();
    let server = Server::start(move |asked| match asked.path.strip_prefix("/image/v2/images/") {
        Some("torn/members") => {
            let mut row = member("torn", "p2");
            row["status"] = json!("perhaps");
            json(json!({"members": [row]})).into()
        }
        Some("broken/members") => status(500).into(),
        Some("flipped/members" | "stuck/members") => body(403, r#"{"message":"Only shared"}"#).into(),
        Some("flipped") => json(image("flipped", "private")).into(),
        Some("stuck") => json(image("stuck", "shared")).into(),
        Some("gone" | "gone/members" | "listed" | "listed/members") => status(404).into(),
        Some(_) => json(json!({"members": [member("fine", "p2")]})).into(),
        None if asked.query.contains("id=listed") => page(&[image("listed", "shared")], None),
        None if asked.query.contains("id=gone") => no_images(),
        None => one_page(asked, &rows).unwrap(),
    })
    .await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    assert_eq!(
        ids(&inventory),
        ["torn", "broken", "flipped", "stuck", "listed", "fine"]
    );
    let mut gaps: Vec<&str> = Vec::new();
    for gap in &inventory.gaps {
        let Scope::Members(id) = &gap.scope else {
            panic!("{gap}")
        };
        gaps.push(id.as_str());
    }
    gaps.sort_unstable();
    assert_eq!(gaps, ["broken", "listed", "stuck", "torn"]);
    for image in &inventory.images {
        match image.id.as_str() {
            "flipped" => assert_eq!(image.sharing, Sharing::NotShared),
            "fine" => assert!(matches!(&image.sharing, Sharing::Members(members) if members.len() == 1)),
            _ => assert_eq!(image.sharing, Sharing::Unreadable, "{}", image.id),
        }
    }
}

#[tokio::test]
async fn a_cloud_that_stopped_answering_is_not_asked_for_every_member_list() {
    let rows: Vec<Value> = (0..200).map(|n| image(&format!("i{n}"), "shared")).collect();
    let server =
        Server::start(move |asked| one_page(asked, &rows).unwrap_or_else(|| status(500).into())).await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    assert_eq!(inventory.gaps.len(), 200, "each is known to be unread");
    assert!(
        inventory
            .images
            .iter()
            .all(|image| image.sharing == Sharing::Unreadable)
    );
    assert!(server.data_calls().len() < 120, "{}", server.data_calls().len());
}
