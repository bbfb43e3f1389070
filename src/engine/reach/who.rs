//! Whom a word means: an id, a name, an address, or the key of an entry of a
//! list, on every cloud and in every list.
//!
//! Words are compared as lists are matched to users, so that what is explained
//! of a person is what policies decide on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    engine::people::{Matching, Person},
    model::{CloudName, Entry, Id, Inventory, Roll, SourceName, Standing, User, UserKey, UserState},
};

/// The users of one cloud: those that its inventory holds, and others that its
/// identity service told of.
pub struct Users<'a> {
    cloud: &'a CloudName,
    people: HashMap<&'a Id, Person<'a>>,
}

impl<'a> Users<'a> {
    pub fn of(inventory: &'a Inventory, others: &'a [User]) -> Users<'a> {
        let mut people = Person::all(inventory);
        for user in others {
            people.entry(&user.id).or_insert_with(|| Person::of(user));
        }
        Users {
            cloud: &inventory.cloud,
            people,
        }
    }

    pub fn cloud(&self) -> &'a CloudName {
        self.cloud
    }

    /// Days of entries are days of `zone`.
    pub fn matching(&self, roll: &'a Roll, zone: &TimeZone, now: Timestamp) -> Matching<'a> {
        Matching::of(roll, self.cloud, &self.people, zone, now)
    }
}

/// Everybody and everything that a word stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Who {
    pub users: BTreeMap<CloudName, BTreeSet<Id>>,
    /// Positions of entries.
    pub entries: BTreeMap<SourceName, BTreeSet<usize>>,
    /// What the entries say was theirs.
    pub projects: BTreeSet<Id>,
    pub accounts: BTreeSet<Id>,
}

impl Who {
    /// One project, and the entries that say whose it was.
    pub fn of_project(id: &Id, rolls: &[&Roll]) -> Who {
        Who {
            entries: entries_that(rolls, |entry| entry.projects.contains(id)),
            projects: BTreeSet::from([id.clone()]),
            ..Who::default()
        }
    }

    /// One account, and the entries that say whose it was.
    pub fn of_account(name: &Id, rolls: &[&Roll]) -> Who {
        Who {
            entries: entries_that(rolls, |entry| entry.accounts.contains(name)),
            accounts: BTreeSet::from([name.clone()]),
            ..Who::default()
        }
    }

    /// No cloud and no list knows it.
    pub fn is_nobody(&self) -> bool {
        self.users.values().all(BTreeSet::is_empty) && self.entries.values().all(BTreeSet::is_empty)
    }

    pub fn users_of(&self, cloud: &CloudName) -> impl Iterator<Item = &Id> {
        self.users.get(cloud).into_iter().flatten()
    }
}

pub fn who<'a>(word: &str, clouds: &[Users<'a>], rolls: &[&'a Roll], now: Timestamp) -> Who {
    let mut who = Who::default();
    for roll in rolls {
        let entries = entries_named(word, roll, now);
        who.entries.insert(roll.source.clone(), entries);
    }
    for users in clouds {
        let mut ids = users_named(word, users, now);
        for roll in rolls {
            let matching = users.matching(roll, &TimeZone::UTC, now);
            let named = &who.entries[&roll.source];
            let of_named = matching.of_entries().enumerate();
            let of_named = of_named.filter(|(position, _)| named.contains(position));
            ids.extend(of_named.flat_map(|(_, (_, ids))| ids.iter().map(|id| (*id).clone())));
        }
        who.users.insert(users.cloud.clone(), ids);
    }
    // Other lists may hold the same people under other keys.
    for users in clouds {
        let ids = &who.users[users.cloud];
        for roll in rolls {
            let matching = users.matching(roll, &TimeZone::UTC, now);
            let theirs = matching.of_entries().enumerate();
            let theirs = theirs.filter(|(_, (_, matched))| matched.iter().any(|id| ids.contains(*id)));
            let theirs: Vec<usize> = theirs.map(|(position, _)| position).collect();
            who.entries.entry(roll.source.clone()).or_default().extend(theirs);
        }
    }
    for roll in rolls {
        for position in &who.entries[&roll.source] {
            let entry = &roll.entries[*position];
            who.projects.extend(entry.projects.iter().cloned());
            who.accounts.extend(entry.accounts.iter().cloned());
        }
    }
    who
}

fn entries_that(rolls: &[&Roll], name_it: impl Fn(&Entry) -> bool) -> BTreeMap<SourceName, BTreeSet<usize>> {
    let named = |roll: &Roll| {
        let entries = roll.entries.iter().enumerate();
        let named = entries.filter(|(_, entry)| name_it(entry));
        named.map(|(position, _)| position).collect()
    };
    rolls
        .iter()
        .map(|roll| (roll.source.clone(), named(roll)))
        .collect()
}

/// Entries of which the word is a key: those that would match a user of whom
/// all is that word.
fn entries_named(word: &str, roll: &Roll, now: Timestamp) -> BTreeSet<usize> {
    let attributes = match &roll.to {
        UserKey::Attribute(name) => BTreeMap::from([(name.clone(), word.to_owned())]),
        UserKey::Id | UserKey::Name | UserKey::Email => BTreeMap::new(),
    };
    let user = User {
        id: Id::from(word),
        name: word.to_owned(),
        email: Some(word.to_owned()),
        attributes,
        state: UserState::Enabled,
        last_seen: None,
    };
    let people = HashMap::from([(&user.id, Person::of(&user))]);
    let nowhere = CloudName::from("");
    let matching = Matching::of(roll, &nowhere, &people, &TimeZone::UTC, now);
    let entries = matching.of_entries().enumerate();
    entries
        .filter(|(_, (_, ids))| !ids.is_empty())
        .map(|(position, _)| position)
        .collect()
}

/// Users whom a list that holds nothing but the word would match.
fn users_named(word: &str, users: &Users, now: Timestamp) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    for to in [UserKey::Id, UserKey::Name, UserKey::Email] {
        let roll = Roll {
            source: SourceName::from(""),
            version: String::new(),
            read_at: now,
            as_of: now,
            to,
            entries: vec![entry(word)],
            deleted_on: None,
        };
        let matching = Matching::of(&roll, users.cloud, &users.people, &TimeZone::UTC, now);
        let matched = matching.of_entries().flat_map(|(_, ids)| ids);
        ids.extend(matched.map(|id| (*id).clone()));
    }
    ids
}

fn entry(key: &str) -> Entry {
    Entry {
        place: String::new(),
        keys: vec![key.to_owned()],
        standing: Standing::Listed,
        leaves: None,
        returns: None,
        projects: vec![],
        accounts: vec![],
        problem: None,
    }
}

#[cfg(test)]
mod tests;
