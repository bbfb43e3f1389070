//! Repositories: making, changing, deleting.

use jiff::Timestamp;

use super::{Listed, Place, RegistryActor, RegistryRefusal, RepositoryRecord};
use crate::{
    model::{Id, Level},
    simulator::world::World,
};

/// A repository to be made.
#[derive(Clone, Debug)]
pub struct NewRepository {
    pub name: String,
    pub public: bool,
    pub category: String,
    pub description: String,
}

/// `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct RepositoryChange {
    pub public: Option<bool>,
    pub category: Option<String>,
    pub description: Option<String>,
}

impl World {
    /// # Errors
    /// Not there, another account's, not allowed to read.
    pub fn show_repository(
        &self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
    ) -> Result<Listed<'_>, RegistryRefusal> {
        let (namespace, repository) = self.own_repository(actor, namespace, name)?;
        match self.repository_level(actor, namespace, repository) {
            Some(_) => Ok((namespace, repository)),
            None => Err(RegistryRefusal::NotAllowed),
        }
    }

    /// # Errors
    /// No such namespace, another account's, not allowed to write, there already.
    pub fn create_repository(
        &mut self,
        actor: &RegistryActor,
        namespace: &str,
        new: NewRepository,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let record = self.own_namespace(actor, namespace)?;
        if self.namespace_level(actor, record) < Some(Level::Write) {
            return Err(RegistryRefusal::NotAllowed);
        }
        if record.repositories.contains_key(new.name.as_str()) {
            return Err(RegistryRefusal::AlreadyThere);
        }
        let id = self.registry.fresh_id();
        let mut repository = RepositoryRecord::new(id, &new.name, actor.as_creator(), now);
        repository.public = new.public;
        repository.category = new.category;
        repository.description = new.description;
        let repositories = &mut self.namespace_mut(namespace)?.repositories;
        repositories.insert(repository.name().clone(), repository);
        Ok(())
    }

    /// # Errors
    /// Not there, another account's, not allowed to write.
    pub fn change_repository(
        &mut self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
        change: RepositoryChange,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let (record, repository) = self.own_repository(actor, namespace, name)?;
        if self.repository_level(actor, record, repository) < Some(Level::Write) {
            return Err(RegistryRefusal::NotAllowed);
        }
        let repository = self.namespace_mut(namespace)?.repositories.get_mut(name);
        let repository = repository.ok_or(RegistryRefusal::RepositoryNotFound)?;
        repository.public = change.public.unwrap_or(repository.public);
        if let Some(category) = change.category {
            repository.category = category;
        }
        if let Some(description) = change.description {
            repository.description = description;
        }
        repository.updated_at = now;
        Ok(())
    }

    /// All who could reach it are noted as having lost that.
    ///
    /// # Errors
    /// Not there, another account's, not allowed, holds images.
    pub fn delete_repository(
        &mut self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let (record, repository) = self.own_repository(actor, namespace, name)?;
        if self.repository_level(actor, record, repository) != Some(Level::Manage) {
            return Err(RegistryRefusal::NotAllowed);
        }
        if !repository.tags.is_empty() {
            return Err(RegistryRefusal::NotEmpty);
        }
        let users: Vec<Id> = repository
            .permissions
            .iter()
            .map(|row| row.user.clone())
            .collect();
        let accounts: Vec<Id> = repository
            .shares
            .iter()
            .map(|share| share.account.clone())
            .collect();
        self.namespace_mut(namespace)?.repositories.remove(name);
        let place = Place::Repository(namespace, name);
        self.note_lost_permissions(actor, place, &users, now);
        self.note_lost_shares(actor, place, &accounts, now);
        Ok(())
    }
}
