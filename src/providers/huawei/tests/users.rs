//! The users of the account: whole lists, and what may be said of one user.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    super::{
        holders::{Holders, Owners, Thoroughness},
        iam::Iam,
    },
    setup::{Client, cloud},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, Holder, Id, Scope, UserState},
    providers::{
        patience::Patience,
        scripted::{Asked, Reply, Server, json, status},
    },
};

fn user(id: &str, enabled: bool) -> Value {
    json!({"id": id, "name": id, "domain_id": "d0", "enabled": enabled})
}

fn detail(id: &str, enabled: bool, is_owner: Option<bool>) -> Reply {
    let mut user = user(id, enabled);
    if let Some(is_owner) = is_owner {
        user["is_domain_owner"] = json!(is_owner);
    }
    json(json!({"user": user})).into()
}

fn list(users: Vec<Value>) -> Reply {
    json(json!({"links": {"next": null}, "users": users})).into()
}

/// The account has the caller, and `off`, who is disabled.
fn two_lists(asked: &Asked) -> Reply {
    match asked.query.contains("enabled=true") {
        true => list(vec![user("u0", true), user("on", true)]),
        false => list(vec![user("off", false)]),
    }
}

const LIMITS: CloudLimits = CloudLimits {
    concurrency: 8,
    requests_per_second: None,
    connect_timeout: Duration::from_secs(10),
    request_timeout: Duration::from_secs(60),
    page_size: 1000,
    max_pages: 20,
    max_body: 32 << 20,
    batch_resources: 100,
    batch_subjects: 100,
};

fn iam(client: &Client) -> Iam<'_> {
    Iam {
        api: &client.api,
        limits: &LIMITS,
        patience: Patience::NONE,
    }
}

