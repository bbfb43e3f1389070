//! What one list says of somebody.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::who::{Users, Who};
use crate::{
    engine::people::{Found, Matching, Now},
    model::{CloudName, Entry, Id, Roll},
};

/// What a list says of one user, or of one of its entries that is no user of
/// any cloud.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListWord {
    /// `None`: the entry matches no user that was seen.
    pub cloud: Option<CloudName>,
    pub user: Option<Id>,
    pub says: Says,
    /// Where in the list.
    pub place: Option<String>,
    pub since: Option<Timestamp>,
    /// Of what is not clear: why. Otherwise empty.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// On the list, and no more is said.
    Listed,
    Here,
    Gone,
    /// The identity service confirmed that the user is no more.
    Deleted,
    /// Not on the list.
    Missing,
    /// Nothing can be decided by it.
    Unclear,
}

/// Days of entries are days of `zone`.
pub fn list_words<'a>(
    who: &Who,
    roll: &'a Roll,
    clouds: &[Users<'a>],
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<ListWord> {
    let mut words = Vec::new();
    let mut met = Vec::new();
    for users in clouds {
        let matching = users.matching(roll, zone, now);
        for user in who.users_of(users.cloud()) {
            words.push(ListWord {
                cloud: Some(users.cloud().clone()),
                user: Some(user.clone()),
                ..word(roll, matching.of_user(user))
            });
            met.extend(entries_of(&matching, user));
        }
    }
    let entries = who.entries.get(&roll.source).into_iter().flatten();
    let alone = entries.filter(|position| !met.contains(*position));
    words.extend(alone.map(|position| alone_word(roll, &roll.entries[*position], zone, now)));
    words
}

fn entries_of(matching: &Matching, user: &Id) -> Vec<usize> {
    let entries = matching.of_entries().enumerate();
    let theirs = entries.filter(|(_, (_, ids))| ids.contains(user));
    theirs.map(|(position, _)| position).collect()
}

fn word(roll: &Roll, found: Found) -> ListWord {
    let place = |entry: usize| Some(roll.entries[entry].place.clone());
    let (says, place, since, why) = match found {
        Found::Listed {
            entry,
            plainly: true,
            since,
        } => (Says::Listed, place(entry), Some(since), String::new()),
        Found::Listed { entry, since, .. } => (Says::Gone, place(entry), Some(since), String::new()),
        Found::Here { entry } => (Says::Here, place(entry), None, String::new()),
        Found::Deleted => (Says::Deleted, None, Some(roll.as_of), String::new()),
        Found::Missing => (Says::Missing, None, None, String::new()),
        Found::Untold(why) | Found::Unclear(why) => (Says::Unclear, None, None, why),
    };
    ListWord {
        cloud: None,
        user: None,
        says,
        place,
        since,
        why,
    }
}

fn alone_word(roll: &Roll, entry: &Entry, zone: &TimeZone, now: Timestamp) -> ListWord {
    let (says, since, why) = match roll.standing(entry, zone, now) {
        Now::Here => (Says::Here, None, String::new()),
        Now::Gone { since } => (Says::Gone, Some(since), String::new()),
        Now::Listed => (Says::Listed, Some(roll.as_of), String::new()),
        Now::Unclear(why) => (Says::Unclear, None, why),
    };
    ListWord {
        cloud: None,
        user: None,
        says,
        place: Some(entry.place.clone()),
        since,
        why,
    }
}
