//! Container repositories: who may reach them, and which accounts they are
//! shared with.
//!
//! Every call is made as a user of an account, whose say is the higher of what
//! the namespace and the repository give it. A call answers with what became
//! of it or with a [`RegistryRefusal`], in the order in which a service checks:
//! is it there, whose is it, may the user.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use crate::model::{Id, Level};

mod listing;
mod namespaces;
mod permissions;
mod records;
mod repositories;
mod seeding;
mod shares;

#[cfg(test)]
mod tests;

pub use listing::{Listed, RepositoryOrder, RepositoryQuery};
pub use permissions::{Access, PermissionRow};
pub use records::{Creator, NamespaceRecord, RepositoryRecord, TagRecord};
pub use repositories::{NewRepository, RepositoryChange};
pub use shares::ShareRecord;

/// Who asks: a user, in an account of whose name others know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryActor {
    pub account: Id,
    pub account_name: Id,
    pub user: Id,
    pub user_name: String,
}

/// What a permission stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Namespace(&'a str),
    /// A namespace and a name within it, which may hold slashes.
    Repository(&'a str, &'a str),
}

/// Why the registry did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryRefusal {
    NamespaceNotFound,
    RepositoryNotFound,
    /// It is there, and belongs to another account.
    AnotherAccounts,
    NotAllowed,
    PermissionNotFound,
    ShareNotFound,
    AlreadyThere,
    /// A namespace with repositories, a repository with images: not deleted.
    NotEmpty,
}

/// What becomes of a removal that names users without a permission as well.
/// No document tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UngrantedUsers {
    /// The others lose theirs, and all is well; unless nobody had any.
    Ignored,
    /// Those before the first of them lose theirs; then it is refused.
    EndIt,
    /// Nobody loses anything.
    PreventIt,
}

/// What a registry does where the documents leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryHabits {
    pub ungranted_users: UngrantedUsers,
    /// A user who is gone from the account still stands in permission lists.
    pub rows_of_deleted_users_stay: bool,
}

impl Default for RegistryHabits {
    /// The likelier traps.
    fn default() -> RegistryHabits {
        RegistryHabits {
            ungranted_users: UngrantedUsers::EndIt,
            rows_of_deleted_users_stay: true,
        }
    }
}

/// All namespaces of all accounts; no two accounts have one of the same name.
#[derive(Default)]
pub(super) struct Registry {
    namespaces: BTreeMap<Id, NamespaceRecord>,
    /// Users who manage everything of their account and stand in no list.
    administrators: BTreeSet<Id>,
    ids_given: i64,
}

impl Registry {
    fn fresh_id(&mut self) -> i64 {
        self.ids_given += 1;
        self.ids_given
    }
}

impl<'a> Place<'a> {
    /// `NAMESPACE` or `NAMESPACE/NAME`: a namespace holds no slash.
    pub fn of(resource: &'a str) -> Place<'a> {
        match resource.split_once('/') {
            Some((namespace, name)) => Place::Repository(namespace, name),
            None => Place::Namespace(resource),
        }
    }

    pub fn resource(&self) -> Id {
        match self {
            Place::Namespace(name) => Id::from(*name),
            Place::Repository(namespace, name) => Id::from(format!("{namespace}/{name}")),
        }
    }
}

impl World {
    /// `None` where there is no such user.
    pub fn registry_actor(&self, user: &str) -> Option<RegistryActor> {
        let user = self.user(user)?;
        Some(RegistryActor {
            account: user.account.clone(),
            account_name: Id::from(self.account(user.account.as_str())?.name.as_str()),
            user: user.id.clone(),
            user_name: user.name.clone(),
        })
    }

    /// What the user may do in the namespace as a whole.
    pub fn namespace_level(&self, actor: &RegistryActor, namespace: &NamespaceRecord) -> Option<Level> {
        let user = self.user(actor.user.as_str());
        let owns_account = user.is_some_and(|user| user.account_owner);
        if owns_account || self.registry.administrators.contains(&actor.user) {
            return Some(Level::Manage);
        }
        namespace.permission(&actor.user).map(|row| row.level)
    }

    fn repository_level(
        &self,
        actor: &RegistryActor,
        namespace: &NamespaceRecord,
        repository: &RepositoryRecord,
    ) -> Option<Level> {
        let own = repository.permission(&actor.user).map(|row| row.level);
        own.max(self.namespace_level(actor, namespace))
    }

    fn own_namespace(&self, actor: &RegistryActor, name: &str) -> Result<&NamespaceRecord, RegistryRefusal> {
        let namespace = self.registry.namespaces.get(name);
        let namespace = namespace.ok_or(RegistryRefusal::NamespaceNotFound)?;
        if namespace.account != actor.account {
            return Err(RegistryRefusal::AnotherAccounts);
        }
        Ok(namespace)
    }

    fn own_repository(
        &self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
    ) -> Result<(&NamespaceRecord, &RepositoryRecord), RegistryRefusal> {
        let namespace = self.own_namespace(actor, namespace)?;
        let repository = namespace.repositories.get(name);
        Ok((namespace, repository.ok_or(RegistryRefusal::RepositoryNotFound)?))
    }

    fn namespace_mut(&mut self, name: &str) -> Result<&mut NamespaceRecord, RegistryRefusal> {
        let namespace = self.registry.namespaces.get_mut(name);
        namespace.ok_or(RegistryRefusal::NamespaceNotFound)
    }
}
