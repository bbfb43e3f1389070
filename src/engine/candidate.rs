//! One thing that a policy may remove, as an inventory holds it, whatever its
//! kind: the rest of the engine asks it and need not know the kinds.

use jiff::Timestamp;

use super::resource::Resource;
use crate::model::{
    AccountShare, CloudName, Id, Image, Kind, Member, Namespace, Permission, Repository, Target,
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Candidate<'a> {
    Image(&'a Image),
    ImageShare(&'a Image, &'a Member),
    RepositoryPermission(&'a Repository, &'a Permission),
    NamespacePermission(&'a Namespace, &'a Permission),
    RepositoryShare(&'a Repository, &'a AccountShare),
}

impl<'a> Candidate<'a> {
    pub(super) fn kind(self) -> Kind {
        match self {
            Candidate::Image(_) => Kind::Image,
            Candidate::ImageShare(..) => Kind::ImageShare,
            Candidate::RepositoryPermission(..) => Kind::RepositoryPermission,
            Candidate::NamespacePermission(..) => Kind::NamespacePermission,
            Candidate::RepositoryShare(..) => Kind::RepositoryShare,
        }
    }

    pub(super) fn resource(self) -> Resource<'a> {
        match self {
            Candidate::Image(image) | Candidate::ImageShare(image, _) => Resource::Image(image),
            Candidate::NamespacePermission(namespace, _) => Resource::Namespace(namespace),
            Candidate::RepositoryPermission(repository, _) | Candidate::RepositoryShare(repository, _) => {
                Resource::Repository(repository)
            }
        }
    }

    pub(super) fn target(self, cloud: &CloudName) -> Target {
        Target {
            cloud: cloud.clone(),
            kind: self.kind(),
            resource: self.resource().id().clone(),
            subject: self.subject().cloned(),
        }
    }

    pub(super) fn subject(self) -> Option<&'a Id> {
        match self {
            Candidate::Image(_) => None,
            Candidate::ImageShare(_, member) => Some(&member.project),
            Candidate::RepositoryPermission(_, permission)
            | Candidate::NamespacePermission(_, permission) => Some(&permission.user),
            Candidate::RepositoryShare(_, share) => Some(&share.account),
        }
    }

    /// Empty where the cloud tells no name beside the subject's id.
    pub(super) fn subject_name(self) -> &'a str {
        self.permission()
            .map_or("", |permission| permission.user_name.as_str())
    }

    /// When the grant was made (of a resource itself: when it was created).
    pub(super) fn granted_at(self) -> Option<Timestamp> {
        match self {
            Candidate::Image(image) => Some(image.created_at),
            Candidate::ImageShare(_, member) => Some(member.created_at),
            Candidate::RepositoryPermission(..) | Candidate::NamespacePermission(..) => None,
            Candidate::RepositoryShare(_, share) => share.created_at,
        }
    }

    /// Another value means that it is another grant.
    pub(super) fn grant_version(self) -> String {
        match self {
            Candidate::Image(image) => image.created_at.to_string(),
            Candidate::ImageShare(_, member) => member.updated_at.to_string(),
            // All that a cloud tells of a permission: one taken away and given
            // again with the same level cannot be told from the first.
            Candidate::RepositoryPermission(_, permission)
            | Candidate::NamespacePermission(_, permission) => permission.level.to_string(),
            // A prolonged share is another grant. The creation counts only
            // where no later change is known: a run may have made it younger
            // from what revokd itself removed, and the look before the call
            // does not know that.
            Candidate::RepositoryShare(_, share) => {
                let changed_at = share.updated_at.or(share.created_at);
                let changed_at = changed_at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
                format!("{changed_at}, deadline {}", deadline(share))
            }
        }
    }

    pub(super) fn member(self) -> Option<&'a Member> {
        match self {
            Candidate::ImageShare(_, member) => Some(member),
            _ => None,
        }
    }

    pub(super) fn permission(self) -> Option<&'a Permission> {
        match self {
            Candidate::RepositoryPermission(_, permission)
            | Candidate::NamespacePermission(_, permission) => Some(permission),
            _ => None,
        }
    }

    pub(super) fn share(self) -> Option<&'a AccountShare> {
        match self {
            Candidate::RepositoryShare(_, share) => Some(share),
            _ => None,
        }
    }
}

/// For people.
pub(super) fn deadline(share: &AccountShare) -> String {
    share
        .deadline
        .map_or_else(|| "none".to_owned(), |deadline| deadline.to_string())
}