async fn users(
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Result<BTreeMap<String, bool>, Failure> {
    let server = cloud(script).await;
    let users = iam(&Client::of(&server)).users().await?;
    Ok(users
        .into_iter()
        .map(|(id, user)| (id.to_string(), user.state == UserState::Enabled))
        .collect())
}

fn why(result: Result<BTreeMap<String, bool>, Failure>) -> String {
    result.unwrap_err().detail
}

#[tokio::test]
async fn enabled_and_disabled_users_are_two_lists() {
    let found = users(|asked| {
        assert!(asked.query.contains("domain_id=d0"), "{}", asked.query);
        assert!(asked.query.contains("limit=500"), "{}", asked.query);
        two_lists(asked)
    });
    let expected = [("u0", true), ("on", true), ("off", false)];
    let expected = expected.map(|(id, enabled)| (id.to_owned(), enabled));
    assert_eq!(found.await.unwrap(), BTreeMap::from(expected));
}

#[tokio::test]
async fn who_is_in_both_lists_is_called_enabled() {
    let found = users(|asked| match asked.query.contains("enabled=true") {
        true => list(vec![user("u0", true), user("x", true)]),
        false => list(vec![user("x", false)]),
    });
    assert!(found.await.unwrap()["x"]);
}

#[tokio::test]
async fn links_to_further_pages_are_followed_on_the_configured_host() {
    let found = users(|asked| {
        if asked.query.contains("enabled=false") {
            return list(vec![]);
        }
        let next = "https://elsewhere.example/v3/users?limit=500&marker=u0&domain_id=other&enabled=maybe";
        match asked.query.contains("marker=u0") {
            false => {
                json(json!({"users": [user("u0", true)], "truncated": true, "links": {"next": next}})).into()
            }
            true => {
                assert!(asked.query.contains("domain_id=d0") && !asked.query.contains("other"));
                list(vec![user("u1", true)])
            }
        }
    });
    assert_eq!(found.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_that_may_be_cut_is_none() {
    let cut = users(|_| json(json!({"users": [user("u0", true)], "truncated": true, "links": {}})).into());
    assert!(why(cut.await).contains("has cut it"));

    let thousand: Vec<Value> = (0..1000).map(|n| user(&format!("u{n}"), true)).collect();
    let cut = users(move |_| list(thousand.clone())).await;
    assert!(why(cut).contains("exactly 1000"));

    let circle = users(|_| {
        let next = "/v3/users?marker=u0";
        json(json!({"users": [user("u0", true)], "links": {"next": next}})).into()
    });
    assert!(why(circle.await).contains("circle"));

    for next in ["/v3/users", "/v3/users?limit=5", "/v3/projects?marker=x"] {
        let astray = users(move |_| json(json!({"users": [], "links": {"next": next}})).into());
        assert!(why(astray.await).contains("the link to its next page"), "{next}");
    }

    let half = users(|asked| match asked.query.contains("enabled=true") {
        true => two_lists(asked),
        false => status(500).into(),
    });
    assert!(half.await.is_err());

    let endless = users(|asked| {
        let number = asked
            .query
            .split("marker=u")
            .nth(1)
            .unwrap_or("0")
            .parse::<u32>()
            .unwrap();
        let next = format!("/v3/users?marker=u{}", number + 1);
        json(json!({"users": [user(&format!("u{number}"), true)], "links": {"next": next}})).into()
    });
    assert!(why(endless.await).contains("no end"));
}

#[tokio::test]
async fn a_list_without_the_daemon_is_somebody_elses() {
    let foreign = users(|_| list(vec![user("stranger", true)])).await;
    assert!(why(foreign).contains("own user"));
}

#[tokio::test]
async fn behind_a_page_that_is_just_full_another_is_looked_for() {
    let row = |n: usize| user(&format!("u{n}"), true);
    for (behind, expected) in [
        (list_of(500..507, row), 507),
        // A cloud that does not know markers says the same again.
        (list_of(0..500, row), 500),
        (Vec::new(), 500),
    ] {
        let found = users(move |asked| match asked.query.as_str() {
            query if query.contains("enabled=false") => list(vec![]),
            query if query.contains("marker=u499") => list(behind.clone()),
            _ => list(list_of(0..500, row)),
        });
        assert_eq!(found.await.unwrap().len(), expected);
    }
}

fn list_of(range: std::ops::Range<usize>, row: impl Fn(usize) -> Value) -> Vec<Value> {
    range.map(row).collect()
}

async fn holders(client: &Client, owners: &Owners, ids: &[&str]) -> Holders {
    let ids: HashSet<Id> = ids.iter().map(|id| Id::from(*id)).collect();
    let thoroughness = Thoroughness::Standing;
    owners
        .holders(&iam(client), &"otc".into(), ids, thoroughness)
        .await
}

fn known(state: UserState, account_owner: bool) -> Option<(UserState, bool)> {
    Some((state, account_owner))
}

/// What is known of each, but for the name, which is the id here.
fn without_name(id: &str, holder: &Option<Holder>) -> Option<(UserState, bool)> {
    let holder = holder.as_ref()?;
    let name = if holder.state == UserState::Deleted {
        ""
    } else {
        id
    };
    assert_eq!(holder.name, name);
    Some((holder.state, holder.account_owner))
}

fn scopes(holders: &Holders) -> Vec<Scope> {
    holders.gaps.iter().map(|gap| gap.scope.clone()).collect()
}

fn user_calls(server: &Server) -> usize {
    let calls = server.data_calls();
    calls.iter().filter(|line| line.contains("OS-USER")).count()
}

/// Many, so that the list is asked for first.
fn crowd(some: &[&'static str]) -> Vec<&'static str> {
    let others = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    [some, others.as_slice()].concat()
}

fn by_id(asked: &Asked) -> Option<Reply> {
    let (_, id) = asked.path.split_once("/OS-USER/users/")?;
    Some(match id {
        "gone" | "listed-gone" => status(404).into(),
        "silent" => detail(id, true, None),
        "secret" => status(403).into(),
        "other" => detail("somebody-else", true, Some(false)),
        "off" => detail(id, false, Some(false)),
        "root" => detail(id, true, Some(true)),
        _ => detail(id, true, Some(false)),
    })
}

#[tokio::test]
async fn each_user_is_said_to_be_what_both_sources_agree_on() {
    for many in [false, true] {
        let server = cloud(|asked| {
            by_id(asked).unwrap_or_else(|| match asked.query.contains("enabled=true") {
                true => list(vec![
                    user("u0", true),
                    user("listed-gone", true),
                    user("root", true),
                ]),
                false => list(vec![user("off", false), user("on", false)]),
            })
        })
        .await;
        let client = Client::of(&server);
        let asked = [
            "on",
            "off",
            "root",
            "gone",
            "listed-gone",
            "silent",
            "secret",
            "other",
        ];
        let ids = if many { crowd(&asked) } else { asked.to_vec() };
        let found = holders(&client, &Owners::default(), &ids).await;
        for (id, expected) in [
            ("on", known(UserState::Enabled, false)),
            ("off", known(UserState::Disabled, false)),
            ("root", known(UserState::Enabled, true)),
            ("gone", known(UserState::Deleted, false)),
            ("listed-gone", None),
            ("silent", None),
            ("secret", None),
            ("other", None),
        ] {
            assert_eq!(without_name(id, &found.of[id]), expected, "{id}, many: {many}");
            let has_gap = scopes(&found).contains(&Scope::User(id.into()));
            assert_eq!(has_gap, expected.is_none(), "{id}");
        }
        assert_eq!(found.of.len(), ids.len());
    }
}

#[tokio::test]
async fn without_the_whole_list_nobody_is_called_deleted() {
    for ids in [vec!["gone", "on"], crowd(&["gone", "on"])] {
        let server = cloud(|asked| by_id(asked).unwrap_or_else(|| status(403).into())).await;
        let found = holders(&Client::of(&server), &Owners::default(), &ids).await;
        assert_eq!(found.of["gone"], None);
        assert_eq!(
            without_name("on", &found.of["on"]),
            known(UserState::Enabled, false),
            "known by itself"
        );
        assert!(scopes(&found).contains(&Scope::Users));
        assert!(scopes(&found).contains(&Scope::User("gone".into())));
    }
}

#[tokio::test]
async fn a_list_is_asked_for_only_where_it_is_needed() {
    let server = cloud(|asked| by_id(asked).unwrap_or_else(|| two_lists(asked))).await;
    let client = Client::of(&server);
    assert_eq!(
        holders(&client, &Owners::default(), &[]).await,
        Holders::default()
    );
    holders(&client, &Owners::default(), &["on", "off"]).await;
    assert_eq!((user_calls(&server), server.data_calls().len()), (2, 2));
    holders(&client, &Owners::default(), &["gone"]).await;
    assert_eq!((user_calls(&server), server.data_calls().len()), (3, 5));
}

#[tokio::test]
async fn who_owns_the_account_is_asked_once() {
    let listed = crowd(&["u0"]);
    let rows: Vec<Value> = listed.iter().map(|id| user(id, true)).collect();
    let server = cloud(move |asked| {
        by_id(asked).unwrap_or_else(|| match asked.query.contains("enabled=true") {
            true => list(rows.clone()),
            false => list(vec![]),
        })
    })
    .await;
    let client = Client::of(&server);
    let owners = Owners::default();
    for _ in 0..3 {
        let found = holders(&client, &owners, &listed).await;
        assert!(found.gaps.is_empty());
        assert!(
            found
                .of
                .iter()
                .all(|(id, holder)| without_name(id.as_str(), holder) == known(UserState::Enabled, false))
        );
    }
    assert_eq!(user_calls(&server), listed.len());
}

#[tokio::test]
async fn a_service_that_answers_nobody_is_not_asked_for_everybody() {
    let server = cloud(|asked| match asked.path.contains("OS-USER") {
        true => status(500).into(),
        false => two_lists(asked),
    })
    .await;
    let ids: Vec<String> = (0..200).map(|n| format!("x{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found = holders(&Client::of(&server), &Owners::default(), &ids).await;
    assert!(found.of.values().all(Option::is_none));
    assert_eq!(found.gaps.len(), 200);
    assert!(user_calls(&server) < 40, "{}", user_calls(&server));
}
