//! One simulated cloud of a stage, with the names that the scene gave.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use revokd::{
    model::{CloudName, Id, Kind, Target},
    providers::openstack::simulated::SimulatedCloud,
    simulator::{Actor, CallKind, Effect, Fault, Removable, Role, World},
};

pub struct StagedCloud {
    pub name: CloudName,
    pub simulated: SimulatedCloud,
    pub own: Id,
    pub(super) password: String,
    pub(super) images: BTreeMap<String, Id>,
    pub(super) projects: BTreeMap<String, Id>,
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

/// All that is there to be removed.
pub fn removables(world: &World) -> BTreeSet<Removable> {
    let of_image = |image: &revokd::simulator::ImageRecord| {
        let members = image.members().iter().map(|member| Some(member.project.clone()));
        let found: Vec<Removable> = std::iter::once(None)
            .chain(members)
            .map(|member| removable(image.id().clone(), member))
            .collect();
        found
    };
    world.images().flat_map(of_image).collect()
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

    pub fn share(&self, image: &str, project: &str) -> Target {
        Target::image_share(self.name.clone(), self.image(image), self.project(project))
    }

    pub fn has_image(&self, image: &str) -> bool {
        self.simulated.world().image(self.image(image).as_str()).is_some()
    }

    pub fn is_shared(&self, image: &str, project: &str) -> bool {
        let share = removable(self.image(image), Some(self.project(project)));
        removables(&self.simulated.world()).contains(&share)
    }

    /// What was there at first and is not there any more.
    pub fn vanished(&self) -> BTreeSet<Removable> {
        let left = removables(&self.simulated.world());
        self.at_first.difference(&left).cloned().collect()
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
