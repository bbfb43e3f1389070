//! What is said of a user, and what of a cloud that could not be seen.

use jiff::Timestamp;

use super::*;
use crate::{
    engine::{
        reach::{Users, Who, explain, fates, repositories_looked_at, who},
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
        known: !meant.is_nobody(),
        clouds: vec![explain(&meant, inventory)],
        ..nothing(Asked::User(word.to_owned()), inventory, blind)
    }
}

fn nothing(asked: Asked, inventory: &Inventory, blind: &[Gap]) -> Explained {
    Explained {
        asked,
        known: false,
        identities: vec![],
        clouds: vec![],
        looked_at: vec![],
        sources: vec![],
        grants: vec![],
        policies: vec![],
        users_not_listed: vec![],
        gaps: inventory.gaps.iter().chain(blind).map(GapRow::of).collect(),
    }
}

/// An account and the repositories that were looked at for it.
fn of_account(name: &str, inventory: &Inventory) -> Explained {
    let meant = Who::of_account(&name.into(), &[]);
    let grants = fates(&meant, inventory, &[]).into_iter();
    let grants = grants.map(|grant| GrantRow { grant, tasks: vec![] });
    Explained {
        looked_at: vec![repositories_looked_at(&name.into(), inventory)],
        grants: grants.collect(),
        ..nothing(Asked::Account(name.into()), inventory, &[])
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
            "looked_at",
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

#[test]
fn what_is_shared_with_an_account_is_told_and_where_it_was_looked_for() {
    let explained = of_account("partner", &seen());
    assert!(explained.all_was_seen());
    let text = text(&explained);
    for told in [
        "shared with account partner on cloud c: 1 repository",
        "looked at on cloud c: 2 repositories of account ",
        "public, so that anyone may pull from them: 1",
        "repository-share team/web/api of partner on cloud c:",
        "stays: no policy matches",
        "not known on cloud c: whether other accounts",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
    let stranger = of_account("stranger", &seen());
    let lines = stranger.lines();
    assert_eq!(
        lines[0],
        "no repository that was looked at is shared with account stranger"
    );
}

#[test]
fn nothing_shared_is_no_promise_where_a_list_was_not_read() {
    let mut unread = seen();
    unread.repositories[1].shares = Reading::Unreadable;
    unread.gaps.push(Gap {
        cloud: "c".into(),
        scope: Scope::RepositoryShares("team/db".into()),
        reason: "broke off".into(),
    });
    let explained = of_account("stranger", &unread);
    assert!(!explained.all_was_seen());
    let text = text(&explained);
    for told in [
        "account stranger, as far as could be seen",
        "not known on cloud c: repository shares of team/db on c: broke off",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
}

#[test]
fn a_policy_without_a_proven_list_has_no_word_on_what_stays() {
    let mut explained = of_account("partner", &seen());
    explained.policies = vec![PolicyRow {
        name: "leavers-accounts".into(),
        mode: "enforce".into(),
        next_run: None,
        grace: 0,
        brake: vec![],
        unproven: vec!["source leavers: not read".into()],
    }];
    assert!(!explained.all_was_seen());
    let text = text(&explained);
    assert!(
        text.contains("policy leavers-accounts could not be judged"),
        "{text}"
    );
}

#[test]
fn the_own_account_is_said_to_be_so() {
    let seen = seen();
    let own = of_account(seen.caller.account.as_str(), &seen);
    let text = text(&own);
    assert!(text.contains("is the daemon's own on cloud c"), "{text}");
}

#[test]
fn a_project_or_an_account_stands_under_a_key_of_its_own() {
    let told = serde_json::to_value(of_account("partner", &seen())).expect("an object");
    assert_eq!(told["account"], "partner");
    assert!(told.get("user").is_none() && told["clouds"] == serde_json::json!([]));
    let seen = &told["looked_at"][0];
    assert_eq!((&seen["listed"], &seen["open"]), (&2.into(), &1.into()));
    assert_eq!(seen["is_complete"], true);
}
