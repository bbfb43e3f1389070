//! What the lists of a policy say of the targets of one inventory.

use std::collections::{BTreeSet, HashMap};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Lists, Proven,
    matching::{Found, Matching, one_word},
    person::Person,
};
use crate::{
    engine::{candidate::Candidate, policy::Policy},
    model::{Comparison, Gap, Id, Inventory, ListedIn, Roll, Scope, SourceName, SubjectKind, UserKey},
};

/// The lists of one policy, held against one inventory.
pub(in crate::engine) struct Listed<'a> {
    policy: &'a Policy,
    present: Vec<Source<'a>>,
    absent: Vec<Source<'a>>,
    now: Timestamp,
}

struct Source<'a> {
    name: &'a SourceName,
    /// Or why nothing can be decided by it.
    list: Result<Held<'a>, String>,
}

struct Held<'a> {
    roll: &'a Roll,
    /// Only where users are among the policy's subjects.
    users: Option<Matching<'a>>,
    /// What could not be read of the cloud.
    gaps: &'a [Gap],
    owners: HashMap<(SubjectKind, &'a Id), Vec<usize>>,
}

/// Whether the lists want a target gone.
pub(in crate::engine) enum Verdict {
    /// With what goes into the evidence; empty where the policy names no list.
    Yes(Vec<Reason>),
    No,
    Unclear(String),
}

pub(in crate::engine) struct Reason {
    pub compared: Comparison,
    pub listed_in: ListedIn,
}

