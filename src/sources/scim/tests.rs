//! Directories as their makers answer, and as they should not.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use super::*;
use crate::{
    config::people::{Fields, Gone, HttpLogin, List},
    engine::people::Demands,
    model::Standing,
    sources::web::scripted::{Server, access, answer, json as sent},
};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn fields(key: &str) -> Fields<String> {
    Fields {
        key: key.to_owned(),
        gone: None,
        leaves: None,
        returns: None,
        projects: None,
        accounts: None,
    }
}

fn scim(server: &Server, fields: Fields<String>) -> Scim {
    Scim {
        url: server.at("/scim/v2/?aad=1"),
        access: access(HttpLogin::Bearer("tok-123456".into())),
        filter: None,
        page_size: 2,
        fields,
    }
}

fn source(scim: Scim) -> ScimUsers {
    let source = people::Source {
        name: "staff".into(),
        list: List::Scim(scim.clone()),
        to: UserKey::Name,
        demands: Demands::default(),
        timeout: Duration::from_secs(20),
        digest: String::new(),
    };
    ScimUsers::new(&source, scim).unwrap()
}

async fn read(server: &Server, fields: Fields<String>) -> Result<Roll, String> {
    let now = "2026-01-01T12:00:00Z".parse().unwrap();
    let read = source(scim(server, fields)).read(now).await;
    read.map_err(|failure| failure.to_string())
}

/// The entries of a directory that gives its pages one after the other.
async fn read_pages(pages: Vec<Value>, fields: Fields<String>) -> Result<Roll, String> {
    read(&turning(pages).await, fields).await
}

async fn turning(pages: Vec<Value>) -> Server {
    let turned = AtomicUsize::new(0);
    Server::start(move |_| {
        let page = pages.get(turned.fetch_add(1, Ordering::SeqCst));
        page.map_or_else(|| answer(500, &[], "no further page"), sent)
    })
    .await
}

fn page(total: u64, users: &[&str]) -> Value {
    let users = users
        .iter()
        .map(|id| json!({"id": id, "userName": format!("{id}@x.example")}));
    json!({"totalResults": total, "Resources": users.collect::<Vec<_>>()})
}

fn query(head: &str) -> &str {
    let target = head.split(' ').nth(1).unwrap();
    target.split_once('?').unwrap().1
}

fn told(roll: &Roll) -> Vec<(&str, Standing)> {
    let told = roll.entries.iter();
    told.map(|entry| (entry.keys[0].as_str(), entry.standing))
        .collect()
}

#[tokio::test]
async fn all_pages_are_read_below_the_base_with_the_filter() {
    let server = turning(vec![page(3, &["a", "b"]), page(3, &["c"])]).await;
    let filtered = Scim {
        filter: Some("active eq false and userName sw \"x+y\"".to_owned()),
        ..scim(&server, fields("userName"))
    };
    let now = "2026-01-01T12:00:00Z".parse().unwrap();
    let roll = source(filtered).read(now).await.unwrap();
    assert_eq!(roll.entries.len(), 3);
    assert_eq!((roll.read_at, roll.as_of), (now, now));

    let heads = server.asked();
    let filter = "filter=active%20eq%20false%20and%20userName%20sw%20%22x%2By%22";
    assert!(heads[0].starts_with("GET /scim/v2/Users?"), "{}", heads[0]);
    assert_eq!(query(&heads[0]), format!("aad=1&startIndex=1&count=2&{filter}"));
    assert_eq!(query(&heads[1]), format!("aad=1&startIndex=3&count=2&{filter}"));
    let head = heads[0].to_ascii_lowercase();
    assert!(head.contains("accept: application/scim+json, application/json\r\n"));
    assert!(head.contains("authorization: bearer tok-123456\r\n"));
}

#[tokio::test]
async fn okta_answers_with_figures_and_its_own_status_beside() {
    let user = |id: &str, active: bool| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id,
               "userName": format!("{id}@x.example"), "active": active, "groups": [],
               "meta": {"resourceType": "User", "version": "W/\"1\""}})
    };
    let page = |start: u64, users: Value| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 3,
               "startIndex": start, "itemsPerPage": 2, "Resources": users})
    };
    let pages = vec![
        page(1, json!([user("00u1", true), user("00u2", false)])),
        page(3, json!([user("00u3", true)])),
    ];
    let roll = read_pages(pages, fields("userName")).await.unwrap();
    let expected = [
        ("00u1@x.example", Standing::Here),
        ("00u2@x.example", Standing::Gone),
        ("00u3@x.example", Standing::Here),
    ];
    assert_eq!(told(&roll), expected);
    assert_eq!(roll.entries[1].place, "00u2@x.example (00u2)");
}

