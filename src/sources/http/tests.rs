//! A list behind a web server, and what it says of its own age.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json_path::JsonPath;

use super::*;
use crate::{
    config::people::{Fields, HttpLogin, List},
    engine::people::Demands,
    sources::web::scripted::{Server, access, answer},
};

const PEOPLE: &str =
    r#"{"made": "2026-01-01T08:00:00Z", "people": [{"mail": "ann@x.example"}, {"mail": "bo@x.example"}]}"#;
const CHANGED: &str = "last-modified: Thu, 01 Jan 2026 07:00:00 GMT";

fn at(time: &str) -> Timestamp {
    format!("2026-01-01T{time}Z").parse().unwrap()
}

fn path(text: &str) -> JsonPath {
    JsonPath::parse(text).unwrap()
}

fn source(server: &Server, made: Option<&str>) -> HttpDocument {
    let http = Http {
        url: server.at("/people?key=s3cret"),
        access: access(HttpLogin::Bearer("tok-123456".into())),
        document: Document {
            list: path("$.people"),
            made: made.map(path),
            fields: Fields {
                key: path("$.mail"),
                gone: None,
                leaves: None,
                returns: None,
                projects: None,
                accounts: None,
            },
        },
    };
    let source = people::Source {
        name: "leavers".into(),
        list: List::Http(http.clone()),
        to: UserKey::Email,
        demands: Demands::default(),
        timeout: Duration::from_secs(20),
        digest: String::new(),
    };
    HttpDocument::new(&source, http).unwrap()
}

async fn failure(bytes: Vec<u8>) -> String {
    let server = Server::start(move |_| bytes.clone()).await;
    let read = source(&server, None).read(at("12:00:00")).await;
    read.unwrap_err().to_string()
}

#[tokio::test]
async fn a_document_is_read_into_a_roll() {
    let server = Server::start(|_| answer(200, &[], PEOPLE)).await;
    let roll = source(&server, None).read(at("12:00:00")).await.unwrap();
    let keys: Vec<_> = roll.entries.iter().flat_map(|entry| &entry.keys).collect();
    assert_eq!(keys, ["ann@x.example", "bo@x.example"]);
    assert_eq!((roll.read_at, roll.as_of), (at("12:00:00"), at("12:00:00")));
    assert_eq!((roll.source.as_str(), roll.to), ("leavers", UserKey::Email));
    assert_eq!(roll.version, of_bytes(PEOPLE.as_bytes()));
    assert_eq!(roll.version.len(), 16);
}

#[tokio::test]
async fn the_age_of_a_list_is_what_it_says_itself_before_what_the_server_says() {
    let server = Server::start(|_| answer(200, &[CHANGED], PEOPLE)).await;
    let roll = source(&server, Some("$.made"))
        .read(at("12:00:00"))
        .await
        .unwrap();
    assert_eq!(roll.as_of, at("08:00:00"));
    let roll = source(&server, None).read(at("12:00:00")).await.unwrap();
    assert_eq!(roll.as_of, at("07:00:00"));
}

/// Answers with the tag, then confirms it with `confirmation` for ever.
async fn confirming(first: &'static [&'static str], confirmation: &'static [&'static str]) -> Server {
    Server::start(
        move |head| match head.to_ascii_lowercase().contains("if-none-match: w/\"v1\"\r\n") {
            true => answer(304, confirmation, ""),
            false => answer(200, first, PEOPLE),
        },
    )
    .await
}

