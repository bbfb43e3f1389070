//! Accounts, their projects and users, and what users log in with.
//!
//! A world begins with one account, which owns whatever names no other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Role, World};
use crate::model::Id;

/// The account that a world begins with.
pub const FIRST_ACCOUNT: &str = "default";

/// What Keystone calls a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: Id,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: Id,
    pub name: String,
    pub account: Id,
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
    /// What the user may do in which project or, under its id, account.
    pub roles: BTreeMap<Id, Role>,
    pub account: Id,
    /// The root user of its account.
    pub account_owner: bool,
    /// Empty where nobody gave one.
    pub email: String,
    /// Other texts, under the names that identity services give them:
    /// `description`, `xuser_id`.
    pub attributes: BTreeMap<String, String>,
    pub last_login: Option<Timestamp>,
}

/// A pair of keys that signs requests in a user's name. Holds a secret: no
/// `Debug`.
#[derive(Clone)]
pub struct AccessKey {
    pub access_key: String,
    pub secret_key: String,
    pub user: Id,
    pub created_at: Timestamp,
    pub enabled: bool,
    /// Of temporary keys, which are good for nothing without it.
    pub security_token: Option<SecurityToken>,
}

/// Holds a secret: no `Debug`.
#[derive(Clone)]
pub struct SecurityToken {
    pub text: String,
    pub expires_at: Timestamp,
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
        self.put_project(id, name, Id::from(FIRST_ACCOUNT));
    }

    pub fn add_account(&mut self, name: &str) -> Id {
        let id = self.fresh_id();
        let name = name.to_string();
        self.accounts.insert(id.clone(), Account { id: id.clone(), name });
        id
    }

    pub fn add_project_in(&mut self, account: &Id, name: &str) -> Id {
        let id = self.fresh_id();
        self.put_project(id.as_str(), name, account.clone());
        id
    }

    fn put_project(&mut self, id: &str, name: &str, account: Id) {
        let id = self.intern(id);
        let name = name.to_string();
        self.projects.insert(id.clone(), Project { id, name, account });
    }

    /// A user of the home project's account who is a member of that project.
    pub fn add_user(&mut self, name: &str, password: &str, home: &Id) -> Id {
        let project = self.projects.get(home);
        let account = project.map_or_else(|| Id::from(FIRST_ACCOUNT), |project| project.account.clone());
        let id = self.add_user_in(&account, name, password);
        if let Some(user) = self.users.get_mut(&id) {
            user.home = Some(home.clone());
            user.roles.insert(home.clone(), Role::Member);
        }
        id
    }

    /// A user without any role.
    pub fn add_user_in(&mut self, account: &Id, name: &str, password: &str) -> Id {
        let id = self.fresh_id();
        let user = User {
            id: id.clone(),
            name: name.to_string(),
            password: password.to_string(),
            home: None,
            enabled: true,
            roles: BTreeMap::new(),
            account: account.clone(),
            account_owner: false,
            email: String::new(),
            attributes: BTreeMap::new(),
            last_login: None,
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// The user with all its keys; what it was granted elsewhere stays.
    pub fn remove_user(&mut self, id: &str) {
        self.users.remove(id);
        self.credentials.retain(|_, held| held.user.as_str() != id);
        self.access_keys.retain(|_, held| held.user.as_str() != id);
    }

    /// Keys that live until they are disabled.
    pub fn add_access_key(&mut self, user: &Id, created_at: Timestamp) -> AccessKey {
        self.put_access_key(user, created_at, None)
    }

    /// Keys with a security token, good until then.
    pub fn add_temporary_access_key(
        &mut self,
        user: &Id,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> AccessKey {
        let text = format!("simulated-security-token-{}", self.fresh_id());
        self.put_access_key(user, created_at, Some(SecurityToken { text, expires_at }))
    }

    fn put_access_key(
        &mut self,
        user: &Id,
        created_at: Timestamp,
        security_token: Option<SecurityToken>,
    ) -> AccessKey {
        let name = self.fresh_id().to_string().to_uppercase();
        let key = AccessKey {
            access_key: name.chars().take(20).collect(),
            secret_key: format!("simulatedsecret{}", self.fresh_id())
                .chars()
                .take(40)
                .collect(),
            user: user.clone(),
            created_at,
            enabled: true,
            security_token,
        };
        self.access_keys.insert(key.access_key.clone(), key.clone());
        key
    }

    pub fn access_key(&self, access_key: &str) -> Option<&AccessKey> {
        self.access_keys.get(access_key)
    }

    pub fn access_keys(&self) -> impl Iterator<Item = &AccessKey> {
        self.access_keys.values()
    }

    pub fn access_key_mut(&mut self, access_key: &str) -> Option<&mut AccessKey> {
        self.access_keys.get_mut(access_key)
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

    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.name == name)
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

    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
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
