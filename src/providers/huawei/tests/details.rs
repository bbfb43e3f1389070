//! Users with everything that is told of them: addresses, other attributes,
//! when they were last seen.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    super::{
        holders::{Holders, Owners, Thoroughness},
        iam::Iam,
        people,
    },
    setup::{Client, cloud, start},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id, User, UserState},
    providers::{
        patience::Patience,
        scripted::{Asked, Reply, Server, json, status},
    },
};

fn user(id: &str) -> Value {
    json!({"id": id, "name": format!("{id}-name"), "domain_id": "d0", "enabled": id != "off", "description": "listed"})
}

fn detail(id: &str) -> Value {
    let mut user = user(id);
    user["email"] = json!(format!("{id}@example.com"));
    user["xuser_id"] = json!(format!("x-{id}"));
    user["is_domain_owner"] = json!(false);
    user["last_login_time"] = json!("2025-06-01 10:00:00.0");
    user
}

/// The account has the caller, `on`, `keyed`, who has an access key, and `off`,
/// who is disabled.
fn identity(asked: &Asked) -> Reply {
    if let Some((_, id)) = asked.path.split_once("/OS-USER/users/") {
        return json(json!({"user": detail(id)})).into();
    }
    if asked.path.ends_with("/OS-CREDENTIAL/credentials") {
        let (_, id) = asked.query.split_once("user_id=").unwrap();
        let status = if id == "keyed" { "active" } else { "inactive" };
        let key = json!({"user_id": id, "access": "AK", "status": status});
        return json(json!({"credentials": [key]})).into();
    }
    let rows = match asked.query.contains("enabled=true") {
        true => vec![user("u0"), user("on"), user("keyed")],
        false => vec![user("off")],
    };
    json(json!({"links": {"next": null}, "users": rows})).into()
}

fn iam<'a>(client: &'a Client, limits: &'a CloudLimits) -> Iam<'a> {
    Iam {
        api: &client.api,
        limits,
        patience: Patience::NONE,
    }
}

async fn users_of(server: &Server, needs_details: bool) -> Result<Vec<User>, Failure> {
    let (client, limits) = (Client::of(server), CloudLimits::default());
    people::users(&iam(&client, &limits), needs_details, start()).await
}

fn calls(server: &Server, of: &str) -> usize {
    let calls = server.data_calls();
    calls.iter().filter(|line| line.contains(of)).count()
}

fn named<'a>(users: &'a [User], id: &str) -> &'a User {
    users.iter().find(|user| user.id.as_str() == id).unwrap()
}

#[tokio::test]
async fn without_details_users_are_as_the_list_has_them() {
    let server = cloud(identity).await;
    let users = users_of(&server, false).await.unwrap();
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["keyed", "off", "on", "u0"]);
    assert_eq!(named(&users, "off").state, UserState::Disabled);
    assert_eq!(named(&users, "on").attributes["description"], "listed");
    assert_eq!(named(&users, "on").email, None);
    assert_eq!(server.data_calls().len(), 2);
}

#[tokio::test]
async fn details_are_asked_of_each_once() {
    let server = cloud(identity).await;
    let users = users_of(&server, true).await.unwrap();
    assert_eq!(calls(&server, "OS-USER"), 4);
    let off = named(&users, "off");
    assert_eq!(off.state, UserState::Disabled);
    assert_eq!(off.email.as_deref(), Some("off@example.com"));
    assert_eq!(off.attributes["xuser_id"], "x-off");
    assert!(!off.attributes.contains_key("last_login_time"));
}

#[tokio::test]
async fn who_could_use_an_access_key_is_not_called_idle() {
    let server = cloud(identity).await;
    let users = users_of(&server, true).await.unwrap();
    let seen = |id| named(&users, id).last_seen.map(|at| at.to_string());
    assert_eq!(seen("on").as_deref(), Some("2025-06-02T10:00:00Z"));
    assert_eq!(seen("keyed"), None);
}

#[tokio::test]
async fn who_never_signed_in_is_unknown_and_needs_no_look_at_keys() {
    for never in [json!(null), json!(""), json!("some day")] {
        let server = cloud(move |asked| match asked.path.split_once("/OS-USER/users/") {
            Some((_, id)) => {
                let mut user = detail(id);
                user["last_login_time"] = never.clone();
                json(json!({"user": user})).into()
            }
            None => identity(asked),
        })
        .await;
        let users = users_of(&server, true).await.unwrap();
        assert!(users.iter().all(|user| user.last_seen.is_none()));
        assert_eq!(calls(&server, "OS-CREDENTIAL"), 0);
    }
}

#[tokio::test]
async fn one_user_who_cannot_be_read_leaves_no_list() {
    for (path, code, class) in [
        ("/v3.0/OS-USER/users/off", 500, FailureClass::Unavailable),
        ("/v3.0/OS-USER/users/off", 404, FailureClass::Malformed),
        ("/v3.0/OS-CREDENTIAL/credentials", 403, FailureClass::Refused),
    ] {
        let server = cloud(move |asked| match asked.path == path {
            true => status(code).into(),
            false => identity(asked),
        })
        .await;
        let failure = users_of(&server, true).await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
    }
}

#[tokio::test]
async fn keys_of_somebody_else_prove_nothing() {
    let server = cloud(|asked| match asked.path.ends_with("/credentials") {
        true => {
            json(json!({"credentials": [{"user_id": "other", "access": "AK", "status": "inactive"}]})).into()
        }
        false => identity(asked),
    })
    .await;
    let failure = users_of(&server, true).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Malformed);
}

async fn holders(server: &Server, owners: &Owners, thoroughness: Thoroughness) -> Holders {
    let (client, limits) = (Client::of(server), CloudLimits::default());
    let ids: HashSet<Id> = ["on", "off"].into_iter().map(Id::from).collect();
    let iam = iam(&client, &limits);
    owners.holders(&iam, &"otc".into(), ids, thoroughness).await
}

#[tokio::test]
async fn whom_the_service_told_of_comes_along_with_the_holders() {
    for (thoroughness, expected) in [
        (Thoroughness::Standing, vec!["off", "on"]),
        (Thoroughness::Details, vec!["off", "on"]),
        (Thoroughness::DetailsAmongAll, vec!["keyed", "off", "on", "u0"]),
    ] {
        let server = cloud(identity).await;
        let found = holders(&server, &Owners::default(), thoroughness).await;
        assert!(found.gaps.is_empty());
        let ids: Vec<&str> = found.users.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(ids, expected, "{thoroughness:?}");
        let on = named(&found.users, "on");
        assert_eq!(on.email.as_deref(), Some("on@example.com"));
        assert_eq!(on.attributes["xuser_id"], "x-on");
        assert_eq!(on.last_seen, None, "whether there are keys was not asked");
    }
}

#[tokio::test]
async fn nobody_is_spared_where_details_are_wanted() {
    let server = cloud(identity).await;
    let owners = Owners::default();
    for round in 1..=3 {
        holders(&server, &owners, Thoroughness::DetailsAmongAll).await;
        assert_eq!(calls(&server, "OS-USER"), 2 * round);
    }
}

#[tokio::test]
async fn a_list_that_fails_is_a_gap_and_leaves_the_holders_known() {
    let server = cloud(|asked| match asked.path == "/v3/users" {
        true => status(403).into(),
        false => identity(asked),
    })
    .await;
    let found = holders(&server, &Owners::default(), Thoroughness::DetailsAmongAll).await;
    assert_eq!(found.gaps.len(), 1);
    assert_eq!(found.users.len(), 2);
    assert!(found.of.values().all(Option::is_some));
}