#[tokio::test]
async fn entra_writes_truth_as_a_text_and_has_an_extension() {
    let user = |id: &str, active: &str| {
        let number = format!("7{id}");
        json!({"id": id, "userName": id, "active": active, "externalId": id,
               ENTERPRISE: {"employeeNumber": number, "department": "R&D"}})
    };
    let pages = vec![json!({
        "totalResults": 2, "itemsPerPage": "2", "startIndex": "1",
        "Resources": [user("1", "True"), user("2", "False")],
    })];
    let path = format!("{ENTERPRISE}:employeeNumber");
    let roll = read_pages(pages, fields(&path)).await.unwrap();
    assert_eq!(told(&roll), [("71", Standing::Here), ("72", Standing::Gone)]);
}

#[tokio::test]
async fn keycloak_style_pages_are_shorter_than_asked_for_and_unnumbered() {
    let user = |id: &str| json!({"id": id, "username": id, "emails": [{"value": format!("{id}@x.example")}]});
    let page = |id: &str| json!({"totalResults": 3, "Resources": [user(id)]});
    let server = turning(vec![page("k1"), page("k2"), page("k3")]).await;
    let roll = read(&server, fields("emails.value")).await.unwrap();
    assert_eq!(told(&roll).len(), 3);
    assert_eq!(
        roll.entries[0].standing,
        Standing::Here,
        "active unless said otherwise"
    );
    let indexes: Vec<String> = server.asked().iter().map(|head| query(head).to_owned()).collect();
    assert_eq!(indexes[1], "aad=1&startIndex=2&count=2");
    assert_eq!(indexes[2], "aad=1&startIndex=3&count=2");
}

#[tokio::test]
async fn authentik_style_users_have_several_addresses_and_empty_parts() {
    let pages = vec![json!({
        "totalResults": 1, "itemsPerPage": 1, "startIndex": 1,
        "Resources": [{
            "id": "5f1c", "externalId": "9ab", "userName": "ann", "displayName": "", "active": true,
            "name": {"givenName": "Ann", "familyName": ""}, "photos": [], "title": null,
            "emails": [{"value": "ann@x.example", "type": "work", "primary": true},
                       {"value": "a.lee@x.example", "type": "other", "primary": false}],
        }],
    })];
    let roll = read_pages(pages.clone(), fields("emails.value")).await.unwrap();
    assert_eq!(roll.entries[0].keys, ["ann@x.example", "a.lee@x.example"]);
    let roll = read_pages(pages, fields("emails[type eq \"work\"].value"))
        .await
        .unwrap();
    assert_eq!(roll.entries[0].keys, ["ann@x.example"]);
}

#[tokio::test]
async fn what_cannot_be_understood_of_a_user_is_a_problem_of_that_user() {
    let pages = vec![json!({"totalResults": 4, "Resources": [
        {"id": "a", "userName": "a", "active": "maybe"},
        {"id": "b", "userName": " "},
        {"userName": "c"},
        {"id": "d", "userName": "d", "active": null},
    ]})];
    let roll = read_pages(pages, fields("userName")).await.unwrap();
    let problem = |place: &str| {
        let mut entries = roll.entries.iter();
        let entry = entries.find(|entry| entry.place.starts_with(place)).unwrap();
        entry.problem.clone()
    };
    assert_eq!(
        problem("a (a)").unwrap(),
        "`active` is \"maybe\", which is neither true nor false"
    );
    assert_eq!(problem("(b)").unwrap(), "has no `userName`");
    assert_eq!(problem("c").unwrap(), "has no `id`");
    assert_eq!(problem("d (d)"), None);
}

#[tokio::test]
async fn a_user_is_gone_by_either_sign() {
    let user = |id: &str, active: bool, kind: &str| json!({"id": id, "userName": id, "active": active, "userType": kind});
    let pages = vec![json!({"totalResults": 3, "Resources": [
        user("a", true, "Left"), user("b", false, "Staff"), user("c", true, "Staff"),
    ]})];
    let fields = Fields {
        gone: Some(Gone {
            field: "userType".to_owned(),
            values: vec!["left".to_owned()],
        }),
        ..fields("userName")
    };
    let roll = read_pages(pages, fields).await.unwrap();
    let expected = [
        ("a", Standing::Gone),
        ("b", Standing::Gone),
        ("c", Standing::Here),
    ];
    assert_eq!(told(&roll), expected);
}

#[tokio::test]
async fn a_directory_of_nobody_is_an_empty_list() {
    let roll = read_pages(vec![json!({"totalResults": 0})], fields("userName"))
        .await
        .unwrap();
    assert_eq!(roll.entries, []);
}

