//! What one collection saw, when, as whom, and what it could not see.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CloudName, Id, Image, Kind, Namespace, Repository, Service, User};

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
    pub namespaces: Vec<Namespace>,
    pub repositories: Vec<Repository>,
    /// Users that the identity service told of, holders of permissions and
    /// others: each id once. What is missing here proves nothing.
    pub users: Vec<User>,
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
    pub user: Id,
    pub user_name: String,
    pub project: Id,
    pub project_name: String,
    /// The account (domain) that the user belongs to.
    pub account: Id,
    pub account_name: String,
    pub endpoints: Endpoints,
}

/// Which cloud it is, in the provider's own terms: the URLs of its services.
/// Two clouds never share one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// `None` where the cloud has no such service, or it was not asked for.
    pub images: Option<String>,
    pub registry: Option<String>,
}

impl Caller {
    /// Which cloud targets of the kind are on; empty if it has no such service.
    pub fn endpoint(&self, kind: Kind) -> &str {
        let endpoint = match kind.service() {
            Service::Images => &self.endpoints.images,
            Service::Registry => &self.endpoints.registry,
        };
        endpoint.as_deref().unwrap_or_default()
    }

    /// Whose the resources of the kind are: images belong to a project,
    /// repositories to an account.
    pub fn owner(&self, kind: Kind) -> &Id {
        match kind.service() {
            Service::Images => &self.project,
            Service::Registry => &self.account,
        }
    }
}

/// What a policy wants to be read; reading less is cheaper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The images of the caller's project.
    pub images: bool,
    /// And the member list of every shared one.
    pub members: bool,
    /// Namespaces and repositories with the permissions of users on both, and
    /// what the identity service says of those users.
    pub permissions: bool,
    /// Repositories with the accounts they are shared with.
    pub shares: bool,
    /// Of the holders of permissions everything that the identity service
    /// tells, their addresses and other attributes included, as it is now.
    pub attributes: bool,
}

impl Needs {
    pub fn of(kind: Kind) -> Needs {
        Needs {
            images: kind.service() == Service::Images,
            members: kind == Kind::ImageShare,
            permissions: matches!(kind, Kind::RepositoryPermission | Kind::NamespacePermission),
            shares: kind == Kind::RepositoryShare,
            attributes: false,
        }
    }

    pub fn and(self, other: Needs) -> Needs {
        Needs {
            images: self.images || other.images,
            members: self.members || other.members,
            permissions: self.permissions || other.permissions,
            shares: self.shares || other.shares,
            attributes: self.attributes || other.attributes,
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
    /// The list of namespaces.
    Namespaces,
    /// The list of repositories broke off.
    Repositories,
    /// The permissions of users on one namespace.
    NamespacePermissions(Id),
    /// The permissions of users on one repository.
    RepositoryPermissions(Id),
    /// The accounts one repository is shared with.
    RepositoryShares(Id),
    /// The users of the account.
    Users,
    /// One user, by id.
    User(Id),
}

impl Scope {
    /// A word for it, and the one thing it is about, if it is about one.
    pub fn parts(&self) -> (&'static str, Option<&Id>) {
        match self {
            Scope::Cloud => ("cloud", None),
            Scope::Images => ("images", None),
            Scope::Members(image) => ("members", Some(image)),
            Scope::Namespaces => ("namespaces", None),
            Scope::Repositories => ("repositories", None),
            Scope::NamespacePermissions(namespace) => ("namespace permissions", Some(namespace)),
            Scope::RepositoryPermissions(repository) => ("repository permissions", Some(repository)),
            Scope::RepositoryShares(repository) => ("repository shares", Some(repository)),
            Scope::Users => ("users", None),
            Scope::User(user) => ("user", Some(user)),
        }
    }

    /// Whether it hides targets of the kind.
    pub fn concerns(&self, kind: Kind) -> bool {
        match self {
            Scope::Cloud => true,
            Scope::Images => kind.service() == Service::Images,
            Scope::Members(_) => kind == Kind::ImageShare,
            Scope::Namespaces => kind.service() == Service::Registry,
            Scope::Repositories => matches!(kind, Kind::RepositoryPermission | Kind::RepositoryShare),
            Scope::NamespacePermissions(_) => kind == Kind::NamespacePermission,
            Scope::RepositoryPermissions(_) => kind == Kind::RepositoryPermission,
            Scope::RepositoryShares(_) => kind == Kind::RepositoryShare,
            Scope::Users | Scope::User(_) => {
                matches!(kind, Kind::RepositoryPermission | Kind::NamespacePermission)
            }
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope.parts() {
            ("cloud", _) => write!(f, "cloud {}: {}", self.cloud, self.reason),
            (what, None) => write!(f, "{what} of {}: {}", self.cloud, self.reason),
            (what, Some(of)) => write!(f, "{what} of {of} on {}: {}", self.cloud, self.reason),
        }
    }
}
