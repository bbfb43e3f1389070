//! What a registry keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{PermissionRow, RegistryActor, ShareRecord};
use crate::model::Id;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    pub user: Id,
    pub name: String,
}

/// What it is found by cannot be changed.
#[derive(Clone, Debug)]
pub struct NamespaceRecord {
    id: i64,
    name: Id,
    pub(super) account: Id,
    pub(super) creator: Creator,
    pub(super) permissions: Vec<PermissionRow>,
    pub(super) repositories: BTreeMap<Id, RepositoryRecord>,
}

#[derive(Clone, Debug)]
pub struct RepositoryRecord {
    id: i64,
    name: Id,
    pub creator: Creator,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub public: bool,
    pub category: String,
    pub description: String,
    pub downloads: i64,
    /// The images it holds.
    pub tags: Vec<TagRecord>,
    pub(super) permissions: Vec<PermissionRow>,
    pub(super) shares: Vec<ShareRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRecord {
    pub name: String,
    pub size: i64,
    pub created_at: Timestamp,
    /// The last push.
    pub updated_at: Timestamp,
}

impl NamespaceRecord {
    pub(super) fn new(id: i64, name: &str, account: &Id, creator: Creator) -> NamespaceRecord {
        NamespaceRecord {
            id,
            name: Id::from(name),
            account: account.clone(),
            creator,
            permissions: Vec::new(),
            repositories: BTreeMap::new(),
        }
    }

    pub fn id(&self) -> i64 {
        self.id
    }

    pub fn name(&self) -> &Id {
        &self.name
    }

    pub fn account(&self) -> &Id {
        &self.account
    }

    pub fn creator(&self) -> &Creator {
        &self.creator
    }
}

impl RepositoryRecord {
    /// An empty private one.
    pub(super) fn new(id: i64, name: &str, creator: Creator, created_at: Timestamp) -> RepositoryRecord {
        RepositoryRecord {
            id,
            name: Id::from(name),
            creator,
            created_at,
            updated_at: created_at,
            public: false,
            category: "other".to_string(),
            description: String::new(),
            downloads: 0,
            tags: Vec::new(),
            permissions: Vec::new(),
            shares: Vec::new(),
        }
    }

    pub fn id(&self) -> i64 {
        self.id
    }

    pub fn name(&self) -> &Id {
        &self.name
    }

    pub fn size(&self) -> i64 {
        self.tags.iter().map(|tag| tag.size).sum()
    }
}

impl RegistryActor {
    pub(super) fn as_creator(&self) -> Creator {
        Creator {
            user: self.user.clone(),
            name: self.user_name.clone(),
        }
    }
}
