//! Projects, users and credentials. All live in one domain.

use std::collections::BTreeMap;

use super::{Role, World};
use crate::model::Id;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: Id,
    pub name: String,
}

/// Holds a password: no `Debug`.
#[derive(Clone)]
pub struct User {
    pub id: Id,
    pub name: String,
    pub password: String,
    /// Where a login without a scope leads.
    pub home: Option<Id>,
    pub enabled: bool,
    /// What the user may do in which project.
    pub roles: BTreeMap<Id, Role>,
}

/// Holds a secret: no `Debug`.
#[derive(Clone)]
pub struct ApplicationCredential {
    pub id: Id,
    /// Unique per user.
    pub name: String,
    pub secret: String,
    pub user: Id,
    pub project: Id,
    pub role: Role,
}

impl World {
    pub fn add_project(&mut self, name: &str) -> Id {
        let id = self.fresh_id();
        self.add_project_with_id(id.as_str(), name);
        id
    }

    pub fn add_project_with_id(&mut self, id: &str, name: &str) {
        let id = self.intern(id);
        let name = name.to_string();
        self.projects.insert(id.clone(), Project { id, name });
    }

    /// A user who is a member of its home project.
    pub fn add_user(&mut self, name: &str, password: &str, home: &Id) -> Id {
        let id = self.fresh_id();
        let user = User {
            id: id.clone(),
            name: name.to_string(),
            password: password.to_string(),
            home: Some(home.clone()),
            enabled: true,
            roles: BTreeMap::from([(home.clone(), Role::Member)]),
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// A credential for the user's home project, with the user's role there.
    /// `None` where there is no such user, or it has no home.
    pub fn add_application_credential(&mut self, name: &str, secret: &str, user: &Id) -> Option<Id> {
        let owner = self.users.get(user)?;
        let project = owner.home.clone()?;
        let role = owner.roles.get(&project).copied()?;
        let id = self.fresh_id();
        let credential = ApplicationCredential {
            id: id.clone(),
            name: name.to_string(),
            secret: secret.to_string(),
            user: user.clone(),
            project,
            role,
        };
        self.credentials.insert(id.clone(), credential);
        Some(id)
    }

    pub fn project(&self, id: &str) -> Option<&Project> {
        self.projects.get(id)
    }

    pub fn project_named(&self, name: &str) -> Option<&Project> {
        self.projects.values().find(|project| project.name == name)
    }

    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }

    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    pub fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    pub fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name == name)
    }

    pub fn application_credential(&self, id: &str) -> Option<&ApplicationCredential> {
        self.credentials.get(id)
    }

    pub fn application_credential_named(&self, user: &Id, name: &str) -> Option<&ApplicationCredential> {
        self.credentials
            .values()
            .find(|credential| credential.user == *user && credential.name == name)
    }

    /// The shared form of an id that may have been seen before.
    pub(super) fn intern(&mut self, id: &str) -> Id {
        if let Some(known) = self.member_ids.get(id) {
            return known.clone();
        }
        let id = Id::from(id);
        self.member_ids.insert(id.clone());
        id
    }
}
