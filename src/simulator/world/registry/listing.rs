//! Lists of repositories: own ones, those shared with others, those that
//! others share.

use std::cmp::Ordering;

use super::{NamespaceRecord, RegistryActor, RepositoryRecord, ShareRecord};
use crate::{
    model::Id,
    simulator::{Direction, world::World},
};

/// Which repositories, in which order; the last changed first unless told.
#[derive(Clone, Debug, Default)]
pub struct RepositoryQuery {
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// Namespace and name need only occur in the real ones.
    pub fuzzy: bool,
    pub category: Option<String>,
    pub public: Option<bool>,
    pub order: Option<(RepositoryOrder, Direction)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepositoryOrder {
    UpdatedAt,
    Name,
    TagCount,
    Namespace,
    Public,
    Id,
}

/// A repository, after the namespace that it is in.
pub type Listed<'a> = (&'a NamespaceRecord, &'a RepositoryRecord);

impl World {
    /// Those of the account's repositories that the user may read.
    pub fn list_repositories(&self, actor: &RegistryActor, query: &RepositoryQuery) -> Vec<Listed<'_>> {
        let rows = self.repositories().filter(|(namespace, repository)| {
            namespace.account == actor.account
                && self.repository_level(actor, namespace, repository).is_some()
        });
        query.choose(rows)
    }

    /// Those of [`World::list_repositories`] that are shared with anybody, be
    /// it over or not.
    pub fn list_shared_out(&self, actor: &RegistryActor, query: &RepositoryQuery) -> Vec<Listed<'_>> {
        let mut rows = self.list_repositories(actor, query);
        rows.retain(|(_, repository)| !repository.shares.is_empty());
        rows
    }

    /// The repositories of others that are shared with the account, each with
    /// its share.
    pub fn list_shared_in(
        &self,
        actor: &RegistryActor,
        query: &RepositoryQuery,
    ) -> Vec<(Listed<'_>, &ShareRecord)> {
        let share = |repository: &RepositoryRecord| {
            let mut shares = repository.shares.iter();
            shares.position(|share| share.account == actor.account_name)
        };
        let rows = self
            .repositories()
            .filter(|(_, repository)| share(repository).is_some());
        let rows = query.choose(rows).into_iter();
        rows.filter_map(|row| Some((row, &row.1.shares[share(row.1)?])))
            .collect()
    }

    fn repositories(&self) -> impl Iterator<Item = Listed<'_>> {
        self.registry.namespaces.values().flat_map(|namespace| {
            let repositories = namespace.repositories.values();
            repositories.map(move |repository| (namespace, repository))
        })
    }
}

impl RepositoryQuery {
    fn choose<'a>(&self, rows: impl Iterator<Item = Listed<'a>>) -> Vec<Listed<'a>> {
        let mut rows: Vec<Listed<'_>> = rows.filter(|row| self.matches(*row)).collect();
        let (order, direction) = self
            .order
            .unwrap_or((RepositoryOrder::UpdatedAt, Direction::Descending));
        // Stable: equals stay sorted by namespace and name.
        rows.sort_by(|left, right| match direction {
            Direction::Ascending => order.compare(*left, *right),
            Direction::Descending => order.compare(*right, *left),
        });
        rows
    }

    fn matches(&self, (namespace, repository): Listed<'_>) -> bool {
        let fits = |wanted: &Option<String>, real: &Id| {
            wanted.as_ref().is_none_or(|wanted| {
                if self.fuzzy {
                    real.as_str().contains(wanted.as_str())
                } else {
                    real.as_str() == wanted
                }
            })
        };
        fits(&self.namespace, namespace.name())
            && fits(&self.name, repository.name())
            && self
                .category
                .as_ref()
                .is_none_or(|category| *category == repository.category)
            && self.public.is_none_or(|public| public == repository.public)
    }
}

impl RepositoryOrder {
    fn compare(self, (left_in, left): Listed<'_>, (right_in, right): Listed<'_>) -> Ordering {
        match self {
            RepositoryOrder::UpdatedAt => left.updated_at.cmp(&right.updated_at),
            RepositoryOrder::Name => left.name().cmp(right.name()),
            RepositoryOrder::TagCount => left.tags.len().cmp(&right.tags.len()),
            RepositoryOrder::Namespace => left_in.name().cmp(right_in.name()),
            RepositoryOrder::Public => left.public.cmp(&right.public),
            RepositoryOrder::Id => left.id().cmp(&right.id()),
        }
    }
}
