//! For the one who makes the world: no rule is asked, and what went is not
//! noted. And what is left, for the one who looks afterwards.

use jiff::Timestamp;

use super::{Creator, NamespaceRecord, PermissionRow, Place, RepositoryRecord, ShareRecord};
use crate::{
    model::{Id, Level},
    simulator::world::World,
};

impl World {
    /// A namespace that nobody may do anything in. One that is there already
    /// stays as it is.
    pub fn add_namespace(&mut self, account: &Id, name: &str) {
        if self.registry.namespaces.contains_key(name) {
            return;
        }
        let id = self.registry.fresh_id();
        let creator = Creator {
            user: account.clone(),
            name: "ops".to_string(),
        };
        let namespace = NamespaceRecord::new(id, name, account, creator);
        self.registry.namespaces.insert(Id::from(name), namespace);
    }

    /// An empty private repository; its id. Without the namespace, or where it
    /// is there already, nothing happens.
    pub fn add_repository(&mut self, namespace: &str, name: &str, created_at: Timestamp) -> Id {
        let id = self.registry.fresh_id();
        if let Some(record) = self.registry.namespaces.get_mut(namespace)
            && !record.repositories.contains_key(name)
        {
            let repository = RepositoryRecord::new(id, name, record.creator.clone(), created_at);
            record.repositories.insert(repository.name().clone(), repository);
        }
        Place::Repository(namespace, name).resource()
    }

    /// In place of what the user had there.
    pub fn grant_namespace(&mut self, namespace: &str, user: &Id, level: Level) {
        let row = self.permission_of(user, level);
        if let Some(namespace) = self.registry.namespaces.get_mut(namespace) {
            namespace.permissions.retain(|known| known.user != row.user);
            namespace.permissions.push(row);
        }
    }

    /// In place of what the user had there.
    pub fn grant_repository(&mut self, namespace: &str, name: &str, user: &Id, level: Level) {
        let row = self.permission_of(user, level);
        if let Some(repository) = self.repository_mut(namespace, name) {
            repository.permissions.retain(|known| known.user != row.user);
            repository.permissions.push(row);
        }
    }

    /// In place of the account's share, if it has one. `None`: for ever.
    pub fn share_repository(
        &mut self,
        namespace: &str,
        name: &str,
        account: &Id,
        deadline: Option<Timestamp>,
        created_at: Timestamp,
    ) {
        if let Some(repository) = self.repository_mut(namespace, name) {
            repository.shares.retain(|known| known.account != *account);
            let creator = repository.creator.clone();
            repository.shares.push(ShareRecord {
                account: account.clone(),
                deadline,
                description: String::new(),
                creator,
                created_at,
                updated_at: created_at,
            });
        }
    }

    /// The user manages everything of its account from now on, without any
    /// list saying so.
    pub fn make_registry_administrator(&mut self, user: &Id) {
        self.registry.administrators.insert(user.clone());
    }

    pub fn repository_mut(&mut self, namespace: &str, name: &str) -> Option<&mut RepositoryRecord> {
        let namespace = self.registry.namespaces.get_mut(namespace)?;
        namespace.repositories.get_mut(name)
    }

    /// Who may do what on a namespace (`NAME`) or a repository
    /// (`NAMESPACE/NAME`) by a permission there; nobody on what is not there.
    pub fn permissions_of(&self, resource: &str) -> Vec<(Id, Level)> {
        let rows = match Place::of(resource) {
            Place::Namespace(name) => {
                let namespace = self.registry.namespaces.get(name);
                namespace.map(|namespace| &namespace.permissions)
            }
            Place::Repository(namespace, name) => self
                .repository(namespace, name)
                .map(|repository| &repository.permissions),
        };
        let rows = rows.into_iter().flatten();
        rows.map(|row| (row.user.clone(), row.level)).collect()
    }

    /// The accounts that the repository (`NAMESPACE/NAME`) is shared with, by
    /// name, be it over or not.
    pub fn shares_of(&self, resource: &str) -> Vec<Id> {
        let repository = match Place::of(resource) {
            Place::Namespace(_) => None,
            Place::Repository(namespace, name) => self.repository(namespace, name),
        };
        let shares = repository.into_iter().flat_map(|repository| &repository.shares);
        shares.map(|share| share.account.clone()).collect()
    }

    fn repository(&self, namespace: &str, name: &str) -> Option<&RepositoryRecord> {
        self.registry.namespaces.get(namespace)?.repositories.get(name)
    }

    /// A user that is no longer there goes by its id.
    fn permission_of(&self, user: &Id, level: Level) -> PermissionRow {
        let name = self.user(user.as_str()).map_or(user.as_str(), |user| &user.name);
        PermissionRow {
            user: user.clone(),
            user_name: name.to_string(),
            level,
        }
    }
}
