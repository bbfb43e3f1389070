//! Changes that an owner makes to an image.

use jiff::Timestamp;

use super::{Actor, ImageRecord, Refusal, Role, World, whole_second};
use crate::model::Visibility;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageChange {
    Name(String),
    Visibility(Visibility),
    Protected(bool),
    Hidden(bool),
    Tags(Vec<String>),
    SetProperty(String, String),
    RemoveProperty(String),
}

impl World {
    /// Makes all the changes, or none.
    ///
    /// # Errors
    /// Not found; not allowed, also where one who is no admin would make an
    /// image public.
    pub fn change_image(
        &mut self,
        actor: &Actor,
        id: &str,
        changes: Vec<ImageChange>,
        now: Timestamp,
    ) -> Result<&ImageRecord, Refusal> {
        self.settle(now);
        let record = self
            .images
            .get_mut(id)
            .filter(|record| record.is_visible_to(actor));
        let record = record.ok_or(Refusal::ImageNotFound)?;
        if !record.is_run_by(actor) || actor.role == Role::Reader {
            return Err(Refusal::NotAllowed);
        }
        let publishes = changes.contains(&ImageChange::Visibility(Visibility::Public));
        if publishes && actor.role != Role::Admin {
            return Err(Refusal::NotAllowed);
        }
        for change in changes {
            record.change(change);
        }
        record.updated_at = whole_second(now);
        Ok(record)
    }
}

impl ImageRecord {
    fn change(&mut self, change: ImageChange) {
        match change {
            ImageChange::Name(name) => self.name = name,
            ImageChange::Visibility(visibility) => self.visibility = visibility,
            ImageChange::Protected(protected) => self.protected = protected,
            ImageChange::Hidden(hidden) => self.hidden = hidden,
            ImageChange::Tags(tags) => self.tags = tags,
            ImageChange::SetProperty(key, value) => drop(self.properties.insert(key, value)),
            ImageChange::RemoveProperty(key) => drop(self.properties.remove(&key)),
        }
    }
}
