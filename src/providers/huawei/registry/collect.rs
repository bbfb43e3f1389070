//! All namespaces and repositories of one account, with the lists of who may
//! reach them: whatever part of that fails becomes a gap, and the rest is kept.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    RegistryView,
    calls::{List, Registry, read_row},
    holders::add_holders,
    listing::{Pages, place_of},
    lists, too_low, translate,
};
use crate::{
    model::{Caller, CloudName, Failure, Gap, Id, Level, Needs, Reading, Scope},
    providers::{Progress, http::shortened, huawei::holders::Thoroughness, interner::Interner},
};

pub struct Collection<'a> {
    pub cloud: &'a CloudName,
    pub caller: &'a Caller,
    pub registry: Registry<'a>,
    pub report: &'a (dyn Fn(Progress) + Send + Sync),
    pub progress: Progress,
    pub ids: Interner,
    pub view: RegistryView,
}

/// The repositories that are shared with other accounts.
#[derive(Default)]
pub struct Shared {
    pub ids: HashSet<Id>,
    /// Why there may be more.
    pub broke_off: Option<String>,
}

impl<'a> Collection<'a> {
    pub fn new(
        cloud: &'a CloudName,
        caller: &'a Caller,
        registry: Registry<'a>,
        report: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Collection<'a> {
        Collection {
            cloud,
            caller,
            registry,
            report,
            progress: Progress::default(),
            ids: Interner::default(),
            view: RegistryView::default(),
        }
    }

    /// # Errors
    /// Nothing could be seen: neither list began.
    pub async fn run(mut self, needs: Needs) -> Result<RegistryView, Failure> {
        if !needs.permissions && !needs.shares {
            return Ok(self.view);
        }
        let namespaces = self.read_namespaces().await;
        let repositories = self.read_repositories().await;
        let saw_nothing = self.view.namespaces.is_empty() && self.view.repositories.is_empty();
        match (namespaces, repositories) {
            (Err(failure), Err(_)) if saw_nothing => return Err(failure),
            (namespaces, repositories) => {
                self.gap_of(Scope::Namespaces, namespaces);
                self.gap_of(Scope::Repositories, repositories);
            }
        }
        let mut wanted = Vec::new();
        if needs.permissions {
            self.refuse_namespaces_of_others();
            wanted.extend(lists::permissions_of(&self.view));
        }
        if needs.shares {
            let shared = self.read_shared().await;
            wanted.extend(self.shares_of(&shared));
        }
        self.read_lists(wanted).await;
        let thoroughness = match needs.attributes {
            true => Thoroughness::DetailsAmongAll,
            false => Thoroughness::Standing,
        };
        add_holders(self.registry, self.cloud, |_| true, thoroughness, &mut self.view).await;
        Ok(self.view)
    }

    fn gap_of(&mut self, scope: Scope, read: Result<(), Failure>) {
        if let Err(failure) = read {
            self.gap(scope, failure.detail);
        }
    }

    pub fn gap(&mut self, scope: Scope, reason: String) {
        self.view.gaps.push(Gap {
            cloud: self.cloud.clone(),
            scope,
            reason,
        });
    }

    async fn read_namespaces(&mut self) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        for row in self.registry.namespaces().await? {
            match read_row(row).and_then(translate::namespace) {
                Ok(namespace) => {
                    if seen.insert(namespace.name.clone()) {
                        self.view.namespaces.push(namespace);
                    }
                }
                Err(why) => self.gap(Scope::Namespaces, row_failure("namespaces", &why)),
            }
        }
        Ok(())
    }

    async fn read_repositories(&mut self) -> Result<(), Failure> {
        let mut pages = Pages::new(self.registry, List::All);
        while let Some(rows) = pages.next().await? {
            for row in rows {
                self.take_repository(row);
            }
            self.progress.repositories = self.view.repositories.len() as u64;
            (self.report)(self.progress);
        }
        Ok(())
    }

    fn take_repository(&mut self, row: Value) {
        let name = place_of(&row).map_or_else(|| "without a name".into(), |place| place.id());
        match translate::repository(row, &mut self.ids) {
            Ok((repository, owner)) => {
                if translate::is_own(&owner, self.caller) {
                    self.view.repositories.push(repository);
                }
            }
            Err(why) => {
                let why = format!("repository {name}: {why}");
                self.gap(Scope::Repositories, row_failure("repositories", &why));
            }
        }
    }

    /// Who may reach a namespace is not for everybody to read, and nothing
    /// could be removed there.
    fn refuse_namespaces_of_others(&mut self) {
        let mut gaps = Vec::new();
        for namespace in &mut self.view.namespaces {
            if namespace.own_level != Level::Manage {
                namespace.permissions = Reading::Unreadable;
                let why = too_low(namespace.own_level);
                gaps.push((Scope::NamespacePermissions(namespace.name.clone()), why));
            }
        }
        for (scope, why) in gaps {
            self.gap(scope, why);
        }
    }

    async fn read_shared(&mut self) -> Shared {
        let mut shared = Shared::default();
        let mut pages = Pages::new(self.registry, List::Shared);
        loop {
            match pages.next().await {
                Ok(None) => return shared,
                Ok(Some(rows)) => shared.take(&rows),
                Err(failure) => {
                    shared.broke_off = Some(failure.detail);
                    return shared;
                }
            }
        }
    }
}

impl Shared {
    fn take(&mut self, rows: &[Value]) {
        for row in rows {
            match place_of(row) {
                Some(place) => drop(self.ids.insert(place.id())),
                None => self.broke_off = Some(row_failure("shared repositories", "a row has no name")),
            }
        }
    }
}

fn row_failure(what: &str, why: &str) -> String {
    format!("listing {what}: {}", shortened(why))
}
