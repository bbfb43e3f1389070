//! The world itself: who exists, what is shared with whom, what was removed.
//!
//! Every operation is done as somebody, answers with what became of it, and is
//! over at once. Removals are remembered, so that a test can ask afterwards
//! whether anything went that nobody had decided on.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use jiff::{SignedDuration, Timestamp};

use self::jobs::Jobs;
use self::registry::{Registry, RegistryHabits};
use super::random::Random;
use crate::model::{Id, Kind};

mod change;
mod identity;
mod images;
mod jobs;
mod listing;
mod members;
pub mod registry;

pub use change::ImageChange;
pub use identity::{AccessKey, Account, ApplicationCredential, FIRST_ACCOUNT, Project, SecurityToken, User};
pub use images::{ImageRecord, NewImage};
pub use jobs::{Job, JobEnd, JobKind, JobScript, Left};
pub use listing::{Direction, ListQuery, SortKey, TimeField, TimeTest, VisibilityFilter};

/// Who does something: a token's project and what it may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub project: Id,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees what its project sees, changes nothing.
    Reader,
    Member,
    /// Sees and changes everything, in every project.
    Admin,
}

/// Why the world did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such image, or the actor may not know of it.
    ImageNotFound,
    /// Only shared images have members.
    NotShared,
    /// There is no such member, or the actor may not know of it.
    MemberNotFound,
    /// The actor sees the thing and may not do this to it.
    NotAllowed,
    AlreadyMember,
    MemberQuotaReached {
        quota: usize,
    },
    Protected,
    InUse,
    /// The image is on its way out already.
    WrongState,
    /// A list was to go on after an image that does not exist.
    UnknownMarker,
    /// A list was to go on after an image that the actor may not know of.
    HiddenMarker,
}

/// Something that went from the world for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub at: Timestamp,
    pub kind: Kind,
    /// An image, a namespace (`NAME`) or a repository (`NAMESPACE/NAME`).
    pub resource: Id,
    /// `None` where the resource itself went, with all who could reach it.
    pub subject: Option<Id>,
    /// The project (for an image) or the user who did it.
    pub by: Id,
}

/// A target, on the one cloud that a world is.
pub type Removable = (Kind, Id, Option<Id>);

impl Removal {
    pub fn of(&self) -> Removable {
        (self.kind, self.resource.clone(), self.subject.clone())
    }
}

pub struct World {
    /// Members an image may be given; `None` for no limit. [`World::share`]
    /// does not ask.
    pub member_quota: Option<usize>,
    /// How long a deleted image stays visible as `pending_delete`.
    pub deletion_delay: SignedDuration,
    pub registry_habits: RegistryHabits,
    accounts: BTreeMap<Id, Account>,
    projects: BTreeMap<Id, Project>,
    users: BTreeMap<Id, User>,
    credentials: BTreeMap<Id, ApplicationCredential>,
    access_keys: BTreeMap<String, AccessKey>,
    images: HashMap<Id, ImageRecord>,
    newest_first: BTreeSet<ListKey>,
    newest_first_by_owner: HashMap<Id, BTreeSet<ListKey>>,
    /// Deleted images that are still visible, by the moment they vanish.
    vanishing: BTreeSet<(Timestamp, Id)>,
    /// Member ids are free text; each is held once however often it is used.
    member_ids: HashSet<Id>,
    jobs: Jobs,
    registry: Registry,
    removals: Vec<Removal>,
    ids: Random,
}

/// The order of a list: newest first, then the greatest id.
type ListKey = (Reverse<Timestamp>, Reverse<Id>);

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl World {
    pub fn new() -> World {
        World::with_ids_from(0)
    }

    /// Worlds made alike from different seeds have no id in common.
    pub fn with_ids_from(seed: u64) -> World {
        let first = Account {
            id: Id::from(FIRST_ACCOUNT),
            name: "Default".to_string(),
        };
        World {
            member_quota: Some(128),
            deletion_delay: SignedDuration::ZERO,
            registry_habits: RegistryHabits::default(),
            accounts: BTreeMap::from([(first.id.clone(), first)]),
            projects: BTreeMap::new(),
            users: BTreeMap::new(),
            credentials: BTreeMap::new(),
            access_keys: BTreeMap::new(),
            images: HashMap::new(),
            newest_first: BTreeSet::new(),
            newest_first_by_owner: HashMap::new(),
            vanishing: BTreeSet::new(),
            member_ids: HashSet::new(),
            jobs: Jobs::default(),
            registry: Registry::default(),
            removals: Vec::new(),
            ids: Random::new(seed),
        }
    }

    /// Everything that was removed, oldest first.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// The removals that nobody decided on. Deciding on an image covers the
    /// members that went with it, but no member that was removed by itself.
    pub fn removed_outside(&self, decided: &HashSet<Removable>) -> Vec<Removal> {
        let undecided = |removal: &&Removal| !decided.contains(&removal.of());
        self.removals.iter().filter(undecided).cloned().collect()
    }

    /// Lets the deleted images vanish, and the jobs do their work, whose time
    /// has come.
    pub fn settle(&mut self, now: Timestamp) {
        self.settle_jobs(now);
        while self.vanishing.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, image)) = self.vanishing.pop_first() {
                self.take_out(&image);
            }
        }
    }

    /// 32 hex digits, like the ids of projects and users.
    fn fresh_id(&mut self) -> Id {
        Id::from(format!("{:016x}{:016x}", self.ids.next(), self.ids.next()))
    }

    /// A version 4 UUID, like the ids of images.
    fn fresh_uuid(&mut self) -> Id {
        let (high, low) = (self.ids.next(), self.ids.next());
        Id::from(format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        ))
    }
}

/// Clouds keep whole seconds of what they store.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
