//! What targets are about: the things of an inventory that can be reached, and
//! the list that each keeps of who reaches it.
//!
//! Whoever looks for targets, to judge them all or to find one again, comes
//! through here, so that no two places differ in what counts as seen.

use std::iter;

use jiff::Timestamp;

use super::candidate::Candidate;
use crate::model::{
    Caller, Id, Image, Inventory, Kind, Namespace, Reading, Repository, Sharing, Target, Visibility,
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Resource<'a> {
    Image(&'a Image),
    Namespace(&'a Namespace),
    Repository(&'a Repository),
}

/// Ids are unique within a class only: a namespace and an image may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ResourceClass {
    Image,
    Namespace,
    Repository,
}

impl ResourceClass {
    pub(super) const ALL: [ResourceClass; 3] = [
        ResourceClass::Image,
        ResourceClass::Namespace,
        ResourceClass::Repository,
    ];

    pub(super) fn of(kind: Kind) -> ResourceClass {
        match kind {
            Kind::Image | Kind::ImageShare => ResourceClass::Image,
            Kind::NamespacePermission => ResourceClass::Namespace,
            Kind::RepositoryPermission | Kind::RepositoryShare => ResourceClass::Repository,
        }
    }
}

/// The targets of one kind that one resource bears.
pub(super) enum Targets<'a> {
    Known(Box<dyn ExactSizeIterator<Item = Candidate<'a>> + 'a>),
    /// The image is not `shared`, and its member list is out of reach.
    NotShared(Visibility),
    /// The list was not read: for people, which.
    Unread(&'static str),
}

impl<'a> Targets<'a> {
    fn known(candidates: impl ExactSizeIterator<Item = Candidate<'a>> + 'a) -> Targets<'a> {
        Targets::Known(Box::new(candidates))
    }

    fn listed<R, G>(
        of: &'a R,
        list: &'a Reading<Vec<G>>,
        candidate: fn(&'a R, &'a G) -> Candidate<'a>,
        unread: &'static str,
    ) -> Targets<'a> {
        match list {
            Reading::Read(grants) => Targets::known(grants.iter().map(move |grant| candidate(of, grant))),
            Reading::NotRead | Reading::Unreadable => Targets::Unread(unread),
        }
    }
}

impl<'a> Resource<'a> {
    /// All of a class, whoever owns them.
    pub(super) fn all(
        inventory: &'a Inventory,
        class: ResourceClass,
    ) -> Box<dyn Iterator<Item = Resource<'a>> + 'a> {
        match class {
            ResourceClass::Image => Box::new(inventory.images.iter().map(Resource::Image)),
            ResourceClass::Namespace => Box::new(inventory.namespaces.iter().map(Resource::Namespace)),
            ResourceClass::Repository => Box::new(inventory.repositories.iter().map(Resource::Repository)),
        }
    }

    /// The resource that the target is about.
    pub(super) fn of(target: &Target, inventory: &'a Inventory) -> Option<Resource<'a>> {
        let mut all = Resource::all(inventory, ResourceClass::of(target.kind));
        all.find(|resource| *resource.id() == target.resource)
    }

    pub(super) fn targets(self, kind: Kind) -> Targets<'a> {
        match (kind, self) {
            (Kind::Image, Resource::Image(image)) => Targets::known(iter::once(Candidate::Image(image))),
            (Kind::ImageShare, Resource::Image(image)) => match &image.sharing {
                Sharing::Members(members) => Targets::known(
                    members
                        .iter()
                        .map(move |member| Candidate::ImageShare(image, member)),
                ),
                Sharing::NotShared => Targets::NotShared(image.visibility),
                Sharing::NotRead | Sharing::Unreadable => {
                    Targets::Unread("the member list could not be read")
                }
            },
            (Kind::NamespacePermission, Resource::Namespace(namespace)) => Targets::listed(
                namespace,
                &namespace.permissions,
                Candidate::NamespacePermission,
                "the permissions on the namespace could not be read",
            ),
            (Kind::RepositoryPermission, Resource::Repository(repository)) => Targets::listed(
                repository,
                &repository.permissions,
                Candidate::RepositoryPermission,
                "the permissions on the repository could not be read",
            ),
            (Kind::RepositoryShare, Resource::Repository(repository)) => Targets::listed(
                repository,
                &repository.shares,
                Candidate::RepositoryShare,
                "the accounts that the repository is shared with could not be read",
            ),
            _ => Targets::Unread("a resource of this sort bears no such targets"),
        }
    }

    /// The target itself, if the resource's list was read and holds it.
    pub(super) fn find(self, target: &Target) -> Option<Candidate<'a>> {
        match self.targets(target.kind) {
            Targets::Known(mut candidates) => {
                candidates.find(|candidate| candidate.subject() == target.subject.as_ref())
            }
            Targets::NotShared(_) | Targets::Unread(_) => None,
        }
    }

    pub(super) fn id(self) -> &'a Id {
        match self {
            Resource::Image(image) => &image.id,
            Resource::Namespace(namespace) => &namespace.name,
            Resource::Repository(repository) => &repository.id,
        }
    }

    /// The name people know it by: in the registry that is the id.
    pub(super) fn name(self) -> &'a str {
        match self {
            Resource::Image(image) => &image.name,
            Resource::Namespace(_) | Resource::Repository(_) => self.id().as_str(),
        }
    }

    /// A project for an image; all of the registry belongs to the account that
    /// is seen.
    pub(super) fn owner(self, caller: &'a Caller) -> &'a Id {
        match self {
            Resource::Image(image) => &image.owner,
            Resource::Namespace(_) | Resource::Repository(_) => &caller.account,
        }
    }

    /// No cloud tells the age of a namespace.
    pub(super) fn created_at(self) -> Option<Timestamp> {
        match self {
            Resource::Image(image) => Some(image.created_at),
            Resource::Namespace(_) => None,
            Resource::Repository(repository) => Some(repository.created_at),
        }
    }

    pub(super) fn updated_at(self) -> Option<Timestamp> {
        match self {
            Resource::Image(image) => Some(image.updated_at),
            Resource::Namespace(_) => None,
            Resource::Repository(repository) => Some(repository.updated_at),
        }
    }

    pub(super) fn image(self) -> Option<&'a Image> {
        match self {
            Resource::Image(image) => Some(image),
            Resource::Namespace(_) | Resource::Repository(_) => None,
        }
    }

    pub(super) fn repository(self) -> Option<&'a Repository> {
        match self {
            Resource::Repository(repository) => Some(repository),
            Resource::Image(_) | Resource::Namespace(_) => None,
        }
    }

    /// The namespace that it is, or is in.
    pub(super) fn namespace(self) -> Option<&'a Id> {
        match self {
            Resource::Namespace(namespace) => Some(&namespace.name),
            Resource::Repository(repository) => Some(&repository.namespace),
            Resource::Image(_) => None,
        }
    }
}
