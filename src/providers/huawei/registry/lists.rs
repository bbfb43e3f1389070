//! The permission and share lists of a collection, several at a time.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU32, Ordering},
};

use futures::{StreamExt, stream};

use super::{
    RegistryView,
    address::Place,
    calls::Registry,
    collect::{Collection, Shared},
    shares,
    sight::Sight,
    translate,
};
use crate::{
    model::{Failure, FailureClass, Id, Reading, Scope},
    providers::{huawei::wire::swr, patience::is_passing},
};

/// After so many lists failed one after the other the cloud is taken for gone;
/// asking on would wait out each list's time limits in turn.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// One list to read.
pub struct Wanted {
    which: Which,
    /// Where in the view the thing is that the list belongs to.
    index: usize,
    id: Id,
}

#[derive(Clone, Copy)]
enum Which {
    NamespacePermissions,
    RepositoryPermissions,
    Shares,
}

enum Rows {
    Permissions(swr::Access),
    Shares(Vec<swr::AccessDomain>),
}

/// Of every namespace that was not refused, and of every repository.
pub fn permissions_of(view: &RegistryView) -> Vec<Wanted> {
    let namespaces = view.namespaces.iter().enumerate();
    let namespaces = namespaces.filter(|(_, namespace)| namespace.permissions == Reading::NotRead);
    let namespaces = namespaces.map(|(index, namespace)| Wanted {
        which: Which::NamespacePermissions,
        index,
        id: namespace.name.clone(),
    });
    let repositories = view.repositories.iter().enumerate();
    let repositories = repositories.map(|(index, repository)| Wanted {
        which: Which::RepositoryPermissions,
        index,
        id: repository.id.clone(),
    });
    namespaces.chain(repositories).collect()
}

impl Collection<'_> {
    /// The share lists to read. What is not shared has an empty one, if the
    /// list of what is shared came whole; else nobody knows.
    pub fn shares_of(&mut self, shared: &Shared) -> Vec<Wanted> {
        let (mut wanted, mut gaps, mut known) = (Vec::new(), Vec::new(), HashSet::new());
        for (index, repository) in self.view.repositories.iter_mut().enumerate() {
            let id = repository.id.clone();
            known.insert(id.clone());
            match &shared.broke_off {
                _ if shared.ids.contains(&id) => wanted.push(Wanted {
                    which: Which::Shares,
                    index,
                    id,
                }),
                None => repository.shares = Reading::Read(Vec::new()),
                Some(why) => {
                    repository.shares = Reading::Unreadable;
                    gaps.push((id, format!("not asked: {why}")));
                }
            }
        }
        for id in shared.ids.difference(&known) {
            let why = "it is listed as shared, but not as a repository of the account";
            gaps.push((id.clone(), why.to_owned()));
        }
        for (id, why) in gaps {
            self.gap(Scope::RepositoryShares(id), why);
        }
        wanted
    }

    pub async fn read_lists(&mut self, wanted: Vec<Wanted>) {
        self.progress.access_lists_expected = Some(wanted.len() as u64);
        (self.report)(self.progress);
        let registry = self.registry;
        let in_a_row = &AtomicU32::new(0);
        let reads = wanted.into_iter().map(async |wanted| {
            let rows = read(registry, &wanted, in_a_row).await;
            (wanted, rows)
        });
        let mut reads = stream::iter(reads).buffer_unordered(registry.limits.concurrency.max(1));
        let mut gone = Gone::default();
        while let Some((wanted, rows)) = reads.next().await {
            let settled = match rows {
                Ok(Sight::Here(rows)) => self.settle(&wanted, rows),
                Ok(Sight::Gone) => {
                    gone.insert(&wanted);
                    Ok(())
                }
                Err(failure) => Err(failure.detail),
            };
            if let Err(reason) = settled {
                self.give_up(&wanted, reason);
            }
            self.progress.access_lists += 1;
            (self.report)(self.progress);
        }
        let Gone {
            namespaces,
            repositories,
        } = gone;
        self.view.namespaces.retain(|row| !namespaces.contains(&row.name));
        self.view
            .repositories
            .retain(|row| !repositories.contains(&row.id));
    }

    fn settle(&mut self, wanted: &Wanted, rows: Rows) -> Result<(), String> {
        let Collection {
            view, ids, caller, ..
        } = self;
        match rows {
            Rows::Permissions(access) => {
                let permissions = Reading::Read(translate::permissions(access, caller, ids)?);
                match wanted.which {
                    Which::NamespacePermissions => view.namespaces[wanted.index].permissions = permissions,
                    _ => view.repositories[wanted.index].permissions = permissions,
                }
            }
            Rows::Shares(rows) => {
                let is_cut = rows.len() == shares::ROWS_MAX;
                let shares = translate::shares(rows, ids)?;
                view.repositories[wanted.index].shares = Reading::Read(shares);
                if is_cut {
                    self.gap(Scope::RepositoryShares(wanted.id.clone()), shares::CUT.to_owned());
                }
            }
        }
        Ok(())
    }

    fn give_up(&mut self, wanted: &Wanted, reason: String) {
        let (index, id) = (wanted.index, wanted.id.clone());
        let scope = match wanted.which {
            Which::NamespacePermissions => {
                self.view.namespaces[index].permissions = Reading::Unreadable;
                Scope::NamespacePermissions(id)
            }
            Which::RepositoryPermissions => {
                self.view.repositories[index].permissions = Reading::Unreadable;
                Scope::RepositoryPermissions(id)
            }
            Which::Shares => {
                self.view.repositories[index].shares = Reading::Unreadable;
                Scope::RepositoryShares(id)
            }
        };
        self.gap(scope, reason);
    }
}

/// What vanished since it was listed. Rows keep their places until all lists
/// are read.
#[derive(Default)]
struct Gone {
    namespaces: HashSet<Id>,
    repositories: HashSet<Id>,
}

impl Gone {
    fn insert(&mut self, wanted: &Wanted) {
        let set = match wanted.which {
            Which::NamespacePermissions => &mut self.namespaces,
            Which::RepositoryPermissions | Which::Shares => &mut self.repositories,
        };
        set.insert(wanted.id.clone());
    }
}

async fn read(registry: Registry<'_>, wanted: &Wanted, in_a_row: &AtomicU32) -> Result<Sight<Rows>, Failure> {
    if in_a_row.load(Ordering::Relaxed) >= MAX_FAILURES_IN_A_ROW {
        let detail = "not asked: too many lists failed one after the other";
        return Err(Failure::new(FailureClass::Unavailable, detail));
    }
    let rows = read_once(registry, wanted).await;
    match &rows {
        Err(failure) if is_passing(failure.class) || failure.class == FailureClass::Unauthenticated => {
            in_a_row.fetch_add(1, Ordering::Relaxed);
        }
        _ => in_a_row.store(0, Ordering::Relaxed),
    }
    rows
}

async fn read_once(registry: Registry<'_>, wanted: &Wanted) -> Result<Sight<Rows>, Failure> {
    let sight = match wanted.which {
        Which::NamespacePermissions => {
            let access = registry.see_namespace_permissions(wanted.id.as_str()).await?;
            access.map(Rows::Permissions)
        }
        Which::RepositoryPermissions => {
            let access = registry
                .see_repository_permissions(Place::of(&wanted.id)?)
                .await?;
            access.map(Rows::Permissions)
        }
        Which::Shares => registry
            .see_shares(Place::of(&wanted.id)?)
            .await?
            .map(Rows::Shares),
    };
    Ok(sight)
}