#[tokio::test]
async fn a_list_that_did_not_change_is_the_same_list_confirmed_anew() {
    let server = confirming(&["etag: W/\"v1\""], &["etag: \"v1\""]).await;
    let source = source(&server, None);
    let first = source.read(at("12:00:00")).await.unwrap();
    assert_eq!(first.version, "W/\"v1\"");
    let again = source.read(at("13:00:00")).await.unwrap();
    assert_eq!((again.read_at, again.as_of), (at("13:00:00"), at("13:00:00")));
    assert_eq!((&again.entries, &again.version), (&first.entries, &first.version));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_confirmation_makes_a_dated_list_no_younger() {
    let server = confirming(&["etag: W/\"v1\"", CHANGED], &[]).await;
    let source = source(&server, None);
    source.read(at("12:00:00")).await.unwrap();
    let again = source.read(at("13:00:00")).await.unwrap();
    assert_eq!((again.read_at, again.as_of), (at("13:00:00"), at("07:00:00")));
}

#[tokio::test]
async fn the_same_list_made_anew_is_as_young_as_its_server_says() {
    const ANEW: &str = "last-modified: Thu, 01 Jan 2026 11:00:00 GMT";
    let server = confirming(&["etag: W/\"v1\"", CHANGED], &[ANEW]).await;
    let dated = source(&server, Some("$.made"));
    let source = source(&server, None);
    source.read(at("12:00:00")).await.unwrap();
    assert_eq!(source.read(at("13:00:00")).await.unwrap().as_of, at("11:00:00"));
    dated.read(at("12:00:00")).await.unwrap();
    let again = dated.read(at("13:00:00")).await.unwrap();
    assert_eq!(
        again.as_of,
        at("08:00:00"),
        "what the list says of itself goes first"
    );
}

#[tokio::test]
async fn a_confirmation_of_another_list_is_not_believed() {
    let server = confirming(&["etag: W/\"v1\""], &["etag: \"v2\""]).await;
    let source = source(&server, None);
    source.read(at("12:00:00")).await.unwrap();
    let why = source.read(at("13:00:00")).await.unwrap_err().to_string();
    assert!(why.contains("another list"), "{why}");
    // The next read asks for the list itself.
    assert!(source.read(at("14:00:00")).await.is_ok());
    assert!(!server.asked()[2].to_ascii_lowercase().contains("if-none-match"));
}

#[tokio::test]
async fn a_list_without_a_proper_tag_is_sent_anew_each_time() {
    for tag in ["etag: v1", "etag: \"\"", "x-nothing: 1"] {
        let server = Server::start(move |_| answer(200, &[tag], PEOPLE)).await;
        let source = source(&server, None);
        for time in ["12:00:00", "13:00:00"] {
            let roll = source.read(at(time)).await.unwrap();
            assert_eq!(roll.version, of_bytes(PEOPLE.as_bytes()), "{tag}");
        }
        for head in server.asked() {
            assert!(!head.to_ascii_lowercase().contains("if-none-match"), "{tag}");
        }
    }
}

#[tokio::test]
async fn after_a_failure_the_list_that_was_known_is_still_known() {
    let reads = AtomicUsize::new(0);
    let server = Server::start(move |head| match reads.fetch_add(1, Ordering::SeqCst) {
        0 => answer(200, &["etag: \"v1\""], PEOPLE),
        1 => answer(503, &[], ""),
        _ if head.contains("\"v1\"") => answer(304, &[], ""),
        _ => answer(500, &[], ""),
    })
    .await;
    let source = source(&server, None);
    assert!(source.read(at("12:00:00")).await.is_ok());
    assert!(source.read(at("13:00:00")).await.is_err());
    assert_eq!(source.read(at("14:00:00")).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn what_is_no_list_is_a_failure_and_never_an_empty_list() {
    let proper = ["content-type: application/json"];
    for bytes in [
        answer(200, &proper, ""),
        answer(200, &proper, "null"),
        answer(200, &proper, "{}"),
        answer(200, &proper, r#"{"people": null}"#),
        answer(200, &proper, &PEOPLE[..PEOPLE.len() - 5]),
        answer(200, &proper, &format!("{PEOPLE}{PEOPLE}")),
        answer(200, &[], "<html><title>Sign in</title></html>"),
        answer(200, &["content-type: text/html"], PEOPLE),
        answer(204, &[], ""),
        answer(304, &[], ""),
        answer(302, &["location: https://login.example/"], ""),
        answer(401, &[], ""),
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"people\": []}".to_vec(),
    ] {
        let why = failure(bytes).await;
        assert!(why.starts_with("reading http://127.0.0.1:"), "{why}");
        assert!(!why.contains("s3cret") && !why.contains("tok-"), "{why}");
    }
}

#[tokio::test]
async fn a_refused_login_is_tried_once_a_read() {
    let server = Server::start(|_| answer(401, &["www-authenticate: Bearer"], "")).await;
    assert!(source(&server, None).read(at("12:00:00")).await.is_err());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_link_to_another_page_is_no_whole_list() {
    for (link, is_last) in [
        ("link: </people?page=2>; rel=\"next\"", false),
        (
            "link: </people?page=1>; rel=prev, </people?page=3>; rel=next",
            false,
        ),
        ("link: </people?page=1>; rel=\"prev first\"", true),
    ] {
        let server = Server::start(move |_| answer(200, &[link], PEOPLE)).await;
        let read = source(&server, None).read(at("12:00:00")).await;
        match read {
            Ok(_) => assert!(is_last, "{link}"),
            Err(failure) => assert!(!is_last && failure.to_string().contains("rel=next"), "{failure}"),
        }
    }
}
