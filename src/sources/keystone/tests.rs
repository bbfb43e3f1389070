use std::{collections::BTreeMap, future, sync::Mutex};

use jiff::SignedDuration;

use super::*;
use crate::{
    config::people::List,
    engine::{people::Demands, policy::Age},
    model::{Caller, Failure, FailureClass, Id, Inventory, Kind, Needs, Standing},
    providers::Progress,
};

/// A cloud that answers this when it is asked for its users, and never answers
/// where there is nothing.
struct Cloud {
    answer: Option<Result<Vec<User>, Failure>>,
    asked_for_details: Mutex<Vec<bool>>,
}

impl Reader for Cloud {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>> {
        unreachable!("a source asks for users alone")
    }

    fn collect<'a>(
        &'a self,
        _: Needs,
        _: Timestamp,
        _: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        unreachable!("a source asks for users alone")
    }

    fn look<'a>(
        &'a self,
        _: Kind,
        _: &'a Id,
        _: &'a [Id],
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        unreachable!("a source asks for users alone")
    }

    fn users(&self, needs_details: bool, _: Timestamp) -> BoxFuture<'_, Result<Vec<User>, Failure>> {
        self.asked_for_details.lock().unwrap().push(needs_details);
        match self.answer.clone() {
            Some(answer) => Box::pin(future::ready(answer)),
            None => Box::pin(future::pending()),
        }
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        unreachable!("a source asks for users alone")
    }
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn user(id: &str) -> User {
    User {
        id: id.into(),
        name: format!("name-of-{id}"),
        email: None,
        attributes: BTreeMap::new(),
        state: UserState::Enabled,
        last_seen: None,
    }
}

fn disabled(id: &str) -> User {
    User {
        state: UserState::Disabled,
        ..user(id)
    }
}

fn keystone() -> Keystone {
    Keystone {
        cloud: "lab".into(),
        disabled: true,
        deleted: false,
        not_seen_for: None,
    }
}

fn for_days(days: i64) -> Option<Age> {
    Some(Age {
        least: SignedDuration::from_hours(24 * days),
        written: format!("{days}d"),
    })
}

/// What a read gives, and whether details were asked for.
async fn read_from(
    answer: Option<Result<Vec<User>, Failure>>,
    to: UserKey,
    keystone: Keystone,
) -> (Result<Roll, ReadFailure>, bool) {
    let cloud = Arc::new(Cloud {
        answer,
        asked_for_details: Mutex::default(),
    });
    let config = people::Source {
        name: "users-of-lab".into(),
        list: List::Keystone(keystone.clone()),
        to,
        demands: Demands::default(),
        timeout: Duration::from_millis(10),
        digest: String::new(),
    };
    let reader: Arc<dyn Reader> = Arc::<Cloud>::clone(&cloud);
    let roll = Source::read(&CloudUsers::new(&config, keystone, reader), now()).await;
    let asked = cloud.asked_for_details.lock().unwrap().clone();
    assert_eq!(asked.len(), 1, "one read asks once");
    (roll, asked[0])
}

async fn read(users: Vec<User>, to: UserKey, keystone: Keystone) -> Roll {
    read_from(Some(Ok(users)), to, keystone).await.0.unwrap()
}

fn standings(roll: &Roll) -> Vec<(&str, Standing)> {
    let entries = roll.entries.iter();
    entries
        .map(|entry| (entry.keys[0].as_str(), entry.standing))
        .collect()
}

#[tokio::test]
async fn who_is_disabled_is_gone_and_everybody_else_is_here() {
    let roll = read(vec![user("a"), disabled("b")], UserKey::Id, keystone()).await;
    assert_eq!(standings(&roll), [("a", Standing::Here), ("b", Standing::Gone)]);
    assert_eq!(roll.entries[1].place, "name-of-b (b)");
    assert_eq!(
        (roll.as_of, roll.read_at, &roll.deleted_on),
        (now(), now(), &None)
    );

    let lenient = Keystone {
        disabled: false,
        deleted: true,
        ..keystone()
    };
    let roll = read(vec![disabled("b")], UserKey::Id, lenient).await;
    assert_eq!(standings(&roll), [("b", Standing::Here)]);
    assert_eq!(roll.deleted_on, Some("lab".into()));
}

#[tokio::test]
async fn only_who_was_seen_too_long_ago_is_idle() {
    let seen = |id: &str, days: i64| User {
        last_seen: Some(now() - SignedDuration::from_hours(24 * days)),
        ..user(id)
    };
    let strict = Keystone {
        not_seen_for: for_days(90),
        ..keystone()
    };
    let users = vec![seen("fresh", 89), seen("idle", 90), user("unknown")];
    let roll = read(users, UserKey::Id, strict).await;
    let expected = [
        ("fresh", Standing::Here),
        ("idle", Standing::Gone),
        ("unknown", Standing::Here),
    ];
    assert_eq!(standings(&roll), expected);
}

#[tokio::test]
async fn each_user_is_matched_by_what_the_source_is_matched_to() {
    let mut jane = user("a");
    jane.email = Some("jane@example.com".to_owned());
    jane.attributes.insert("xuser_id".to_owned(), "4711".to_owned());
    for (to, expected, missing) in [
        (UserKey::Id, "a", None),
        (UserKey::Name, "name-of-a", None),
        (UserKey::Email, "jane@example.com", Some("has no `email`")),
        (
            UserKey::Attribute("xuser_id".to_owned()),
            "4711",
            Some("has no `xuser_id`"),
        ),
    ] {
        let roll = read(vec![jane.clone(), user("b")], to.clone(), keystone()).await;
        assert_eq!(
            (&roll.to, roll.entries[0].keys.as_slice()),
            (&to, &[expected.to_owned()][..])
        );
        assert_eq!(roll.entries[1].problem.as_deref(), missing);
        assert_eq!(roll.entries[1].keys.is_empty(), missing.is_some());
    }
}

#[tokio::test]
async fn details_are_asked_for_where_the_list_may_not_tell() {
    let idle = Keystone {
        not_seen_for: for_days(1),
        ..keystone()
    };
    for (to, keystone, expected) in [
        (UserKey::Id, keystone(), false),
        (UserKey::Name, keystone(), false),
        (UserKey::Email, keystone(), true),
        (UserKey::Attribute("x".to_owned()), keystone(), true),
        (UserKey::Id, idle, true),
    ] {
        let (_, asked) = read_from(Some(Ok(vec![])), to.clone(), keystone).await;
        assert_eq!(asked, expected, "{to:?}");
    }
}

#[tokio::test]
async fn the_version_changes_with_what_the_list_says_and_with_nothing_else() {
    let version = async |users| read(users, UserKey::Id, keystone()).await.version;
    let before = version(vec![user("a"), user("b")]).await;
    assert_eq!(before, version(vec![user("a"), user("b")]).await);
    assert_ne!(before, version(vec![user("a"), disabled("b")]).await);
    assert_ne!(before, version(vec![user("a")]).await);
}

#[tokio::test]
async fn what_is_not_read_whole_is_no_list() {
    let failure = Failure::new(FailureClass::Refused, "listing users: 403");
    let (roll, _) = read_from(Some(Err(failure)), UserKey::Id, keystone()).await;
    let words = roll.unwrap_err().to_string();
    assert_eq!(words, "the users of cloud lab were not read: listing users: 403");

    let (roll, _) = read_from(None, UserKey::Id, keystone()).await;
    assert!(roll.unwrap_err().to_string().contains("timeout"));
}
