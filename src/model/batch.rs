//! What one call removes.

use std::fmt;

use super::{CloudName, Id, Kind, Target};

/// A rectangle of targets: every subject on every resource, and nothing else.
///
/// A call that takes two lists removes all their pairs; that a batch is exactly
/// what was decided is the business of whoever plans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub cloud: CloudName,
    pub kind: Kind,
    /// At least one, none twice.
    pub resources: Vec<Id>,
    /// At least one, none twice; empty exactly where the kind has no subject.
    pub subjects: Vec<Id>,
}

impl Batch {
    pub fn of_one(target: &Target) -> Batch {
        Batch {
            cloud: target.cloud.clone(),
            kind: target.kind,
            resources: vec![target.resource.clone()],
            subjects: target.subject.iter().cloned().collect(),
        }
    }

    /// The number of targets.
    pub fn len(&self) -> usize {
        self.resources.len() * self.subjects.len().max(1)
    }

    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Every target that the call removes.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let subjects: Vec<Option<&Id>> = match self.subjects.as_slice() {
            [] => vec![None],
            subjects => subjects.iter().map(Some).collect(),
        };
        self.resources.iter().flat_map(move |resource| {
            let target = |subject: Option<&Id>| Target {
                cloud: self.cloud.clone(),
                kind: self.kind,
                resource: resource.clone(),
                subject: subject.cloned(),
            };
            subjects.iter().copied().map(target).collect::<Vec<_>>()
        })
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.resources.as_slice(), self.subjects.as_slice()) {
            ([resource], []) => write!(f, "{} {resource}", self.kind)?,
            ([resource], [subject]) => write!(f, "{} {resource} of {subject}", self.kind)?,
            (resources, subjects) => write!(
                f,
                "{} of {} subjects on {} resources",
                self.kind,
                subjects.len(),
                resources.len()
            )?,
        }
        write!(f, " on {}", self.cloud)
    }
}

/// How far one call for one kind reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub resources: usize,
    pub subjects: usize,
    /// Requests that a call for more than one target costs, its later
    /// questions included: what it must save to be worth it.
    pub requests: usize,
}

impl Reach {
    /// One target a call.
    pub const ONE: Reach = Reach {
        resources: 1,
        subjects: 1,
        requests: 1,
    };
}