#[tokio::test]
async fn half_of_the_users_is_no_list() {
    for (pages, why) in [
        (
            vec![page(4, &["a", "b"]), page(4, &[])],
            "said 4 users and sent 2",
        ),
        (
            vec![page(4, &["a", "b"]), json!({"totalResults": 4})],
            "holds no users",
        ),
        (
            vec![page(4, &["a", "b"]), page(4, &["a", "b"])],
            "sent the user a twice",
        ),
        (vec![page(3, &["a", "b"])], "answered 500"),
        (
            vec![json!({"totalResults": 3, "Resources": null})],
            "holds no users",
        ),
        (vec![json!({"Resources": []})], "totalResults"),
        (vec![json!(["a"])], "no list of SCIM"),
    ] {
        let failure = read_pages(pages, fields("userName")).await.unwrap_err();
        assert!(failure.contains(why), "{failure}");
        assert!(failure.starts_with("reading http://127.0.0.1:"), "{failure}");
        assert!(!failure.contains("aad=1"), "{failure}");
    }
}

#[tokio::test]
async fn a_page_that_breaks_off_is_no_list() {
    let first = page(4, &["a", "b"]);
    let server = Server::start(move |head| match query(head).contains("startIndex=1&") {
        true => sent(&first),
        false => b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"totalResults\": 4, \"Res".to_vec(),
    })
    .await;
    let failure = read(&server, fields("userName")).await.unwrap_err();
    assert!(
        failure.contains("no whole answer, so there is no list"),
        "{failure}"
    );
}

#[tokio::test]
async fn users_that_change_meanwhile_are_read_once_more() {
    let settled = vec![
        page(3, &["a", "b"]),
        page(4, &["c"]),
        page(4, &["a", "b"]),
        page(4, &["c", "d"]),
    ];
    let roll = read_pages(settled, fields("userName")).await.unwrap();
    assert_eq!(roll.entries.len(), 4);

    let restless = vec![
        page(3, &["a", "b"]),
        page(4, &["c"]),
        page(4, &["a", "b"]),
        page(5, &["c", "d"]),
    ];
    let server = turning(restless).await;
    let failure = read(&server, fields("userName")).await.unwrap_err();
    assert!(failure.contains("changed while they were read"), "{failure}");
    assert_eq!(server.asked().len(), 4, "not begun a third time");
}

#[tokio::test]
async fn a_cursor_is_followed_where_the_server_gives_one() {
    let server = turning(vec![
        json!({"totalResults": 2, "nextCursor": "V/x==", "Resources": [{"id": "a", "userName": "a"}]}),
        json!({"totalResults": 2, "Resources": [{"id": "b", "userName": "b"}]}),
    ])
    .await;
    let roll = read(&server, fields("userName")).await.unwrap();
    assert_eq!(roll.entries.len(), 2);
    assert_eq!(query(&server.asked()[1]), "aad=1&cursor=V%2Fx%3D%3D&count=2");
}

#[tokio::test]
async fn an_error_of_scim_is_told_in_its_own_words_and_not_tried_again() {
    let error = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": "Token tok-123456 expired.", "status": "401",
    });
    for (status, why) in [
        (401, "answered 401 Unauthorized; the login is refused"),
        (200, "answered 200 with an error of SCIM"),
    ] {
        let body = error.to_string();
        let server = Server::start(move |_| answer(status, &[], &body)).await;
        let failure = read(&server, fields("userName")).await.unwrap_err();
        assert!(failure.contains(why), "{failure}");
        assert!(failure.ends_with("(Token *** expired.)"), "{failure}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn the_version_is_that_of_the_users_and_not_of_their_order() {
    let user = |id: &str, version: &str, active: bool| json!({"id": id, "userName": id, "active": active, "meta": {"version": version}});
    let list = |users: Vec<Value>| json!({"totalResults": users.len(), "Resources": users});
    let (ann, bo) = (user("a", "1", true), user("b", "1", true));
    let mut versions = Vec::new();
    for users in [
        vec![ann.clone(), bo.clone()],
        vec![bo.clone(), ann.clone()],
        vec![user("a", "2", true), bo.clone()],
        vec![user("a", "1", false), bo],
        vec![ann],
    ] {
        let roll = read_pages(vec![list(users)], fields("userName")).await.unwrap();
        versions.push(roll.version);
    }
    assert_eq!(versions[0], versions[1]);
    versions.remove(1);
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 4, "{versions:?}");
}

#[tokio::test]
async fn the_time_of_the_source_bounds_all_pages_together() {
    let first = page(4, &["a", "b"]);
    let server = Server::start(move |head| match query(head).contains("startIndex=1&") {
        true => sent(&first),
        false => Vec::new(),
    })
    .await;
    let mut source = source(scim(&server, fields("userName")));
    source.timeout = Duration::from_millis(300);
    let failure = source.read(Timestamp::UNIX_EPOCH).await.unwrap_err().to_string();
    assert!(
        failure.ends_with(": not all users came within 300ms"),
        "{failure}"
    );
}

#[test]
fn a_path_that_means_nothing_is_told_at_once() {
    let compiled = UserFields::compile(&fields("emails[type ne \"work\"].value"));
    let why = compiled.err().unwrap().to_string();
    assert!(
        why.starts_with("`emails[type ne \"work\"].value` is no attribute path"),
        "{why}"
    );
}
