//! Everything that an inventory knows of one user's ways into the registry.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{UNKNOWABLE, permissions, who::Who};
use crate::model::{CloudName, Gap, Holder, Id, Inventory, Kind, Level, Permission, Reading, UserState};

/// What one cloud knows of whoever has an id or a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    pub cloud: CloudName,
    /// Those who hold a permission, by id; several, if a name was used twice.
    pub people: Vec<Person>,
    /// Anybody may pull from these repositories, these people included.
    pub public: Vec<Id>,
    /// What other accounts may pull, and with them perhaps these people.
    pub shared: Vec<SharedRepository>,
    /// What cannot be known, in sentences for people. Never empty.
    pub unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    pub id: Id,
    /// As the lists of permissions write them.
    pub names: BTreeSet<String>,
    /// `None` where the identity service did not tell.
    pub state: Option<UserState>,
    /// `None` where the identity service did not tell.
    pub account_owner: Option<bool>,
    pub namespaces: Vec<NamespaceAccess>,
    pub repositories: Vec<RepositoryAccess>,
}

/// A permission on a namespace, which covers all that is in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamespaceAccess {
    pub namespace: Id,
    pub level: Level,
    /// The repositories in it that were seen.
    pub repositories: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RepositoryAccess {
    /// `NAMESPACE/NAME`.
    pub repository: Id,
    pub level: Level,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SharedRepository {
    /// `NAMESPACE/NAME`.
    pub repository: Id,
    /// The name of the other account.
    pub account: Id,
    /// `None`: no end is known.
    pub deadline: Option<Timestamp>,
    /// Whether the deadline was over without doubt when the cloud was looked at.
    pub over: bool,
}

/// All ways in for those users.
pub fn explain(who: &Who, inventory: &Inventory) -> Explanation {
    let public = inventory.repositories.iter().filter(|each| each.public);
    Explanation {
        cloud: inventory.cloud.clone(),
        people: people(who, inventory),
        public: public.map(|each| each.id.clone()).collect(),
        shared: shared(inventory),
        unknown: unknown(inventory),
    }
}

fn people(who: &Who, inventory: &Inventory) -> Vec<Person> {
    let ids: Vec<&Id> = who.users_of(&inventory.cloud).collect();
    let fits = |has: &&Permission| ids.contains(&&has.user);
    let mut people: BTreeMap<&Id, Person> = BTreeMap::new();
    for namespace in &inventory.namespaces {
        for has in permissions(&namespace.permissions).iter().filter(fits) {
            let inside = inventory.repositories.iter();
            let inside = inside.filter(|repository| repository.namespace == namespace.name);
            person(&mut people, has).namespaces.push(NamespaceAccess {
                namespace: namespace.name.clone(),
                level: has.level,
                repositories: inside.count() as u64,
            });
        }
    }
    for repository in &inventory.repositories {
        for has in permissions(&repository.permissions).iter().filter(fits) {
            person(&mut people, has).repositories.push(RepositoryAccess {
                repository: repository.id.clone(),
                level: has.level,
            });
        }
    }
    people.into_values().collect()
}

fn person<'p, 'a>(people: &'p mut BTreeMap<&'a Id, Person>, has: &'a Permission) -> &'p mut Person {
    let person = people.entry(&has.user).or_insert_with(|| Person {
        id: has.user.clone(),
        names: BTreeSet::new(),
        state: None,
        account_owner: None,
        namespaces: vec![],
        repositories: vec![],
    });
    person.names.insert(has.user_name.clone());
    if let Some(Holder {
        state, account_owner, ..
    }) = &has.holder
    {
        person.state = Some(*state);
        person.account_owner = Some(*account_owner);
    }
    person
}

fn shared(inventory: &Inventory) -> Vec<SharedRepository> {
    let mut all = Vec::new();
    for repository in &inventory.repositories {
        if let Reading::Read(shares) = &repository.shares {
            all.extend(shares.iter().map(|share| SharedRepository {
                repository: repository.id.clone(),
                account: share.account.clone(),
                deadline: share.deadline,
                over: share.over_since(inventory.observed_at).is_some(),
            }));
        }
    }
    all
}

/// A list that nobody asked for is as dark as one that failed, and has no gap.
fn unknown(inventory: &Inventory) -> Vec<String> {
    const ASKED: [Kind; 3] = [
        Kind::RepositoryPermission,
        Kind::NamespacePermission,
        Kind::RepositoryShare,
    ];
    let mut unknown = vec![UNKNOWABLE.to_owned()];
    let concerns = |gap: &&Gap| ASKED.iter().any(|kind| gap.scope.concerns(*kind));
    let gaps = inventory.gaps.iter().filter(concerns);
    unknown.extend(gaps.map(ToString::to_string));
    let mut unread = |what: &str, count: usize| {
        if count > 0 {
            unknown.push(format!("lists of {what} that were not read: {count}"));
        }
    };
    let namespaces = inventory.namespaces.iter();
    let dark = namespaces.filter(|each| !is_read(&each.permissions));
    unread("permissions on namespaces", dark.count());
    let repositories = inventory.repositories.iter();
    let dark = repositories.clone().filter(|each| !is_read(&each.permissions));
    unread("permissions on repositories", dark.count());
    let dark = repositories.filter(|each| !is_read(&each.shares));
    unread("accounts that repositories are shared with", dark.count());
    unknown
}

fn is_read<T>(list: &Reading<T>) -> bool {
    matches!(list, Reading::Read(_))
}
