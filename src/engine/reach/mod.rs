//! By which ways a user reaches a repository, as far as an inventory knows.
//!
//! A permission on a repository is one way of several: taking it away ends
//! nothing if the namespace lets the user in as well. That is no reason to keep
//! it, but somebody has to be told.

mod explain;
mod fate;
mod lists;
mod shares;
mod who;

use std::collections::{HashMap, HashSet};

pub use explain::{Explanation, NamespaceAccess, Person, RepositoryAccess, SharedRepository, explain};
pub use fate::{Grant, Said, Word, fates};
pub use lists::{ListWord, Says, list_words};
pub use shares::{LookedAt, images_looked_at, repositories_looked_at};
pub use who::{Users, Who, who};

use crate::model::{Id, Inventory, Kind, Level, Namespace, Permission, Reading, Revocation};

/// What no inventory can show, in a sentence for people.
pub const UNKNOWABLE: &str =
    "an administrator role of the account reaches every repository and is in no list of permissions";

/// Writes into each decision on a repository permission by what its user still
/// gets in. A permission that is decided on as well is no such way.
pub(super) fn note_what_remains(revocations: &mut [Revocation], inventory: &Inventory) {
    let is_about_repositories =
        |revocation: &Revocation| revocation.target.kind == Kind::RepositoryPermission;
    if !revocations.iter().any(is_about_repositories) {
        return;
    }
    let leaving: HashSet<(Id, Id)> = revocations
        .iter()
        .filter(|revocation| revocation.target.kind == Kind::NamespacePermission)
        .filter_map(|also| Some((also.target.resource.clone(), also.target.subject.clone()?)))
        .collect();
    let ways = Ways::of(inventory);
    for revocation in revocations.iter_mut().filter(|each| is_about_repositories(each)) {
        if let Some(user) = &revocation.target.subject {
            let remaining = ways.to(&revocation.target.resource, user, &leaving);
            revocation.evidence.still_reachable = remaining;
        }
    }
}

/// The ways beside a repository's own permissions.
struct Ways<'a> {
    /// The namespace of each repository, and whether the repository is public.
    repositories: HashMap<&'a Id, (&'a Id, bool)>,
    namespaces: HashMap<&'a Id, &'a Namespace>,
    levels: HashMap<(&'a Id, &'a Id), Level>,
}

impl<'a> Ways<'a> {
    fn of(inventory: &'a Inventory) -> Ways<'a> {
        let repositories = inventory.repositories.iter();
        let namespaces = inventory.namespaces.iter();
        let levels = namespaces.clone().flat_map(|namespace| {
            let permissions = permissions(&namespace.permissions).iter();
            permissions.map(move |has| ((&namespace.name, &has.user), has.level))
        });
        Ways {
            repositories: repositories
                .map(|each| (&each.id, (&each.namespace, each.public)))
                .collect(),
            levels: levels.collect(),
            namespaces: namespaces.map(|each| (&each.name, each)).collect(),
        }
    }

    fn to(&self, repository: &Id, user: &Id, leaving: &HashSet<(Id, Id)>) -> Vec<String> {
        let Some((namespace, public)) = self.repositories.get(repository) else {
            return vec![];
        };
        let by_namespace = match self.namespaces.get(namespace).map(|seen| &seen.permissions) {
            _ if leaving.contains(&((*namespace).clone(), user.clone())) => None,
            Some(Reading::Read(_)) => self
                .levels
                .get(&(namespace, user))
                .map(|level| format!("{level} permission on namespace {namespace}")),
            Some(Reading::NotRead | Reading::Unreadable) | None => Some(format!(
                "perhaps a permission on namespace {namespace}, which could not be read"
            )),
        };
        let openly = public.then(|| "the repository is public: anyone may pull from it".to_owned());
        by_namespace.into_iter().chain(openly).collect()
    }
}

/// Those that were read.
fn permissions(list: &Reading<Vec<Permission>>) -> &[Permission] {
    match list {
        Reading::Read(permissions) => permissions,
        Reading::NotRead | Reading::Unreadable => &[],
    }
}

#[cfg(test)]
mod tests;
