//! Which entry of a list is which user of a cloud.
//!
//! An entry that matches two users, and two entries that say different things
//! of one user, decide on nobody: neither that somebody left nor that somebody
//! is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    fold::{fold, likeness},
    person::Person,
    standing::Now,
};
use crate::model::{CloudName, Entry, Id, Roll, UserKey};

/// A list held against the users of a cloud.
pub struct Matching<'a> {
    roll: &'a Roll,
    /// Entries by their position, and whom each of them matches.
    of_entry: Vec<BTreeSet<&'a Id>>,
    of_user: HashMap<&'a Id, Found>,
    counts_deleted: bool,
    disputed: Vec<String>,
}

/// What a list says of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// On the list as one who left, or on a list that says no more.
    Listed {
        entry: usize,
        /// The list says nothing but who is on it.
        plainly: bool,
        since: Timestamp,
    },
    Here {
        entry: usize,
    },
    /// The identity service confirmed that the user is no more.
    Deleted,
    Missing,
    /// The identity service does not tell what the list would be held against:
    /// a sentence that says so.
    Untold(String),
    /// Nothing can be said, and why.
    Unclear(String),
}

impl<'a> Matching<'a> {
    /// Days of entries are days of `zone`; `people` are the users of `cloud`.
    pub fn of(
        roll: &'a Roll,
        cloud: &CloudName,
        people: &HashMap<&'a Id, Person<'a>>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Matching<'a> {
        let index = Index::of(roll, people);
        let of_entry: Vec<Candidates> = roll.entries.iter().map(|entry| index.candidates(entry)).collect();
        let mut matching = Matching {
            roll,
            of_entry: of_entry.iter().map(|candidates| candidates.ids.clone()).collect(),
            of_user: HashMap::new(),
            counts_deleted: roll.deleted_on.as_ref() == Some(cloud),
            disputed: Vec::new(),
        };
        let mut entries: BTreeMap<&Id, Vec<usize>> = BTreeMap::new();
        let mut unclear: BTreeMap<&Id, String> = BTreeMap::new();
        for (position, candidates) in of_entry.iter().enumerate() {
            for id in &candidates.ids {
                entries.entry(id).or_default().push(position);
            }
            if let Some(why) = candidates.unclear(&roll.entries[position]) {
                unclear.extend(candidates.ids.iter().map(|id| (*id, why.clone())));
                matching.disputed.push(why);
            }
        }
        for (id, person) in people {
            let found = match unclear.remove(id) {
                Some(why) => Found::Unclear(why),
                None => {
                    let none = Vec::new();
                    let entries = entries.get(id).unwrap_or(&none);
                    matching.say(id, person, entries, zone, now)
                }
            };
            matching.of_user.insert(id, found);
        }
        matching
    }

    pub fn of_user(&self, id: &Id) -> Found {
        let unseen = || Found::Unclear(format!("nothing is known of user {id}"));
        self.of_user.get(id).cloned().unwrap_or_else(unseen)
    }

    /// Each entry with the users that it matches.
    pub fn of_entries(&self) -> impl Iterator<Item = (&'a Entry, &BTreeSet<&'a Id>)> {
        self.roll.entries.iter().zip(&self.of_entry)
    }

    /// Whether any user is on the list at all.
    pub fn knows_anybody(&self) -> bool {
        let on_it = |found: &Found| matches!(found, Found::Here { .. } | Found::Listed { .. });
        self.of_user.values().any(on_it)
    }

    /// Entries that decide on nobody because it is not clear on whom, or what:
    /// sentences for people.
    pub fn disputed(&self) -> &[String] {
        &self.disputed
    }

    fn say(
        &mut self,
        id: &'a Id,
        person: &Person<'a>,
        entries: &[usize],
        zone: &TimeZone,
        now: Timestamp,
    ) -> Found {
        if entries.is_empty() {
            return match person.value(id, &self.roll.to) {
                _ if person.is_deleted && self.counts_deleted => Found::Deleted,
                // A value of nothing but blanks could stand in no list.
                Some(value) if !fold(&self.roll.to, value).is_empty() => Found::Missing,
                Some(_) | None => Found::Untold(format!(
                    "the identity service does not tell {} of user {id}",
                    self.roll.to
                )),
            };
        }
        let found = one_word(self.roll, entries, zone, now);
        if let Found::Unclear(why) = &found {
            self.disputed.push(why.clone());
        }
        found
    }
}

