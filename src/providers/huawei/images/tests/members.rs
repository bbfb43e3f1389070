//! Member lists: of which images they are read, their pages, and what a list
//! that is not shown means.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::setup::{Client, cloud, images, member, members, only_page, parameter, refused, row, start};
use crate::{
    config::types::Flavour,
    model::{Inventory, Needs, Scope, Sharing},
    providers::{
        Progress,
        scripted::{Asked, Server, body, json as answer, status},
    },
};

fn list_of(asked: &Asked) -> Option<&str> {
    asked.path.strip_prefix("/v2/images/")?.strip_suffix("/members")
}

fn sharing<'a>(inventory: &'a Inventory, id: &str) -> &'a Sharing {
    let mut images = inventory.images.iter();
    &images
        .find(|image| image.id.as_str() == id)
        .expect("listed")
        .sharing
}

fn projects(sharing: &Sharing) -> Vec<&str> {
    let Sharing::Members(members) = sharing else {
        panic!("{sharing:?}");
    };
    members.iter().map(|member| member.project.as_str()).collect()
}

/// A cloud with one shared image, `i`, whose member list is `rows`.
async fn with_members(rows: Vec<Value>) -> Server {
    cloud(move |asked| match list_of(asked) {
        Some(_) => members(&rows),
        None => only_page(asked, &[row("i", "shared")]),
    })
    .await
}

#[tokio::test]
async fn every_image_that_may_have_members_is_asked_about() {
    let mut shared_by_type = row("t", "public");
    shared_by_type["__imagetype"] = json!("shared");
    let rows = [
        row("a", "private"),
        row("b", "shared"),
        row("c", "public"),
        shared_by_type,
    ];
    let server = cloud(move |asked| match list_of(asked) {
        Some(image) => members(&[member(image, "p2")]),
        None => only_page(asked, &rows),
    })
    .await;
    let reports: Mutex<Vec<Progress>> = Mutex::default();
    let report = |progress| reports.lock().unwrap().push(progress);
    let needs = Needs {
        images: true,
        members: true,
        ..Needs::default()
    };
    let client = Client::of(&server);
    let inventory = client
        .cloud
        .reader
        .collect(needs, start(), &report)
        .await
        .unwrap();
    for image in ["a", "b", "t"] {
        assert_eq!(projects(sharing(&inventory, image)), ["p2"], "{image}");
    }
    assert_eq!(*sharing(&inventory, "c"), Sharing::NotShared);
    let last = *reports.lock().unwrap().last().unwrap();
    let expected = Progress {
        images: 4,
        member_lists: 3,
        member_lists_expected: Some(3),
        ..Progress::default()
    };
    assert_eq!(last, expected);
}

#[tokio::test]
async fn only_projects_are_members() {
    let of_type = |member_id: &str, word: Value| {
        let mut row = member("i", member_id);
        row["member_type"] = word;
        row
    };
    let mut of_old = member("i", "p3");
    of_old.as_object_mut().unwrap().remove("member_type");
    let server = with_members(vec![
        member("i", "p2"),
        of_old,
        member("i", "p2"),
        of_type("d1", json!("domain")),
        of_type("o-1", json!("organization")),
        member("i", "p1"),
    ])
    .await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    assert_eq!(projects(sharing(&inventory, "i")), ["p2", "p3", "p1"]);
    assert!(inventory.is_complete());
}

#[tokio::test]
async fn a_member_that_cannot_be_read_leaves_the_list_unread() {
    let with = |key: &str, value: Value| {
        let mut row = member("i", "p2");
        row[key] = value;
        row
    };
    for (row, words) in [
        (with("status", json!("perhaps")), "perhaps"),
        (with("image_id", json!("j")), "another image"),
        (with("member_id", json!("")), "empty id"),
        (with("updated_at", json!("soon")), "soon"),
        (with("updated_at", Value::Null), "not understood"),
    ] {
        let server = with_members(vec![member("i", "p3"), row]).await;
        let inventory = Client::of(&server).collect(true).await.unwrap();
        assert_eq!(*sharing(&inventory, "i"), Sharing::Unreadable);
        assert_eq!(inventory.gaps.len(), 1);
        assert_eq!(inventory.gaps[0].scope, Scope::Members("i".into()));
        assert!(inventory.gaps[0].reason.contains(words), "{:?}", inventory.gaps);
    }
}

