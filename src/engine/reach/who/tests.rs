//! Whom a word means.

use super::*;
use crate::{
    engine::sample::{self, at},
    model::Level,
};

fn inventory() -> Inventory {
    let ann = sample::permission("ann", Level::Read);
    sample::registry(vec![sample::namespace("team", vec![ann])], vec![])
}

fn user(id: &str, email: &str) -> User {
    User {
        id: Id::from(id),
        name: format!("name-of-{id}"),
        email: Some(email.to_owned()),
        attributes: BTreeMap::new(),
        state: UserState::Enabled,
        last_seen: None,
    }
}

fn roll(source: &str, to: UserKey, entries: Vec<Entry>) -> Roll {
    Roll {
        source: source.into(),
        version: "v".into(),
        read_at: at("2026-06-01T00:00:00Z"),
        as_of: at("2026-06-01T00:00:00Z"),
        to,
        entries,
        deleted_on: None,
    }
}

fn find(word: &str, inventory: &Inventory, others: &[User], rolls: &[&Roll]) -> Who {
    let now = at("2026-06-01T00:00:00Z");
    who(word, &[Users::of(inventory, others)], rolls, now)
}

fn ids(who: &Who) -> Vec<&str> {
    who.users_of(&CloudName::from("c")).map(Id::as_str).collect()
}

#[test]
fn a_user_is_meant_by_id_by_name_and_by_address() {
    let (inventory, others) = (inventory(), [user("bob", "bob@example.org")]);
    for (word, id) in [
        ("ann", "ann"),
        ("Name-Of-Ann", "ann"),
        ("bob", "bob"),
        ("BOB@example.org", "bob"),
    ] {
        assert_eq!(ids(&find(word, &inventory, &others, &[])), [id], "{word}");
    }
    assert!(find("eve", &inventory, &others, &[]).is_nobody());
}

#[test]
fn an_entry_leads_to_its_user_and_from_there_to_other_lists() {
    let (inventory, others) = (inventory(), [user("bob", "bob@example.org")]);
    let owner = Entry {
        projects: vec![Id::from("p-1")],
        accounts: vec![Id::from("partner")],
        ..entry("name-of-bob")
    };
    let leavers = roll("leavers", UserKey::Name, vec![entry("x"), owner]);
    let staff = roll("staff", UserKey::Email, vec![entry("bob@example.org")]);
    let who = find("bob@example.org", &inventory, &others, &[&leavers, &staff]);
    assert_eq!(ids(&who), ["bob"]);
    assert_eq!(who.entries["leavers"], BTreeSet::from([1]));
    assert_eq!(who.entries["staff"], BTreeSet::from([0]));
    assert_eq!(who.projects, BTreeSet::from([Id::from("p-1")]));
    assert_eq!(who.accounts, BTreeSet::from([Id::from("partner")]));
}

#[test]
fn who_is_on_a_list_alone_is_somebody() {
    let inventory = inventory();
    let leavers = roll("leavers", UserKey::Email, vec![entry("gone@example.org")]);
    let who = find("Gone@example.org", &inventory, &[], &[&leavers]);
    assert!(!who.is_nobody());
    assert!(ids(&who).is_empty());
}

#[test]
fn a_list_says_where_somebody_stands_since_when_or_that_nobody_is_there() {
    use crate::engine::reach::{Says, list_words};
    let (inventory, now) = (inventory(), at("2026-06-01T00:00:00Z"));
    let others = [user("bob", "bob@example.org"), user("zoe", "zoe@example.org")];
    let gone = Entry {
        standing: Standing::Gone,
        place: "line 2".to_owned(),
        ..entry("name-of-bob")
    };
    let leavers = roll("leavers", UserKey::Name, vec![gone, entry("nobody-here")]);
    let clouds = [Users::of(&inventory, &others)];
    let says = |word: &str| {
        let meant = who(word, &clouds, &[&leavers], now);
        let words = list_words(&meant, &leavers, &clouds, &TimeZone::UTC, now);
        let [one] = words.as_slice() else {
            panic!("{words:?}")
        };
        (one.says, one.user.clone(), one.place.clone(), one.since)
    };
    let since = Some(leavers.as_of);
    let line = Some("line 2".to_owned());
    assert_eq!(says("bob"), (Says::Gone, Some(Id::from("bob")), line, since));
    assert_eq!(says("zoe"), (Says::Missing, Some(Id::from("zoe")), None, None));
    // Of ann only a list of permissions writes a name, which may be an old one.
    assert_eq!(says("ann"), (Says::Unclear, Some(Id::from("ann")), None, None));
    let nowhere = Some(String::new());
    assert_eq!(says("Nobody-Here"), (Says::Listed, None, nowhere, since));
}

#[test]
fn a_project_and_an_account_lead_to_the_entries_that_name_them() {
    let owner = Entry {
        projects: vec![Id::from("p-1")],
        accounts: vec![Id::from("partner")],
        ..entry("bob")
    };
    let leavers = roll("leavers", UserKey::Name, vec![entry("x"), owner]);
    for who in [
        Who::of_project(&Id::from("p-1"), &[&leavers]),
        Who::of_account(&Id::from("partner"), &[&leavers]),
    ] {
        assert_eq!(who.entries["leavers"], BTreeSet::from([1]));
        assert!(!who.is_nobody());
    }
    // An account is no project, and nobody's key is asked for.
    for who in [
        Who::of_project(&Id::from("partner"), &[&leavers]),
        Who::of_account(&Id::from("bob"), &[&leavers]),
    ] {
        assert!(who.is_nobody());
    }
}
