//! The list of images: pages without links, filters, and what becomes a gap.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::setup::{Client, cloud, id, ids, images, only_page, parameter, row};
use crate::{
    config::types::Flavour,
    model::{FailureClass, Scope, Sharing, Visibility},
    providers::scripted::{Reply, body, json as answer, status},
};

#[tokio::test]
async fn a_short_page_is_no_end_and_an_empty_one_is() {
    let server = cloud(|asked| match parameter(asked, "marker") {
        "" => images(&[row("a", "private"), row("b", "shared")]),
        "b" => images(&[row("b", "shared"), row("c", "public")]),
        "c" => images(&[]),
        marker => panic!("{marker}"),
    })
    .await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a", "b", "c"], "an image on two pages is one");
    assert!(inventory.is_complete(), "{:?}", inventory.gaps);
    assert_eq!(server.data_calls(), ["GET /v2/cloudimages"; 3]);
    let queries: Vec<String> = server.asked.lock().unwrap()[1..]
        .iter()
        .map(|asked| asked.query.clone())
        .collect();
    let common = "owner=p1&limit=500&sort_key=id&sort_dir=asc&enterprise_project_id=0";
    assert_eq!(
        queries,
        [
            common.to_owned(),
            format!("{common}&marker=b"),
            format!("{common}&marker=c")
        ]
    );
}

#[tokio::test]
async fn a_marker_that_the_cloud_names_is_used() {
    let server = cloud(|asked| match parameter(asked, "marker") {
        "" => answer(json!({"images": [row("a", "private")], "page_info": {"next_marker": "m"}})).into(),
        "m" => answer(json!({"images": [row("c", "private")], "page_info": {}})).into(),
        "c" => answer(json!({"images": [], "page_info": {"next_marker": ""}})).into(),
        marker => panic!("{marker}"),
    })
    .await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a", "c"]);
    assert!(inventory.is_complete(), "{:?}", inventory.gaps);
}

#[tokio::test]
async fn the_enterprise_project_is_sent_as_configured() {
    for (configured, sent) in [(None, ""), (Some("all_granted_eps"), "all_granted_eps")] {
        let server = cloud(|asked| only_page(asked, &[])).await;
        let client = Client::with(&server, |config, huawei| {
            config.limits.page_size = 7;
            huawei.flavour = Flavour::OpenTelekomCloud;
            huawei.enterprise_project = configured.map(str::to_owned);
        });
        client.collect(true).await.unwrap();
        let asked = server.asked.lock().unwrap();
        let last = asked.last().unwrap();
        assert_eq!(parameter(last, "enterprise_project_id"), sent);
        assert_eq!(parameter(last, "limit"), "7");
    }
}

#[tokio::test]
async fn pages_that_do_not_move_on_or_do_not_end_are_gaps() {
    let server = cloud(|_| images(&[row("a", "private")])).await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a"], "what was read is kept");
    assert!(
        inventory.gaps[0].reason.contains("in a circle"),
        "{:?}",
        inventory.gaps
    );

    let server = cloud(|_| images(&[row("a", "private"), json!({"owner": "p1"})])).await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert!(
        inventory.gaps[1].reason.contains("no id to go on from"),
        "{:?}",
        inventory.gaps
    );

    let pages = AtomicUsize::new(0);
    let server = cloud(move |_| {
        let number = pages.fetch_add(1, Ordering::SeqCst);
        images(&[row(&format!("i{number}"), "private")])
    })
    .await;
    let client = Client::with(&server, |config, _| config.limits.max_pages = 5);
    let inventory = client.collect(false).await.unwrap();
    assert_eq!(inventory.images.len(), 5);
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
    let server = cloud(move |asked| match parameter(asked, "marker") {
        "" => images(&[row("a", "private")]),
        "a" => match counter.fetch_add(1, Ordering::SeqCst) {
            0 => status(503).into(),
            1 => Reply::Cut(Vec::new()),
            _ => images(&[row("b", "private")]),
        },
        _ => status(500).into(),
    })
    .await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a", "b"]);
    assert_eq!(inventory.gaps.len(), 1);
    assert_eq!(inventory.gaps[0].scope, Scope::Images);
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn without_a_first_page_nothing_was_seen() {
    for (reply, class, calls) in [
        (status(403), FailureClass::Refused, 1),
        (status(404), FailureClass::Refused, 1),
        (status(500), FailureClass::Unavailable, 3),
        (body(200, "<html>portal</html>"), FailureClass::Malformed, 1),
        (body(200, "{}"), FailureClass::Malformed, 1),
    ] {
        let server = cloud(move |_| reply.clone().into()).await;
        let failure = Client::of(&server).collect(true).await.unwrap_err();
        assert_eq!(
            (failure.class, server.data_calls().len()),
            (class, calls),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn rows_of_others_are_left_out_and_rows_that_cannot_be_read_are_gaps() {
    let with = |id: &str, key: &str, value: Value| {
        let mut row = row(id, "private");
        row[key] = value;
        row
    };
    let rows = [
        with("f", "owner", json!("p2")),
        with("n", "owner", Value::Null),
        with("w", "visibility", json!("friends")),
        with("t", "created_at", json!("yesterday")),
        with("e", "protected", json!("perhaps")),
        json!(7),
        row("a", "private"),
    ];
    let server = cloud(move |asked| only_page(asked, &rows)).await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    assert_eq!(ids(&inventory), ["a"]);
    assert_eq!(inventory.gaps.len(), 4, "{:?}", inventory.gaps);
    assert!(inventory.gaps.iter().all(|gap| gap.scope == Scope::Images));
    assert!(
        inventory.gaps[0].reason.contains("friends"),
        "{:?}",
        inventory.gaps
    );
}

#[tokio::test]
async fn a_row_is_read_with_words_for_truths_and_its_properties() {
    let mut image = row("a", "shared");
    image["protected"] = json!("True");
    image["os_hidden"] = json!("true");
    image["enterprise_project_id"] = json!("0");
    image["__whole_image"] = json!("true");
    image["self"] = json!("/v2/images/a");
    let mut sizeless = row("b", "private");
    sizeless["__image_size"] = json!("");
    let rows = [image, sizeless];
    let server = cloud(move |asked| only_page(asked, &rows)).await;
    let inventory = Client::of(&server).collect(false).await.unwrap();
    let image = &inventory.images[0];
    assert!(image.protected && image.hidden);
    assert_eq!((image.size, &image.owner), (Some(1_234_567_890), &id("p1")));
    assert_eq!(image.visibility, Visibility::Shared);
    assert_eq!(image.sharing, Sharing::NotRead);
    let properties: Vec<(&str, &str)> = image
        .properties
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let expected = [
        ("__image_size", "1234567890"),
        ("__imagetype", "shared"),
        ("__isregistered", "true"),
        ("__whole_image", "true"),
        ("enterprise_project_id", "0"),
    ];
    assert_eq!(properties, expected);
    assert!(!inventory.images[1].protected);
    assert_eq!(inventory.images[1].size, None);
}
