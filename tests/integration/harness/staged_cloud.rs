//! One simulated cloud of a stage, with the names that the scene gave.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use revokd::{
    model::{CloudName, Id, Kind, Target},
    simulator::{Actor, CallKind, Effect, Fault, Removable, Role, World, registry::Place},
};

use super::simulated::Simulated;

pub struct StagedCloud {
    pub name: CloudName,
    pub simulated: Simulated,
    pub own: Id,
    pub(super) password: String,
    /// All that must stand in no output.
    pub(super) secrets: Vec<String>,
    pub(super) images: BTreeMap<String, Id>,
    pub(super) projects: BTreeMap<String, Id>,
    pub(super) users: BTreeMap<String, Id>,
    /// Every namespace and repository of the scene.
    pub(super) places: BTreeSet<Id>,
    /// What there was when the stage was raised.
    pub(super) at_first: BTreeSet<Removable>,
}

/// An image, or one project's share of it.
pub fn removable(image: Id, project: Option<Id>) -> Removable {
    let kind = if project.is_some() {
        Kind::ImageShare
    } else {
        Kind::Image
    };
    (kind, image, project)
}

/// All that is there to be removed: images, their shares, and who can reach
/// these places of the registry.
pub fn removables(world: &World, places: &BTreeSet<Id>) -> BTreeSet<Removable> {
    let of_image = |image: &revokd::simulator::ImageRecord| {
        let members = image.members().iter().map(|member| Some(member.project.clone()));
        let found: Vec<Removable> = std::iter::once(None)
            .chain(members)
            .map(|member| removable(image.id().clone(), member))
            .collect();
        found
    };
    let of_place = |place: &Id| {
        let kind = permission_kind(place);
        let users = world.permissions_of(place.as_str()).into_iter();
        let users = users.map(move |(user, _)| (kind, user));
        let accounts = world.shares_of(place.as_str()).into_iter();
        let accounts = accounts.map(|account| (Kind::RepositoryShare, account));
        let found: Vec<Removable> = users
            .chain(accounts)
            .map(|(kind, subject)| (kind, place.clone(), Some(subject)))
            .collect();
        found
    };
    let in_registry = places.iter().flat_map(of_place);
    world.images().flat_map(of_image).chain(in_registry).collect()
}

fn permission_kind(place: &Id) -> Kind {
    match Place::of(place.as_str()) {
        Place::Namespace(_) => Kind::NamespacePermission,
        Place::Repository(..) => Kind::RepositoryPermission,
    }
}

impl StagedCloud {
    pub fn image(&self, name: &str) -> Id {
        let known = self.images.get(name);
        known
            .unwrap_or_else(|| panic!("the scene has no image {name}"))
            .clone()
    }

    pub fn project(&self, name: &str) -> Id {
        let known = self.projects.get(name);
        known
            .unwrap_or_else(|| panic!("the scene has no project {name}"))
            .clone()
    }

    pub fn user(&self, name: &str) -> Id {
        let known = self.users.get(name);
        known
            .unwrap_or_else(|| panic!("the scene has no user {name}"))
            .clone()
    }

    /// A user's permission on a namespace (`NAME`) or repository
    /// (`NAMESPACE/NAME`).
    pub fn permission(&self, place: &str, user: &str) -> Target {
        let place = Id::from(place);
        Target::grant(self.name.clone(), permission_kind(&place), place, self.user(user))
    }

    pub fn account_share(&self, repository: &str, account: &str) -> Target {
        let (repository, account) = (Id::from(repository), Id::from(account));
        Target::grant(self.name.clone(), Kind::RepositoryShare, repository, account)
    }

    /// Whether it is still there.
    pub fn holds(&self, target: &Target) -> bool {
        let removable = (target.kind, target.resource.clone(), target.subject.clone());
        self.left().contains(&removable)
    }

    /// All that is there to be removed now.
    pub fn left(&self) -> BTreeSet<Removable> {
        removables(&self.simulated.world(), &self.places)
    }

    pub fn share(&self, image: &str, project: &str) -> Target {
        Target::image_share(self.name.clone(), self.image(image), self.project(project))
    }

    pub fn has_image(&self, image: &str) -> bool {
        self.simulated.world().image(self.image(image).as_str()).is_some()
    }

    pub fn is_shared(&self, image: &str, project: &str) -> bool {
        let share = removable(self.image(image), Some(self.project(project)));
        self.left().contains(&share)
    }

    /// What was there at first and is not there any more.
    pub fn vanished(&self) -> BTreeSet<Removable> {
        self.at_first.difference(&self.left()).cloned().collect()
    }

    pub fn fault(&self, fault: Fault) {
        self.simulated.faults().add(fault);
    }

    /// Befalls the removal of shares of one image.
    pub fn fault_on_removal(&self, image: &str, effect: Effect) -> Fault {
        Fault::on(CallKind::RemoveMember, effect).resource(&self.image(image))
    }

    pub fn mend(&self) {
        self.simulated.faults().clear();
    }

    pub fn count(&self, kind: CallKind) -> usize {
        self.simulated.requests().count(kind)
    }

    /// Removals that took effect.
    pub fn removals(&self) -> usize {
        self.simulated.world().removals().len()
    }

    pub fn owner(&self) -> Actor {
        Actor {
            project: self.own.clone(),
            role: Role::Member,
        }
    }

    /// Ends a share and grants it anew, as its owner would.
    pub(super) fn grant_again(&self, image: &str, project: &str, now: Timestamp) {
        let (image, project) = (self.image(image), self.project(project));
        let mut world = self.simulated.world();
        if let Some(record) = world.image(image.as_str())
            && record.members().iter().any(|member| member.project == project)
        {
            world
                .remove_member(&self.owner(), image.as_str(), project.as_str(), now)
                .expect("the owner may end a share");
        }
        world
            .add_member(&self.owner(), image.as_str(), project.as_str(), now)
            .expect("the owner may share an image");
    }

    pub(super) fn end_by_hand(&self, image: &str, project: Option<&str>, now: Timestamp) -> Removable {
        let image = self.image(image);
        let project = project.map(|name| self.project(name));
        let mut world = self.simulated.world();
        let owner = self.owner();
        match &project {
            Some(project) => world.remove_member(&owner, image.as_str(), project.as_str(), now),
            None => world.delete_image(&owner, image.as_str(), now),
        }
        .expect("the owner may remove what it owns");
        removable(image, project)
    }
}
