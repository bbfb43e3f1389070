//! A user of a cloud as far as lists can be held against him.

use std::collections::HashMap;

use crate::model::{Id, Inventory, Permission, Reading, User, UserKey, UserState};

/// Everything that is known of one user.
#[derive(Clone, Debug, Default)]
pub struct Person<'a> {
    user: Option<&'a User>,
    /// As the identity service has it now.
    name: Option<&'a str>,
    /// As lists of permissions write it, which may be another by now.
    written: Vec<&'a str>,
    pub(super) is_deleted: bool,
}

impl<'a> Person<'a> {
    pub fn of(user: &'a User) -> Person<'a> {
        Person {
            user: Some(user),
            name: Some(user.name.as_str()).filter(|name| !name.is_empty()),
            ..Person::default()
        }
    }

    /// All users of the inventory: those it lists, and those who hold something.
    pub fn all(inventory: &'a Inventory) -> HashMap<&'a Id, Person<'a>> {
        let listed = inventory.users.iter();
        let mut people: HashMap<&Id, Person> = listed.map(|user| (&user.id, Person::of(user))).collect();
        for permission in permissions(inventory) {
            people.entry(&permission.user).or_default().add(permission);
        }
        people
    }

    fn add(&mut self, permission: &'a Permission) {
        if let Some(holder) = &permission.holder {
            self.is_deleted |= holder.state == UserState::Deleted;
            if !holder.name.is_empty() {
                self.name = Some(&holder.name);
            }
        }
        if !self.written.contains(&permission.user_name.as_str()) {
            self.written.push(&permission.user_name);
        }
    }

    /// The value that is certainly this user's.
    pub(super) fn value(&self, id: &'a Id, to: &UserKey) -> Option<&'a str> {
        let user = self.user;
        match to {
            UserKey::Id => Some(id.as_str()),
            // Nobody else tells the name of somebody who is no more.
            UserKey::Name => self
                .name
                .or_else(|| self.written.first().copied().filter(|_| self.is_deleted)),
            UserKey::Email => user.and_then(|user| user.email.as_deref()),
            UserKey::Attribute(name) => user
                .and_then(|user| user.attributes.get(name))
                .map(String::as_str),
        }
    }

    /// Values that were this user's once, or may be.
    pub(super) fn former(&self, to: &UserKey) -> &[&'a str] {
        match to {
            UserKey::Name => &self.written,
            UserKey::Id | UserKey::Email | UserKey::Attribute(_) => &[],
        }
    }
}

fn permissions(inventory: &Inventory) -> impl Iterator<Item = &Permission> {
    let repositories = inventory
        .repositories
        .iter()
        .map(|repository| &repository.permissions);
    let namespaces = inventory
        .namespaces
        .iter()
        .map(|namespace| &namespace.permissions);
    repositories.chain(namespaces).flat_map(|list| match list {
        Reading::Read(permissions) => permissions.as_slice(),
        Reading::NotRead | Reading::Unreadable => &[],
    })
}