impl<'a> Listed<'a> {
    pub fn prepare(
        policy: &'a Policy,
        lists: &'a Lists,
        inventory: &'a Inventory,
        now: Timestamp,
    ) -> Listed<'a> {
        let keys = &policy.matcher;
        let nobody = keys.subject_in.is_empty() && keys.subject_not_in.is_empty();
        let about_users = policy
            .kinds
            .iter()
            .any(|kind| kind.subject() == Some(SubjectKind::User));
        let people = match about_users && !nobody {
            true => Some(Person::all(inventory)),
            false => None,
        };
        let hold = |proven: &'a Proven| Held {
            roll: proven.roll(),
            users: people
                .as_ref()
                .map(|people| Matching::of(proven.roll(), &inventory.cloud, people, policy.zone(), now)),
            gaps: &inventory.gaps,
            owners: owners(proven.roll()),
        };
        let source = |name: &'a SourceName, by_absence: bool| Source {
            name,
            list: lists.proven(name, by_absence).map(hold),
        };
        Listed {
            policy,
            present: keys.subject_in.iter().map(|name| source(name, false)).collect(),
            absent: keys
                .subject_not_in
                .iter()
                .map(|name| source(name, true))
                .collect(),
            now,
        }
    }

    /// Entries that decided on nobody because it was not clear on whom.
    pub fn disputed(&self) -> Vec<(SourceName, String)> {
        let sources = self.present.iter().chain(&self.absent);
        let held = sources.filter_map(|source| Some((source, source.list.as_ref().ok()?.users.as_ref()?)));
        let mut all: Vec<_> = held
            .flat_map(|(source, users)| {
                users
                    .disputed()
                    .iter()
                    .map(|why| (source.name.clone(), why.clone()))
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Rosters that some user of the cloud is on.
    pub fn recognised(&self) -> BTreeSet<SourceName> {
        let knows_anybody = |source: &&Source| {
            let users = source.list.as_ref().ok().and_then(|held| held.users.as_ref());
            users.is_some_and(Matching::knows_anybody)
        };
        let rosters = self.absent.iter().filter(knows_anybody);
        rosters.map(|source| source.name.clone()).collect()
    }

    pub fn judge(&self, candidate: Candidate) -> Verdict {
        let mut reasons = Vec::new();
        if !self.present.is_empty() {
            match self.on_one(candidate) {
                Verdict::Yes(some) => reasons.extend(some),
                other => return other,
            }
        }
        if !self.absent.is_empty() {
            match self.on_none(candidate) {
                Verdict::Yes(some) => reasons.extend(some),
                other => return other,
            }
        }
        Verdict::Yes(reasons)
    }

    /// One list that says so is enough.
    fn on_one(&self, candidate: Candidate) -> Verdict {
        let (mut reasons, mut unclear) = (Vec::new(), None);
        for source in &self.present {
            let (held, found) = match source.find(candidate, self.policy.zone(), self.now) {
                Ok(found) => found,
                Err(why) => return Verdict::Unclear(why),
            };
            match found {
                Found::Listed { entry, since, .. } => {
                    let place = held.roll.entries[entry].place.clone();
                    let observed = held.told(&place, since);
                    reasons.push(held.reason("subject_in", Some(place), since, observed));
                }
                Found::Deleted => {
                    let observed = "deleted, as the identity service says".to_owned();
                    reasons.push(held.reason("subject_in", None, held.roll.as_of, observed));
                }
                Found::Here { .. } | Found::Missing | Found::Untold(_) => {}
                Found::Unclear(why) => unclear = Some(source.says(&why)),
            }
        }
        match (reasons.is_empty(), unclear) {
            (false, _) => Verdict::Yes(reasons),
            (true, Some(why)) => Verdict::Unclear(why),
            (true, None) => Verdict::No,
        }
    }

    /// Each of the lists has to say so.
    fn on_none(&self, candidate: Candidate) -> Verdict {
        let (mut reasons, mut unclear) = (Vec::new(), None);
        for source in &self.absent {
            let (held, found) = match source.find(candidate, self.policy.zone(), self.now) {
                Ok(found) => found,
                Err(why) => return Verdict::Unclear(why),
            };
            match found {
                Found::Here { .. } | Found::Listed { plainly: true, .. } => return Verdict::No,
                Found::Listed { entry, since, .. } => {
                    let place = held.roll.entries[entry].place.clone();
                    let observed = format!("gone there: {}", held.told(&place, since));
                    reasons.push(held.reason("subject_not_in", Some(place), since, observed));
                }
                Found::Deleted | Found::Missing => {
                    let observed = format!("not among its {} entries", held.roll.entries.len());
                    reasons.push(held.reason("subject_not_in", None, held.roll.as_of, observed));
                }
                Found::Untold(why) | Found::Unclear(why) => unclear = Some(source.says(&why)),
            }
        }
        match unclear {
            Some(why) => Verdict::Unclear(why),
            None => Verdict::Yes(reasons),
        }
    }
}

impl<'a> Source<'a> {
    fn says(&self, why: &str) -> String {
        format!("source {}: {why}", self.name)
    }

    /// # Errors
    /// Nothing can be decided by the list, and why.
    fn find(
        &self,
        candidate: Candidate,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(&Held<'a>, Found), String> {
        let held = self.list.as_ref().map_err(|why| self.says(why))?;
        let found = match (candidate.kind().subject(), candidate.subject()) {
            (Some(SubjectKind::User), Some(user)) => held.of_user(user),
            (Some(kind), Some(subject)) => match held.owners.get(&(kind, subject)) {
                Some(entries) => one_word(held.roll, entries, zone, now),
                None => Found::Missing,
            },
            _ => Found::Missing,
        };
        Ok((held, found))
    }
}

impl Held<'_> {
    fn of_user(&self, user: &Id) -> Found {
        let Some(users) = &self.users else {
            return Found::Unclear("users were not held against it".to_owned());
        };
        let gap = |scope: &Scope| self.gaps.iter().find(|gap| gap.scope == *scope);
        let everybody = gap(&Scope::Users);
        let him = gap(&Scope::User(user.clone())).or(everybody);
        let may_be_shared = matches!(self.roll.to, UserKey::Email | UserKey::Attribute(_));
        match (users.of_user(user), him, everybody) {
            (Found::Listed { .. }, _, Some(gap)) if may_be_shared => {
                Found::Unclear(format!("the entry may mean somebody who was not seen: {gap}"))
            }
            // What was not told this time may be told the next.
            (Found::Untold(why), Some(gap), _) => Found::Unclear(format!("{why}: {gap}")),
            (found, _, _) => found,
        }
    }

    /// A list that gives no moment of its own tells only that it was so.
    fn told(&self, place: &str, since: Timestamp) -> String {
        match since == self.roll.as_of {
            true => format!("{place}, as of {since}"),
            false => format!("{place}, since {since}"),
        }
    }

    fn reason(&self, key: &str, place: Option<String>, since: Timestamp, observed: String) -> Reason {
        let roll = self.roll;
        Reason {
            compared: Comparison {
                key: key.to_owned(),
                required: roll.source.to_string(),
                observed,
            },
            listed_in: ListedIn {
                source: roll.source.clone(),
                version: roll.version.clone(),
                as_of: roll.as_of,
                place,
                since,
            },
        }
    }
}

/// Who owned each project and each account.
fn owners(roll: &Roll) -> HashMap<(SubjectKind, &Id), Vec<usize>> {
    let mut owners: HashMap<_, Vec<usize>> = HashMap::new();
    for (position, entry) in roll.entries.iter().enumerate() {
        let projects = entry.projects.iter().map(|id| (SubjectKind::Project, id));
        let accounts = entry.accounts.iter().map(|id| (SubjectKind::Account, id));
        for owned in projects.chain(accounts) {
            owners.entry(owned).or_default().push(position);
        }
    }
    owners
}
