//! The users of the domain: whole lists, and what else comes along.

use serde_json::{Value, json};

use super::setup::{Client, config, start};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, User, UserState},
    providers::scripted::{Asked, Reply, Server, json, logged_in, status, token_body},
};

/// Logs in the user `u1` of the domain `d1`.
async fn server(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start_bare(move |asked, url| {
        if !asked.path.ends_with("/auth/tokens") {
            return script(asked);
        }
        let mut body = token_body(&format!("{url}image/v2"));
        body["token"]["user"]["domain"] = json!({"id": "d1", "name": "account"});
        logged_in("token-1", body).into()
    })
    .await
}

async fn users(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Result<Vec<User>, Failure> {
    let server = server(script).await;
    Client::of(&server).cloud.reader.users(true, start()).await
}

fn user(id: &str) -> Value {
    json!({"id": id, "name": format!("{id}-name"), "domain_id": "d1", "enabled": true})
}

fn page(users: Vec<Value>, next: Option<&str>) -> Reply {
    json(json!({"users": users, "links": {"next": next, "self": "x"}})).into()
}

fn ids(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.id.as_str()).collect()
}

#[tokio::test]
async fn only_the_query_of_a_link_is_followed_in_the_daemons_own_domain() {
    let found = users(|asked| {
        assert_eq!(asked.path, "/identity/v3/users");
        assert_eq!(asked.token(), "token-1");
        assert!(asked.query.contains("domain_id=d1"), "{}", asked.query);
        match asked.query.contains("marker=u1") {
            false => page(
                vec![user("u1")],
                Some("http://elsewhere.example/v3/users?domain_id=other&limit=500&marker=u1"),
            ),
            true => {
                assert!(!asked.query.contains("other"), "{}", asked.query);
                page(vec![user("u0")], None)
            }
        }
    });
    assert_eq!(ids(&found.await.unwrap()), ["u0", "u1"]);
}

#[tokio::test]
async fn pages_are_as_large_as_configured_but_never_as_large_as_clouds_cut_them() {
    for (page_size, expected) in [(1000, "limit=500"), (3, "limit=3")] {
        let server = server(move |asked| {
            assert!(asked.query.contains(expected), "{}", asked.query);
            page(vec![user("u1")], None)
        })
        .await;
        let mut config = config(&server);
        config.limits = CloudLimits {
            page_size,
            ..CloudLimits::default()
        };
        let reader = Client::with(&config).cloud.reader;
        assert!(reader.users(false, start()).await.is_ok());
    }
}

#[tokio::test]
async fn an_empty_last_page_is_an_end() {
    let found = users(|asked| match asked.query.contains("marker") {
        false => page(vec![user("u1")], Some("/v3/users?limit=500&marker=u1")),
        true => page(vec![], None),
    });
    assert_eq!(ids(&found.await.unwrap()), ["u1"]);
}

#[tokio::test]
async fn what_is_told_is_kept_and_last_use_is_never_told() {
    let found = users(|_| {
        let mut off = user("off");
        off["enabled"] = json!(false);
        off["email"] = json!("off@example.com");
        off["description"] = json!("");
        off["employee"] = json!("4711");
        off["options"] = json!({"lock_password": true});
        page(vec![user("u1"), off], None)
    });
    let found = found.await.unwrap();
    let off = &found[0];
    assert_eq!((off.name.as_str(), off.state), ("off-name", UserState::Disabled));
    assert_eq!(off.email.as_deref(), Some("off@example.com"));
    assert_eq!(
        off.attributes.iter().collect::<Vec<_>>(),
        [(&"employee".to_owned(), &"4711".to_owned())]
    );
    assert_eq!((off.last_seen, &found[1].email), (None, &None));
}

#[tokio::test]
async fn users_of_other_domains_are_left_out() {
    let found = users(|_| {
        let mut other = user("other");
        other["domain_id"] = json!("d2");
        page(vec![user("u1"), other], None)
    });
    assert_eq!(ids(&found.await.unwrap()), ["u1"]);
}

#[tokio::test]
async fn a_list_that_may_be_cut_is_none() {
    for (answer, why) in [
        (
            json!({"users": [user("u1")], "truncated": true, "links": {"next": null}}),
            "has cut it",
        ),
        (
            json!({"users": (0..1000).map(|n| user(&format!("u{n}"))).collect::<Vec<_>>()}),
            "exactly 1000",
        ),
        (json!({"users": [user("stranger")]}), "own user"),
        (
            json!({"users": [user("u1")], "links": {"next": "/v3/projects?marker=u1"}}),
            "leads away",
        ),
        (
            json!({"users": [user("u1")], "links": {"next": "/v3/users?marker=u1"}}),
            "circle",
        ),
        (json!({"users": [{"id": "u1"}]}), "not understood"),
        (json!({"links": {}}), "not understood"),
    ] {
        let failure = users(move |_| json(answer.clone()).into()).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Malformed);
        assert!(failure.detail.contains(why), "{failure}");
    }
}

#[tokio::test]
async fn a_page_that_fails_leaves_no_list() {
    let failure = users(|asked| match asked.query.contains("marker") {
        false => page(vec![user("u1")], Some("/v3/users?limit=500&marker=u1")),
        true => status(500).into(),
    });
    assert_eq!(failure.await.unwrap_err().class, FailureClass::Unavailable);
}

#[tokio::test]
async fn a_refusal_names_the_right_that_is_missing() {
    let failure = users(|_| status(403).into()).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused);
    assert!(failure.detail.contains("role admin"), "{failure}");
}

#[tokio::test]
async fn without_a_domain_nobody_is_asked_about() {
    let server = Server::start(|_| panic!("nothing is to be asked")).await;
    let failure = Client::of(&server).cloud.reader.users(false, start()).await;
    assert!(failure.unwrap_err().detail.contains("which domain"));
    assert_eq!(server.data_calls(), Vec::<String>::new());
}
