//! A policy as compiled: every field means something, for the policy's kind.

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{condition::Condition, patterns::Patterns, schedule::Schedule};
use crate::model::{
    CloudName, Id, Kind, Level, MemberStatus, Mode, Needs, PolicyName, Priority, SourceName, SubjectKind,
    UserState, Visibility,
};

#[derive(Clone, Debug)]
pub struct Policy {
    pub name: PolicyName,
    pub description: String,
    /// Hex SHA-256 of everything below; evidence names it.
    pub digest: String,
    pub enabled: bool,
    pub schedule: Schedule,
    pub missed: Missed,
    pub clouds: Vec<CloudName>,
    /// What it removes: at least one kind, none twice, in the order of
    /// [`Kind::ALL`]. Every key of the match means something for each of them.
    pub kinds: Vec<Kind>,
    pub mode: Mode,
    pub priority: Priority,
    pub matcher: Match,
    pub limits: Limits,
    pub exemptions: Vec<Exemption>,
}

impl Policy {
    /// What has to be read to evaluate this policy.
    pub fn needs(&self) -> Needs {
        let each = self.kinds.iter().map(|kind| Needs::of(*kind));
        let needs = each.fold(Needs::default(), Needs::and);
        Needs {
            attributes: needs.permissions && self.matcher.needs_attributes,
            ..needs
        }
    }

    /// The zone in which the policy's schedule and bare dates are meant.
    pub fn zone(&self) -> &TimeZone {
        self.schedule.zone()
    }
}

/// What to do about fires that passed while the daemon was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// One run makes up for all of them.
    #[default]
    RunOnce,
    Skip,
}

/// All that is written must hold. `None` and empty mean: not written.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// Age of the grant: only where the kind has a subject.
    pub granted_before: Option<Age>,
    /// Age of the resource.
    pub created_before: Option<Age>,
    pub updated_before: Option<Age>,
    /// Member status: only `image-share`.
    pub status: Option<Vec<MemberStatus>>,
    /// Only where the kind has a subject.
    pub subject: Option<Patterns>,
    /// On one of these lists: who left, and of projects and accounts those that
    /// somebody owned who left. Empty: not written.
    pub subject_in: Vec<SourceName>,
    /// On none of these lists: only kinds whose subject is a user. Each of them
    /// demands its proof.
    pub subject_not_in: Vec<SourceName>,
    /// Whether one of these lists is matched by what only the identity service
    /// tells of a user: an address, another attribute.
    pub needs_attributes: bool,
    pub owner: Option<Patterns>,
    pub image: ImageMatch,
    /// Of a permission: only kinds whose subject is a user.
    pub level: Option<Vec<Level>>,
    /// The namespace's name: only kinds of the registry.
    pub namespace: Option<Patterns>,
    /// The repository's name within its namespace, slashes included: only
    /// kinds about a repository.
    pub repository: Option<Patterns>,
    pub user: UserMatch,
    /// The name of the account: only `repository-share`.
    pub account: Option<Patterns>,
    /// Whether the share's own deadline is over: only `repository-share`.
    pub deadline_passed: Option<bool>,
    /// An end date that the image itself carries.
    pub expires: Option<Expiry>,
    pub when: Option<Condition>,
}

impl Match {
    /// The lists of people that it names.
    pub fn sources(&self) -> impl Iterator<Item = &SourceName> {
        self.subject_in.iter().chain(&self.subject_not_in)
    }
}

#[derive(Clone, Debug, Default)]
pub struct ImageMatch {
    pub id: Option<Patterns>,
    pub name: Option<Patterns>,
    /// Each pattern must be met by some tag.
    pub tags: Vec<Patterns>,
    /// Each named property must be there and match.
    pub properties: BTreeMap<String, Patterns>,
    pub status: Option<Patterns>,
    pub min_size: Option<u64>,
    pub max_size: Option<u64>,
    pub visibility: Option<Vec<Visibility>>,
    pub protected: Option<bool>,
    pub hidden: Option<bool>,
}

/// Who holds a permission: only kinds whose subject is a user.
#[derive(Clone, Debug, Default)]
pub struct UserMatch {
    pub id: Option<Patterns>,
    pub name: Option<Patterns>,
    pub state: Option<Vec<UserState>>,
}

/// A minimal age, with the words it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    pub least: SignedDuration,
    pub written: String,
}

/// Where an image carries its own end: a tag `KEY=DATE` or a property `KEY`.
///
/// A bare date means that the day itself is still good: the image is due when
/// the next day begins in the policy's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiry {
    Tag(String),
    Property(String),
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::Tag(key) => write!(f, "tag {key}"),
            Expiry::Property(key) => write!(f, "property {key}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Targets a run may newly queue before it is held.
    pub max_revocations: u64,
    /// Percent of what the policy could see, 0 to 100.
    pub max_percent: f64,
    /// Subjects that may go from one resource in one run: only where the kind
    /// has a subject.
    pub max_per_resource: Option<u64>,
    /// Time between the decision and the earliest call.
    pub grace: SignedDuration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_revocations: 100,
            max_percent: 20.0,
            max_per_resource: None,
            grace: SignedDuration::ZERO,
        }
    }
}

/// Keeps what matches it until it ends. At least one pattern is there.
#[derive(Clone, Debug)]
pub struct Exemption {
    pub subject: Option<Patterns>,
    /// The id of the resource: an image id, a namespace, `NAMESPACE/REPOSITORY`.
    pub resource: Option<Patterns>,
    pub image_name: Option<Patterns>,
    /// The first moment at which it no longer holds.
    pub ends: Timestamp,
    /// The last day or moment, as written.
    pub until: String,
    pub reason: String,
}

/// What no policy may ever remove, whatever it matches.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    pub users: Option<Patterns>,
    pub projects: Option<Patterns>,
    pub accounts: Option<Patterns>,
    /// Image ids or names.
    pub images: Option<Patterns>,
    /// Namespaces, with all that is in them.
    pub namespaces: Option<Patterns>,
    /// `NAMESPACE/REPOSITORY`.
    pub repositories: Option<Patterns>,
}

impl Protection {
    pub fn covers_subject(&self, kind: SubjectKind, subject: &Id) -> bool {
        let patterns = match kind {
            SubjectKind::User => &self.users,
            SubjectKind::Project => &self.projects,
            SubjectKind::Account => &self.accounts,
        };
        patterns.as_ref().is_some_and(|p| p.matches(subject.as_str()))
    }

    pub fn covers_image(&self, id: &Id, name: &str) -> bool {
        self.images
            .as_ref()
            .is_some_and(|patterns| patterns.matches(id.as_str()) || patterns.matches(name))
    }
}
