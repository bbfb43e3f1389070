//! The users of a cloud as a list of people: who is disabled there, or was not
//! seen for long, is gone.
//!
//! Each user is matched by the very attribute that the source is matched to, so
//! that one cloud's list can decide on another cloud by name or address.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::time;

use super::{ReadFailure, Source, entry::RawEntry, version};
use crate::{
    config::people::{self, Keystone},
    model::{Entry, Roll, SourceName, User, UserKey, UserState},
    providers::Reader,
};

pub struct CloudUsers {
    name: SourceName,
    to: UserKey,
    keystone: Keystone,
    timeout: Duration,
    reader: Arc<dyn Reader>,
}

impl CloudUsers {
    /// `reader` reads the cloud that the configuration names.
    pub fn new(source: &people::Source, keystone: Keystone, reader: Arc<dyn Reader>) -> CloudUsers {
        CloudUsers {
            name: source.name.clone(),
            to: source.to.clone(),
            keystone,
            timeout: source.timeout,
            reader,
        }
    }

    async fn read(&self, now: Timestamp) -> Result<Roll, ReadFailure> {
        let Keystone { cloud, deleted, .. } = &self.keystone;
        let failed =
            |why: String| ReadFailure::Failed(format!("the users of cloud {cloud} were not read: {why}"));
        let users = time::timeout(self.timeout, self.reader.users(self.needs_details(), now)).await;
        let users = users.map_err(|_| {
            let within = self.timeout;
            failed(format!(
                "not all of them came within {within:?}, which is its timeout"
            ))
        })?;
        let users = users.map_err(|failure| failed(failure.detail))?;
        let entries: Vec<Entry> = users.into_iter().map(|user| self.entry(user, now)).collect();
        Ok(Roll {
            source: self.name.clone(),
            version: version::of_entries(&entries),
            read_at: now,
            as_of: now,
            to: self.to.clone(),
            entries,
            deleted_on: deleted.then(|| cloud.clone()),
        })
    }

    /// Lists tell ids and names for certain, anything else where it pleases
    /// the cloud.
    fn needs_details(&self) -> bool {
        self.keystone.not_seen_for.is_some() || !matches!(self.to, UserKey::Id | UserKey::Name)
    }

    fn entry(&self, user: User, now: Timestamp) -> Entry {
        let is_gone = self.is_gone(&user, now);
        let (key_field, key) = match &self.to {
            UserKey::Id => ("id", Some(user.id.to_string())),
            UserKey::Name => ("name", Some(user.name.clone())),
            UserKey::Email => ("email", user.email.clone()),
            UserKey::Attribute(name) => (name.as_str(), user.attributes.get(name).cloned()),
        };
        let raw = RawEntry {
            place: match user.name.is_empty() {
                true => user.id.to_string(),
                false => format!("{} ({})", user.name, user.id),
            },
            keys: Vec::from_iter(key),
            gone: Some(is_gone),
            ..RawEntry::default()
        };
        raw.into_entry(key_field)
    }

    fn is_gone(&self, user: &User, now: Timestamp) -> bool {
        let is_out = match user.state {
            UserState::Enabled => false,
            UserState::Disabled => self.keystone.disabled,
            UserState::Deleted => self.keystone.deleted,
        };
        // Who was never seen is not idle for certain.
        let is_idle = match (&self.keystone.not_seen_for, user.last_seen) {
            (Some(longest), Some(seen)) => now.duration_since(seen) >= longest.least,
            _ => false,
        };
        is_out || is_idle
    }
}

impl Source for CloudUsers {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        Box::pin(self.read(now))
    }

    /// Only a read tells whether the users have changed.
    fn glance(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests;
