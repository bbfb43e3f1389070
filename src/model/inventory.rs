//! What one collection saw, when, as whom, and what it could not see.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CloudName, Id, Image};

/// One look at a cloud: all of it, or a single resource looked at again.
///
/// A resource that is missing from an inventory proves nothing unless
/// [`Inventory::is_complete`] holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    pub cloud: CloudName,
    pub caller: Caller,
    pub observed_at: Timestamp,
    pub images: Vec<Image>,
    /// What could not be read. Empty means that the view is whole.
    pub gaps: Vec<Gap>,
}

impl Inventory {
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// Who the daemon is to a cloud. It must never revoke its own access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Which cloud it is, in the provider's own terms (OpenStack: the URL of
    /// the image service). Two clouds never share it.
    pub endpoint: String,
    pub user: Id,
    pub user_name: String,
    pub project: Id,
    pub project_name: String,
}

/// What a policy wants to be read; reading less is cheaper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The member list of every shared image of the caller's project.
    pub members: bool,
}

impl Needs {
    pub fn and(self, other: Needs) -> Needs {
        Needs {
            members: self.members || other.members,
        }
    }
}

/// A part of the cloud that could not be seen, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub cloud: CloudName,
    pub scope: Scope,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The cloud as a whole: no token, no endpoint, no answer.
    Cloud,
    /// The list of images broke off.
    Images,
    /// The members of one image.
    Members(Id),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Cloud => write!(f, "cloud {}: {}", self.cloud, self.reason),
            Scope::Images => write!(f, "images of {}: {}", self.cloud, self.reason),
            Scope::Members(image) => {
                write!(f, "members of image {image} of {}: {}", self.cloud, self.reason)
            }
        }
    }
}
