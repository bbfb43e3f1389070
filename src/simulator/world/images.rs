//! Images: making, seeing, deleting.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;

use super::{Actor, ListKey, Refusal, Removal, Role, World, whole_second};
use crate::model::{Id, Image, Kind, Member, Sharing, Visibility};

/// An image to be made. Start from [`NewImage::shared`] and change what differs.
#[derive(Clone, Debug)]
pub struct NewImage {
    /// `None` for a fresh one.
    pub id: Option<Id>,
    pub name: String,
    pub owner: Id,
    pub status: String,
    pub visibility: Visibility,
    pub protected: bool,
    pub hidden: bool,
    pub size: Option<u64>,
    pub tags: Vec<String>,
    pub properties: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Something in the cloud still stands on it: it cannot be deleted.
    pub in_use: bool,
}

impl NewImage {
    /// An active image of one gibibyte that may have members and has none.
    pub fn shared(name: &str, owner: &Id, created_at: Timestamp) -> NewImage {
        NewImage {
            id: None,
            name: name.to_string(),
            owner: owner.clone(),
            status: "active".to_string(),
            visibility: Visibility::Shared,
            protected: false,
            hidden: false,
            size: Some(1 << 30),
            tags: Vec::new(),
            properties: BTreeMap::new(),
            created_at,
            updated_at: created_at,
            in_use: false,
        }
    }
}

/// An image of the world. What it is found by cannot be changed.
#[derive(Clone, Debug)]
pub struct ImageRecord {
    id: Id,
    owner: Id,
    created_at: Timestamp,
    pub name: String,
    pub status: String,
    pub visibility: Visibility,
    pub protected: bool,
    pub hidden: bool,
    pub size: Option<u64>,
    pub tags: Vec<String>,
    pub properties: BTreeMap<String, String>,
    pub updated_at: Timestamp,
    pub in_use: bool,
    /// In the order in which they were added. They sleep while the image is
    /// not `shared`: the world keeps them and grants nothing by them.
    pub(super) members: Vec<Member>,
    /// Rows of shares that were ended.
    pub(super) ended: Vec<Member>,
}

impl ImageRecord {
    pub fn id(&self) -> &Id {
        &self.id
    }

    pub fn owner(&self) -> &Id {
        &self.owner
    }

    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// All the rows, awake or asleep.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What the owner can learn about the image.
    pub fn as_the_owner_sees_it(&self) -> Image {
        let sharing = match self.visibility {
            Visibility::Shared => Sharing::Members(self.members.clone()),
            _ => Sharing::NotShared,
        };
        Image {
            id: self.id.clone(),
            name: self.name.clone(),
            owner: self.owner.clone(),
            status: self.status.clone(),
            visibility: self.visibility,
            protected: self.protected,
            hidden: self.hidden,
            size: self.size,
            tags: self.tags.clone(),
            properties: self.properties.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            sharing,
        }
    }

    /// Whether the actor may use the image by its id. Every member may,
    /// whatever its status.
    pub(super) fn is_visible_to(&self, actor: &Actor) -> bool {
        actor.role == Role::Admin
            || self.owner == actor.project
            || match self.visibility {
                Visibility::Public | Visibility::Community => true,
                Visibility::Private => false,
                Visibility::Shared => self.member(actor.project.as_str()).is_some(),
            }
    }

    pub(super) fn is_run_by(&self, actor: &Actor) -> bool {
        actor.role == Role::Admin || self.owner == actor.project
    }

    pub(super) fn member(&self, project: &str) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.project.as_str() == project)
    }

    pub(super) fn list_key(&self) -> ListKey {
        (Reverse(self.created_at), Reverse(self.id.clone()))
    }
}

impl World {
    /// Puts the image into the world, in place of one of the same id.
    pub fn add_image(&mut self, new: NewImage) -> Id {
        let id = new.id.unwrap_or_else(|| self.fresh_uuid());
        self.take_out(&id);
        let record = ImageRecord {
            id: id.clone(),
            owner: self.intern(new.owner.as_str()),
            created_at: whole_second(new.created_at),
            name: new.name,
            status: new.status,
            visibility: new.visibility,
            protected: new.protected,
            hidden: new.hidden,
            size: new.size,
            tags: new.tags,
            properties: new.properties,
            updated_at: whole_second(new.updated_at),
            in_use: new.in_use,
            members: Vec::new(),
            ended: Vec::new(),
        };
        self.newest_first.insert(record.list_key());
        self.newest_first_by_owner
            .entry(record.owner.clone())
            .or_default()
            .insert(record.list_key());
        self.images.insert(id.clone(), record);
        id
    }

    /// What there is, whoever asks.
    pub fn image(&self, id: &str) -> Option<&ImageRecord> {
        self.images.get(id)
    }

    /// For the one who makes the world; no rule is asked.
    pub fn image_mut(&mut self, id: &str) -> Option<&mut ImageRecord> {
        self.images.get_mut(id)
    }

    /// Newest first.
    pub fn images(&self) -> impl Iterator<Item = &ImageRecord> {
        self.newest_first
            .iter()
            .filter_map(|(_, Reverse(id))| self.images.get(id))
    }

    /// The image as the actor may see it.
    ///
    /// # Errors
    /// [`Refusal::ImageNotFound`], also for what is merely invisible.
    pub fn show_image(&self, actor: &Actor, id: &str) -> Result<&ImageRecord, Refusal> {
        let record = self.images.get(id).filter(|record| record.is_visible_to(actor));
        record.ok_or(Refusal::ImageNotFound)
    }

    /// Deletes the image, with its members. It stays visible for the time of
    /// [`World::deletion_delay`].
    ///
    /// # Errors
    /// In this order: not found, not allowed, wrong state, protected, in use.
    pub fn delete_image(&mut self, actor: &Actor, id: &str, now: Timestamp) -> Result<(), Refusal> {
        self.settle(now);
        let record = self.show_image(actor, id)?;
        if !record.is_run_by(actor) || actor.role == Role::Reader {
            return Err(Refusal::NotAllowed);
        }
        if record.status == PENDING_DELETE {
            return Err(Refusal::WrongState);
        }
        if record.protected {
            return Err(Refusal::Protected);
        }
        if record.in_use {
            return Err(Refusal::InUse);
        }
        let image = record.id.clone();
        self.removals.push(Removal {
            at: now,
            kind: Kind::Image,
            resource: image.clone(),
            subject: None,
            by: actor.project.clone(),
        });
        if self.deletion_delay.is_zero() {
            self.take_out(&image);
        } else if let Some(record) = self.images.get_mut(&image) {
            record.status = PENDING_DELETE.to_string();
            record.updated_at = whole_second(now);
            self.vanishing.insert((now + self.deletion_delay, image));
        }
        Ok(())
    }

    pub(super) fn take_out(&mut self, id: &Id) {
        if let Some(record) = self.images.remove(id) {
            self.newest_first.remove(&record.list_key());
            if let Some(keys) = self.newest_first_by_owner.get_mut(&record.owner) {
                keys.remove(&record.list_key());
            }
        }
    }
}

const PENDING_DELETE: &str = "pending_delete";
