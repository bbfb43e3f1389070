//! People as a source lists them, and as a cloud knows them.

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::{CloudName, Id, SourceName, UserState, words::closed_words};

/// One whole read of a source. What could only be read in part is no roll: it
/// is a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Roll {
    pub source: SourceName,
    /// Changes whenever the list does: an ETag, or a digest of what was read.
    pub version: String,
    pub read_at: Timestamp,
    /// When the list was made: the time of the file, of the document, or for a
    /// directory that answers live, of the read.
    pub as_of: Timestamp,
    /// Which attribute of a cloud's user the keys of the entries are.
    pub to: UserKey,
    pub entries: Vec<Entry>,
    /// Users of this cloud whom its identity service confirmed as deleted count
    /// as gone, although no list holds them any more.
    pub deleted_on: Option<CloudName>,
}

/// One person of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it stands in the source, for people: `line 12`, a DN, an id.
    pub place: String,
    /// What the person is matched by, trimmed; several where the source gives
    /// several. Never empty, unless `problem` says why.
    pub keys: Vec<String>,
    pub standing: Standing,
    /// When the person leaves; a day counts as the last one there.
    pub leaves: Option<Moment>,
    /// When the person comes back: who does is not gone.
    pub returns: Option<Moment>,
    /// What the person owned elsewhere, where the source says so: ids of
    /// projects, names of accounts.
    pub projects: Vec<Id>,
    pub accounts: Vec<Id>,
    /// Why the entry cannot be used, for people. Of whoever its keys are, nothing
    /// is decided by this list.
    pub problem: Option<String>,
}

/// What a source itself says of a person, dates aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On the list, and nothing more is said.
    Listed,
    /// Still here: active, or without a leaving date in a list that has them.
    Here,
    /// Gone: inactive, locked, disabled.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the time zone of the policy.
    Day(civil::Date),
    At(Timestamp),
}

/// An attribute of a cloud's user that a source can be matched to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserKey {
    Id,
    Name,
    Email,
    /// Any other that the identity service tells.
    Attribute(String),
}

/// As a match names it.
impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserKey::Id => f.write_str("user.id"),
            UserKey::Name => f.write_str("user.name"),
            UserKey::Email => f.write_str("user.email"),
            UserKey::Attribute(name) => write!(f, "user.attribute.{name}"),
        }
    }
}

/// A user as the identity service of a cloud tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    /// Empty where it is not told.
    pub name: String,
    /// `None` where it is not told or empty; nobody is without an address for
    /// certain.
    pub email: Option<String>,
    /// Texts under other names, as the service spells them.
    pub attributes: BTreeMap<String, String>,
    pub state: UserState,
    /// The last use that the service knows of; `None` is no proof of idleness.
    pub last_seen: Option<Timestamp>,
}

/// How large a source was when it was last found good: what a later read is
/// held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    pub entries: u64,
    pub at: Timestamp,
}

/// What is on record of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceRecord {
    pub source: SourceName,
    pub tried_at: Timestamp,
    /// Why the last try gave nothing that could be used; `None`: it did.
    pub problem: Option<String>,
    /// People of the last whole read, good or not: named twice they count once.
    pub entries: Option<u64>,
    pub version: Option<String>,
    pub as_of: Option<Timestamp>,
    /// When the source was last read whole and met its demands.
    pub last_good: Option<Timestamp>,
    pub baseline: Option<Baseline>,
    /// A few entries, for people to recognise the list by.
    pub sample: Vec<String>,
}

closed_words! {
    /// Which tasks go first.
    Priority {
        Normal = "normal",
        /// Overtakes everything that is not urgent.
        Urgent = "urgent",
    }
}
