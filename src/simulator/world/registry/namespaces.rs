//! Namespaces: finding, making, deleting.

use jiff::Timestamp;

use super::{NamespaceRecord, PermissionRow, Place, RegistryActor, RegistryRefusal};
use crate::{
    model::{Id, Level},
    simulator::world::World,
};

impl World {
    /// The account's namespaces by name, with what the user may do there;
    /// `None` where it may do something in a repository of it alone.
    pub fn list_namespaces(&self, actor: &RegistryActor) -> Vec<(&NamespaceRecord, Option<Level>)> {
        let namespaces = self.registry.namespaces.values();
        let own = namespaces.filter(|namespace| namespace.account == actor.account);
        let with_level = own.map(|namespace| (namespace, self.namespace_level(actor, namespace)));
        with_level
            .filter(|(namespace, level)| {
                let mut repositories = namespace.repositories.values();
                level.is_some() || repositories.any(|repository| repository.permission(&actor.user).is_some())
            })
            .collect()
    }

    /// # Errors
    /// Not there, another account's, not allowed to read.
    pub fn show_namespace(
        &self,
        actor: &RegistryActor,
        name: &str,
    ) -> Result<(&NamespaceRecord, Level), RegistryRefusal> {
        let namespace = self.own_namespace(actor, name)?;
        let level = self.namespace_level(actor, namespace);
        Ok((namespace, level.ok_or(RegistryRefusal::NotAllowed)?))
    }

    /// Who creates a namespace manages it.
    ///
    /// # Errors
    /// Some account has one of that name.
    pub fn create_namespace(&mut self, actor: &RegistryActor, name: &str) -> Result<(), RegistryRefusal> {
        if self.registry.namespaces.contains_key(name) {
            return Err(RegistryRefusal::AlreadyThere);
        }
        let id = self.registry.fresh_id();
        let mut namespace = NamespaceRecord::new(id, name, &actor.account, actor.as_creator());
        namespace.permissions.push(PermissionRow {
            user: actor.user.clone(),
            user_name: actor.user_name.clone(),
            level: Level::Manage,
        });
        self.registry.namespaces.insert(Id::from(name), namespace);
        Ok(())
    }

    /// # Errors
    /// Not there, another account's, not allowed, holds repositories.
    pub fn delete_namespace(
        &mut self,
        actor: &RegistryActor,
        name: &str,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let namespace = self.own_namespace(actor, name)?;
        if self.namespace_level(actor, namespace) != Some(Level::Manage) {
            return Err(RegistryRefusal::NotAllowed);
        }
        if !namespace.repositories.is_empty() {
            return Err(RegistryRefusal::NotEmpty);
        }
        let users: Vec<Id> = namespace.permissions.iter().map(|row| row.user.clone()).collect();
        self.registry.namespaces.remove(name);
        self.note_lost_permissions(actor, Place::Namespace(name), &users, now);
        Ok(())
    }
}
