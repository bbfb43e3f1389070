//! What is said of a user, and what of a cloud that could not be seen.

use jiff::Timestamp;

use super::*;
use crate::{
    engine::{
        reach::{Users, explain, who},
        sample,
    },
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

fn explained(word: &str, inventory: &Inventory, blind: &[Gap]) -> Explained {
    let now: Timestamp = sample::at("2026-06-01T00:00:00Z");
    let meant = who(word, &[Users::of(inventory, &[])], &[], now);
    Explained {
        user: word.to_owned(),
        known: !meant.is_nobody(),
        clouds: vec![explain(&meant, inventory)],
        gaps: inventory.gaps.iter().chain(blind).map(GapRow::of).collect(),
        ..Explained::default()
    }
}

fn text(explained: &Explained) -> String {
    explained.lines().join("\n")
}

#[test]
fn every_way_in_is_told_with_the_state_and_what_cannot_be_known() {
    let explained = explained("name-of-ann", &seen(), &[]);
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
    let explained = explained("bob", &seen(), &[]);
    assert!(text(&explained).starts_with("no cloud and no source knows the user \"bob\"\n"));
    assert!(explained.all_was_seen());
    assert!(!explained.known);
}

#[test]
fn who_holds_nothing_is_told_with_his_state() {
    let mut idle = explained("bob", &seen(), &[]);
    idle.known = true;
    idle.identities = vec![Identity {
        cloud: "c".into(),
        id: "bob".into(),
        name: "name-of-bob".into(),
        email: None,
        state: UserState::Disabled,
    }];
    assert!(text(&idle).starts_with("user name-of-bob (bob) on cloud c: disabled; holds nothing"));
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
    let dark = Gap {
        cloud: "dark".into(),
        scope: Scope::Cloud,
        reason: "no answer".into(),
    };
    for explained in [
        explained("bob", &unread, &[]),
        explained("bob", &never_asked, &[]),
        explained("bob", &seen(), &[dark]),
    ] {
        assert!(!explained.all_was_seen());
        assert!(text(&explained).contains("\"bob\", as far as could be seen"));
    }
}

#[test]
fn the_keys_for_programs_are_these() {
    let told = serde_json::to_value(explained("ann", &seen(), &[])).expect("an object");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&told),
        [
            "clouds",
            "gaps",
            "grants",
            "identities",
            "known",
            "policies",
            "sources",
            "user",
            "users_not_listed"
        ]
    );
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