#[tokio::test]
async fn a_member_list_is_read_to_its_last_page() {
    for (flavour, limit) in [(Flavour::HuaweiCloud, "1000"), (Flavour::OpenTelekomCloud, "")] {
        let server = cloud(|asked| match (list_of(asked), parameter(asked, "marker")) {
            (None, _) => only_page(asked, &[row("i", "shared")]),
            (_, "") => {
                let more = json!({"next_marker": "bmV4dA==", "current_count": 1});
                answer(json!({"members": [member("i", "p2")], "page_info": more})).into()
            }
            (_, "bmV4dA%3D%3D") => {
                answer(json!({"members": [member("i", "p3")], "page_info": {"current_count": 1}})).into()
            }
            (_, marker) => panic!("{marker}"),
        })
        .await;
        let client = Client::with(&server, |_, huawei| huawei.flavour = flavour);
        let inventory = client.collect(true).await.unwrap();
        assert_eq!(projects(sharing(&inventory, "i")), ["p2", "p3"]);
        let asked = server.asked.lock().unwrap();
        assert_eq!(parameter(asked.last().unwrap(), "limit"), limit);
    }
}

#[tokio::test]
async fn half_a_member_list_is_none() {
    for (second, words) in [
        (status(500), "500"),
        (
            answer(json!({"members": [], "page_info": {"next_marker": "n"}})),
            "in a circle",
        ),
    ] {
        let server = cloud(move |asked| match (list_of(asked), parameter(asked, "marker")) {
            (None, _) => only_page(asked, &[row("i", "shared")]),
            (_, "") => {
                let more = json!({"next_marker": "n"});
                answer(json!({"members": [member("i", "p2")], "page_info": more})).into()
            }
            _ => second.clone().into(),
        })
        .await;
        let inventory = Client::of(&server).collect(true).await.unwrap();
        assert_eq!(*sharing(&inventory, "i"), Sharing::Unreadable);
        assert!(inventory.gaps[0].reason.contains(words), "{:?}", inventory.gaps);
    }
}

#[tokio::test]
async fn each_member_list_that_fails_is_judged_alone() {
    let names = ["broken", "denied", "flipped", "hidden", "listed", "gone", "fine"];
    let mut rows: Vec<Value> = names.map(|id| row(id, "shared")).into();
    rows.push(row("lone", "private"));
    let server = cloud(move |asked| match (list_of(asked), parameter(asked, "id")) {
        (Some("broken"), _) => status(500).into(),
        (Some("denied" | "flipped" | "lone"), _) => body(
            403,
            r#"{"code":"403 Forbidden","message":"Only shared images have members."}"#,
        )
        .into(),
        (Some("hidden"), _) => refused(400, "IMG.0027").into(),
        (Some("listed" | "gone"), _) => status(404).into(),
        (Some(image), _) => members(&[member(image, "p2")]),
        (None, "flipped") => images(&[row("flipped", "private")]),
        (None, "gone") => images(&[]),
        (None, "") => only_page(asked, &rows),
        (None, id) => images(&[row(id, "shared")]),
    })
    .await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    for unreadable in ["broken", "denied", "hidden", "listed"] {
        assert_eq!(
            *sharing(&inventory, unreadable),
            Sharing::Unreadable,
            "{unreadable}"
        );
        let scope = Scope::Members(unreadable.into());
        assert!(
            inventory.gaps.iter().any(|gap| gap.scope == scope),
            "{unreadable}"
        );
    }
    assert_eq!(inventory.gaps.len(), 4, "{:?}", inventory.gaps);
    assert_eq!(*sharing(&inventory, "flipped"), Sharing::NotShared);
    assert_eq!(*sharing(&inventory, "lone"), Sharing::NotShared);
    assert_eq!(projects(sharing(&inventory, "fine")), ["p2"]);
    assert_eq!(inventory.images.len(), 7, "what is gone is not listed");
}

#[tokio::test]
async fn a_cloud_that_stopped_answering_is_not_asked_for_every_member_list() {
    let rows: Vec<Value> = (0..200).map(|n| row(&format!("i{n}"), "shared")).collect();
    let server = cloud(move |asked| match list_of(asked) {
        Some(_) => status(500).into(),
        None => only_page(asked, &rows),
    })
    .await;
    let inventory = Client::of(&server).collect(true).await.unwrap();
    assert_eq!(inventory.gaps.len(), 200, "each is known to be unread");
    assert!(server.data_calls().len() < 120, "{}", server.data_calls().len());
}
