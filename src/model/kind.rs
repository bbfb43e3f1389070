//! What a policy can remove.

use super::words::closed_words;

closed_words! {
    /// A kind of target, as written in a policy's `resource`.
    Kind {
        /// One user's own permission on one repository; the subject is a user.
        RepositoryPermission = "repository-permission",
        /// One user's permission on a namespace, which covers every repository
        /// in it; the subject is a user.
        NamespacePermission = "namespace-permission",
        /// One other account's access to one repository; the subject is an
        /// account, by name.
        RepositoryShare = "repository-share",
        /// One project's membership of one image; the subject is a project.
        ImageShare = "image-share",
        /// An image itself; there is no subject.
        Image = "image",
    }
}

/// What the subject of a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// By id.
    User,
    /// By id.
    Project,
    /// By name: the clouds know accounts of others by nothing else.
    Account,
}

/// The service that a kind belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    Images,
    Registry,
}

impl Kind {
    /// Who loses access, or `None` where the resource itself is deleted.
    pub fn subject(self) -> Option<SubjectKind> {
        match self {
            Kind::RepositoryPermission | Kind::NamespacePermission => Some(SubjectKind::User),
            Kind::RepositoryShare => Some(SubjectKind::Account),
            Kind::ImageShare => Some(SubjectKind::Project),
            Kind::Image => None,
        }
    }

    pub fn service(self) -> Service {
        match self {
            Kind::ImageShare | Kind::Image => Service::Images,
            Kind::RepositoryPermission | Kind::NamespacePermission | Kind::RepositoryShare => {
                Service::Registry
            }
        }
    }
}