/// What all of the entries say alike; of those who left the earliest counts.
pub(super) fn one_word(roll: &Roll, entries: &[usize], zone: &TimeZone, now: Timestamp) -> Found {
    let mut word: Option<Found> = None;
    for position in entries {
        let entry = &roll.entries[*position];
        let said = match roll.standing(entry, zone, now) {
            Now::Here => Found::Here { entry: *position },
            Now::Gone { since } => Found::Listed {
                entry: *position,
                plainly: false,
                since,
            },
            Now::Listed => Found::Listed {
                entry: *position,
                plainly: true,
                since: roll.as_of,
            },
            Now::Unclear(why) => return Found::Unclear(format!("{}: {why}", entry.place)),
        };
        word = Some(match (word, said) {
            (None, said) => said,
            (
                Some(Found::Listed {
                    plainly: one,
                    since: first,
                    ..
                }),
                Found::Listed {
                    entry,
                    plainly,
                    since,
                },
            ) if one == plainly && since < first => Found::Listed {
                entry,
                plainly,
                since,
            },
            (Some(before @ Found::Here { .. }), Found::Here { .. }) => before,
            (Some(before @ Found::Listed { .. }), Found::Listed { plainly, .. }) if matches!(before, Found::Listed { plainly: one, .. } if one == plainly) => {
                before
            }
            (Some(_), _) => return Found::Unclear(format!("{} say different things", places(roll, entries))),
        });
    }
    word.unwrap_or(Found::Missing)
}

fn places(roll: &Roll, entries: &[usize]) -> String {
    let places: Vec<&str> = entries
        .iter()
        .map(|position| roll.entries[*position].place.as_str())
        .collect();
    places.join(" and ")
}

/// Who is known by a value, certainly or possibly.
struct Index<'a> {
    roll: &'a Roll,
    certain: HashMap<String, Vec<&'a Id>>,
    /// By what looks alike, now or in the past.
    possible: HashMap<String, Vec<&'a Id>>,
}

struct Candidates<'a> {
    ids: BTreeSet<&'a Id>,
    /// Known by that value for certain, not by an earlier one.
    certain: bool,
}

impl<'a> Index<'a> {
    fn of(roll: &'a Roll, people: &HashMap<&'a Id, Person<'a>>) -> Index<'a> {
        let (mut certain, mut possible) = (HashMap::new(), HashMap::new());
        let add = |index: &mut HashMap<String, Vec<&'a Id>>, value: String, id| {
            if !value.is_empty() {
                index.entry(value).or_default().push(id);
            }
        };
        for (id, person) in people {
            let value = person.value(id, &roll.to);
            if let Some(value) = value {
                add(&mut certain, fold(&roll.to, value), *id);
            }
            for value in value.iter().chain(person.former(&roll.to)) {
                add(&mut possible, likeness(&roll.to, value), *id);
            }
        }
        Index {
            roll,
            certain,
            possible,
        }
    }

    fn candidates(&self, entry: &Entry) -> Candidates<'a> {
        let known_by = |index: &HashMap<String, Vec<&'a Id>>, form: fn(&UserKey, &str) -> String| {
            let keys = entry.keys.iter().map(|key| form(&self.roll.to, key));
            let ids = keys.flat_map(|key| index.get(&key).cloned().unwrap_or_default());
            ids.collect::<BTreeSet<&'a Id>>()
        };
        let mut ids = known_by(&self.certain, fold);
        let certain = !ids.is_empty();
        ids.extend(known_by(&self.possible, likeness));
        Candidates { ids, certain }
    }
}

impl Candidates<'_> {
    /// Why the entry decides on nobody although it matches somebody.
    fn unclear(&self, entry: &Entry) -> Option<String> {
        let place = &entry.place;
        let ids: Vec<&str> = self.ids.iter().map(|id| id.as_str()).collect();
        match ids.as_slice() {
            [] => None,
            [_] if self.certain => None,
            [id] => Some(format!(
                "{place} matches user {id} only by a spelling that looks alike, or by a name of the past"
            )),
            several => Some(format!("{place} matches several users: {}", several.join(", "))),
        }
    }
}
