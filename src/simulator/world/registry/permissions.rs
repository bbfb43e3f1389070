//! Permissions of users on namespaces and repositories.

use jiff::Timestamp;

use super::{NamespaceRecord, Place, RegistryActor, RegistryRefusal, RepositoryRecord, UngrantedUsers};
use crate::{
    model::{Id, Kind, Level},
    simulator::world::{Removal, World},
};

/// One user's permission. No registry tells when it was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionRow {
    pub user: Id,
    /// As it was given with the permission.
    pub user_name: String,
    pub level: Level,
}

/// Who may do what on one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Of the namespace or repository.
    pub id: i64,
    pub creator_name: String,
    /// What the caller may do, by whatever permission.
    pub own_level: Level,
    /// All the rows of this place, the caller's among them.
    pub rows: Vec<PermissionRow>,
}

impl World {
    /// # Errors
    /// Not there, another account's, not allowed to read.
    pub fn read_access(&self, actor: &RegistryActor, place: Place<'_>) -> Result<Access, RegistryRefusal> {
        let (id, creator, own_level, rows) = match place {
            Place::Namespace(name) => {
                let namespace = self.own_namespace(actor, name)?;
                let level = self.namespace_level(actor, namespace);
                (namespace.id(), &namespace.creator, level, &namespace.permissions)
            }
            Place::Repository(namespace, name) => {
                let (namespace, repository) = self.own_repository(actor, namespace, name)?;
                let level = self.repository_level(actor, namespace, repository);
                (
                    repository.id(),
                    &repository.creator,
                    level,
                    &repository.permissions,
                )
            }
        };
        let shown = |row: &&PermissionRow| {
            self.registry_habits.rows_of_deleted_users_stay || self.user(row.user.as_str()).is_some()
        };
        Ok(Access {
            id,
            creator_name: creator.name.clone(),
            own_level: own_level.ok_or(RegistryRefusal::NotAllowed)?,
            rows: rows.iter().filter(shown).cloned().collect(),
        })
    }

    /// Grants all the permissions, or none.
    ///
    /// # Errors
    /// As [`World::remove_permissions`]; one of the users has one already.
    pub fn grant_permissions(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
        new: Vec<PermissionRow>,
    ) -> Result<(), RegistryRefusal> {
        let rows = self.managed_rows(actor, place)?;
        let there = |row: &PermissionRow| rows.iter().any(|known| known.user == row.user);
        if new.iter().any(there) {
            return Err(RegistryRefusal::AlreadyThere);
        }
        rows.extend(new);
        Ok(())
    }

    /// Changes the levels of all the users, or of none.
    ///
    /// # Errors
    /// As [`World::remove_permissions`]; one of the users has none.
    pub fn change_permissions(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
        changed: Vec<PermissionRow>,
    ) -> Result<(), RegistryRefusal> {
        let rows = self.managed_rows(actor, place)?;
        let missing = |row: &PermissionRow| rows.iter().all(|known| known.user != row.user);
        if changed.iter().any(missing) {
            return Err(RegistryRefusal::PermissionNotFound);
        }
        for row in changed {
            rows.retain(|known| known.user != row.user);
            rows.push(row);
        }
        Ok(())
    }

    /// Ends the permissions of these users here, and nowhere else. Nothing
    /// keeps a user from ending its own.
    ///
    /// # Errors
    /// Not there, another account's, not allowed; then a user without a
    /// permission, which some may have lost by then: see [`UngrantedUsers`].
    pub fn remove_permissions(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
        users: &[Id],
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let habit = self.registry_habits.ungranted_users;
        let rows = self.managed_rows(actor, place)?;
        let is_granted = |user: &&Id| rows.iter().any(|row| row.user == **user);
        let granted = users.iter().filter(is_granted).count();
        let losing: Vec<Id> = match habit {
            UngrantedUsers::Ignored => users.iter().filter(is_granted).cloned().collect(),
            UngrantedUsers::EndIt => users.iter().take_while(is_granted).cloned().collect(),
            UngrantedUsers::PreventIt if granted == users.len() => users.to_vec(),
            UngrantedUsers::PreventIt => Vec::new(),
        };
        rows.retain(|row| !losing.contains(&row.user));
        self.note_lost_permissions(actor, place, &losing, now);
        let refused = match habit {
            UngrantedUsers::Ignored => granted == 0,
            UngrantedUsers::EndIt | UngrantedUsers::PreventIt => granted < users.len(),
        };
        if refused {
            return Err(RegistryRefusal::PermissionNotFound);
        }
        Ok(())
    }

    pub(super) fn note_lost_permissions(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
        users: &[Id],
        now: Timestamp,
    ) {
        let kind = match place {
            Place::Namespace(_) => Kind::NamespacePermission,
            Place::Repository(..) => Kind::RepositoryPermission,
        };
        self.removals.extend(users.iter().map(|user| Removal {
            at: now,
            kind,
            resource: place.resource(),
            subject: Some(user.clone()),
            by: actor.user.clone(),
        }));
    }

    /// The rows, for one who may change them: on a namespace its managers, on
    /// a repository also its own managers and those who may write in the
    /// namespace.
    fn managed_rows(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
    ) -> Result<&mut Vec<PermissionRow>, RegistryRefusal> {
        let may = match place {
            Place::Namespace(name) => {
                let namespace = self.own_namespace(actor, name)?;
                self.namespace_level(actor, namespace) == Some(Level::Manage)
            }
            Place::Repository(namespace, name) => {
                let (namespace, repository) = self.own_repository(actor, namespace, name)?;
                self.namespace_level(actor, namespace) >= Some(Level::Write)
                    || self.repository_level(actor, namespace, repository) == Some(Level::Manage)
            }
        };
        if !may {
            return Err(RegistryRefusal::NotAllowed);
        }
        match place {
            Place::Namespace(name) => Ok(&mut self.namespace_mut(name)?.permissions),
            Place::Repository(namespace, name) => {
                let repository = self.namespace_mut(namespace)?.repositories.get_mut(name);
                Ok(&mut repository.ok_or(RegistryRefusal::RepositoryNotFound)?.permissions)
            }
        }
    }
}

impl NamespaceRecord {
    pub(super) fn permission(&self, user: &Id) -> Option<&PermissionRow> {
        self.permissions.iter().find(|row| row.user == *user)
    }
}

impl RepositoryRecord {
    pub(super) fn permission(&self, user: &Id) -> Option<&PermissionRow> {
        self.permissions.iter().find(|row| row.user == *user)
    }
}
