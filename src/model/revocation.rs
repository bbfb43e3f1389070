//! Targets, and the decision to remove one.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CloudName, Id, Kind, PolicyName, SourceName};

/// What a revocation removes: one subject's access to one resource, or the
/// resource itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    pub cloud: CloudName,
    pub kind: Kind,
    pub resource: Id,
    /// Present exactly where [`Kind::subject`] is.
    pub subject: Option<Id>,
}

impl Target {
    /// A grant of a kind that has a subject.
    pub fn grant(cloud: CloudName, kind: Kind, resource: Id, subject: Id) -> Target {
        Target {
            cloud,
            kind,
            resource,
            subject: Some(subject),
        }
    }

    pub fn image_share(cloud: CloudName, image: Id, project: Id) -> Target {
        Target {
            cloud,
            kind: Kind::ImageShare,
            resource: image,
            subject: Some(project),
        }
    }

    pub fn image(cloud: CloudName, image: Id) -> Target {
        Target {
            cloud,
            kind: Kind::Image,
            resource: image,
            subject: None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.resource)?;
        if let Some(subject) = &self.subject {
            write!(f, " of {subject}")?;
        }
        write!(f, " on {}", self.cloud)
    }
}

/// The decision to remove one target, with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    pub target: Target,
    /// When the target became due by the policy's own terms; where the policy
    /// has no terms of time, when it was first seen to match.
    pub due_since: Timestamp,
    pub evidence: Evidence,
}

/// Why a target must go, in a form that can be checked afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub policy: PolicyName,
    /// Hex SHA-256 of the policy as compiled.
    pub policy_digest: String,
    pub observed_at: Timestamp,
    /// The name people know the resource by; may be empty.
    pub resource_name: String,
    /// The name people know the subject by, where the cloud tells it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject_name: String,
    /// Who owned the resource when it was observed: a project or an account.
    pub owner: Id,
    /// The cloud itself, as its provider names it: another one under the same
    /// name proves nothing about this target.
    pub endpoint: String,
    /// When the grant was made (for a deletion: the resource was created);
    /// `None` where the cloud does not tell.
    pub granted_at: Option<Timestamp>,
    /// Changes whenever the grant is made anew, even where the cloud keeps the
    /// moment of the first: another value found before the call means that it
    /// is another grant. What it is made of depends on the kind.
    pub grant_version: String,
    /// Each key of the policy's match that looked at a value, in file order.
    pub compared: Vec<Comparison>,
    /// Ways by which the subject still reaches the resource once the target is
    /// gone, as far as the inventory knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_reachable: Vec<String>,
    /// The sources that the decision rests on, each as it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed_in: Vec<ListedIn>,
}

/// A source as it stood when a person was found on it, or missing from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedIn {
    pub source: SourceName,
    pub version: String,
    pub as_of: Timestamp,
    /// Where the person stands there; `None`: nowhere, which is the reason.
    pub place: Option<String>,
    /// From when on the source says so: the leaving date where it tells one,
    /// otherwise when the list was made.
    pub since: Timestamp,
}

impl Evidence {
    /// One line for people: what held, joined by commas.
    pub fn reason(&self) -> String {
        let parts: Vec<String> = self
            .compared
            .iter()
            .map(|c| format!("{} {} ({})", c.key, c.required, c.observed))
            .collect();
        parts.join(", ")
    }
}

/// One key of a match: what the policy required and what was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub key: String,
    pub required: String,
    pub observed: String,
}
