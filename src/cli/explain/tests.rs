//! What is said of a user, and what of a cloud that could not be seen.

use super::*;
use crate::{
    engine::sample,
    model::{Gap, Inventory, Level, Reading, Scope},
};

fn seen() -> Inventory {
    let ann = |level| sample::permission("ann", level);
    let mut open = sample::repository("team/web/api", vec![ann(Level::Read)]);
    open.public = true;
    open.shares = Reading::Read(vec![sample::account_share("partner")]);
    sample::registry(
        vec![sample::namespace("team", vec![ann(Level::Manage)])],
        vec![open, sample::repository("team/db", vec![])],
    )
}

fn collection(inventory: Inventory) -> Collection {
    Collection {
        inventories: BTreeMap::from([(inventory.cloud.clone(), inventory)]),
        blind: vec![],
    }
}

fn text(explained: &Explained<'_>) -> String {
    explained.lines().join("\n")
}

#[test]
fn every_way_in_is_told_with_the_state_and_what_cannot_be_known() {
    let collection = collection(seen());
    let explained = Explained::of("name-of-ann", &collection);
    assert!(explained.all_was_seen());
    let text = text(&explained);
    for told in [
        "user name-of-ann (ann) on cloud c: enabled",
        "permission on the namespace",
        "(all of it: 2 repositories)",
        "manage",
        "permission on the repository",
        "the repository is public",
        "users of account partner",
        "deadline is over",
        "not known on cloud c: an administrator role",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
}

#[test]
fn a_user_who_is_nowhere_is_said_to_be_nowhere() {
    let whole = collection(seen());
    let explained = Explained::of("bob", &whole);
    assert!(text(&explained).starts_with("no permission names the user \"bob\"\n"));
    assert!(explained.all_was_seen());
}

#[test]
fn what_could_not_be_seen_is_no_proof_and_fails_the_command() {
    let mut unread = seen();
    unread.namespaces[0].permissions = Reading::Unreadable;
    unread.gaps.push(Gap {
        cloud: "c".into(),
        scope: Scope::NamespacePermissions("team".into()),
        reason: "broke off".into(),
    });
    let mut never_asked = seen();
    never_asked.repositories[0].shares = Reading::NotRead;
    let mut blind = collection(seen());
    blind.blind.push(Gap {
        cloud: "dark".into(),
        scope: Scope::Cloud,
        reason: "no answer".into(),
    });
    for collection in [collection(unread), collection(never_asked), blind] {
        let explained = Explained::of("bob", &collection);
        assert!(!explained.all_was_seen());
        assert!(text(&explained).contains("\"bob\", as far as could be seen"));
    }
}

#[test]
fn the_keys_for_programs_are_these() {
    let collection = collection(seen());
    let told = serde_json::to_value(Explained::of("ann", &collection)).expect("an object");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&told), ["clouds", "gaps", "user"]);
    let cloud = &told["clouds"][0];
    assert_eq!(keys(cloud), ["cloud", "people", "public", "shared", "unknown"]);
    assert_eq!(
        keys(&cloud["people"][0]),
        [
            "account_owner",
            "id",
            "names",
            "namespaces",
            "repositories",
            "state"
        ]
    );
}
