//! The reading handle of a Huawei cloud: images and repositories in one view.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Method;

use super::{
    api::{self, Api, Ask, Refusal},
    iam::Iam,
    images::{self, Habits, ImageView, Lookout},
    people,
    registry::{self, RegistryView},
};
use crate::{
    config::types::CloudLimits,
    model::{Caller, CloudName, Failure, Gap, Id, Inventory, Kind, Needs, Scope, Service, User},
    providers::{Progress, Reader, calls::Operation, patience::Patience},
};

pub struct HuaweiReader {
    name: CloudName,
    api: Arc<Api>,
    habits: Habits,
    limits: CloudLimits,
    patience: Patience,
}

impl HuaweiReader {
    pub fn new(
        name: CloudName,
        api: Arc<Api>,
        habits: Habits,
        limits: CloudLimits,
        patience: Patience,
    ) -> HuaweiReader {
        HuaweiReader {
            name,
            api,
            habits,
            limits,
            patience,
        }
    }

    async fn collect(
        &self,
        needs: Needs,
        now: Timestamp,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Inventory, Failure> {
        let caller = self.patience.read(|| self.api.caller()).await?;
        let wants_registry = needs.permissions || needs.shares;
        let wants_images = needs.images || needs.members;
        let mut view = ImageView::default();
        let mut saw_images = false;
        if wants_images {
            let lookout = self.lookout(&caller, self.patience);
            match images::collect(lookout, &self.name, needs, progress).await {
                Ok(seen) => (view, saw_images) = (seen, true),
                Err(failure) if !wants_registry => return Err(failure),
                // The other service may well answer.
                Err(failure) => view.gaps.push(self.gap(Scope::Images, &failure)),
            }
        }
        // One report for both: what the one service told stays told.
        let of_both = |seen: Progress| {
            progress(Progress {
                images: view.progress.images,
                member_lists: view.progress.member_lists,
                member_lists_expected: view.progress.member_lists_expected,
                ..seen
            });
        };
        let registry = if wants_registry {
            match registry::collect(&self.api, &self.name, &caller, needs, &self.limits, &of_both).await {
                Ok(seen) => seen,
                Err(failure) if !saw_images => return Err(failure),
                Err(failure) => RegistryView {
                    gaps: [Scope::Namespaces, Scope::Repositories]
                        .map(|scope| self.gap(scope, &failure))
                        .into(),
                    ..RegistryView::default()
                },
            }
        } else {
            RegistryView::default()
        };
        let gaps = view.gaps.into_iter().chain(registry.gaps).collect();
        let inventory = self.inventory(caller, now);
        Ok(Inventory {
            images: view.images,
            namespaces: registry.namespaces,
            repositories: registry.repositories,
            users: registry.users,
            gaps,
            ..inventory
        })
    }

    /// Tries each call once: whoever looks again at one resource has a queue
    /// that remembers the failure and comes back.
    async fn look(
        &self,
        kind: Kind,
        resource: &Id,
        subjects: &[Id],
        now: Timestamp,
    ) -> Result<Inventory, Failure> {
        let caller = self.api.caller().await?;
        match kind.service() {
            Service::Images => {
                let lookout = self.lookout(&caller, Patience::NONE);
                let image = images::look(lookout, kind, resource, subjects).await?;
                Ok(Inventory {
                    images: Vec::from_iter(image),
                    ..self.inventory(caller, now)
                })
            }
            Service::Registry => {
                let view = registry::look(&self.api, &self.name, &caller, kind, resource, subjects).await?;
                Ok(Inventory {
                    namespaces: view.namespaces,
                    repositories: view.repositories,
                    users: view.users,
                    gaps: view.gaps,
                    ..self.inventory(caller, now)
                })
            }
        }
    }

    /// A cloud may have the one service without the other.
    async fn probe(&self) -> Result<(), Failure> {
        let caller = self.api.caller().await?;
        if caller.endpoints.images.is_some() {
            return images::probe(&self.api).await;
        }
        let ask = Ask {
            operation: Operation::ListNamespaces,
            method: Method::GET,
            service: api::Service::Registry,
            path: "/v2/manage/namespaces".to_owned(),
            query: Vec::new(),
            json: None,
        };
        self.api.send(&ask).await.map(drop).map_err(Refusal::into_failure)
    }

    fn gap(&self, scope: Scope, failure: &Failure) -> Gap {
        Gap {
            cloud: self.name.clone(),
            scope,
            reason: failure.detail.clone(),
        }
    }

    fn lookout<'a>(&'a self, caller: &'a Caller, patience: Patience) -> Lookout<'a> {
        Lookout {
            api: &self.api,
            habits: &self.habits,
            owner: &caller.project,
            patience,
        }
    }

    fn inventory(&self, caller: Caller, observed_at: Timestamp) -> Inventory {
        Inventory {
            cloud: self.name.clone(),
            caller,
            observed_at,
            images: Vec::new(),
            namespaces: Vec::new(),
            repositories: Vec::new(),
            users: Vec::new(),
            gaps: Vec::new(),
        }
    }
}

impl Reader for HuaweiReader {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>> {
        Box::pin(self.api.caller())
    }

    fn collect<'a>(
        &'a self,
        needs: Needs,
        now: Timestamp,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        Box::pin(self.collect(needs, now, progress))
    }

    fn look<'a>(
        &'a self,
        kind: Kind,
        resource: &'a Id,
        subjects: &'a [Id],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        Box::pin(self.look(kind, resource, subjects, now))
    }

    fn users(&self, needs_details: bool, now: Timestamp) -> BoxFuture<'_, Result<Vec<User>, Failure>> {
        Box::pin(async move {
            let iam = Iam {
                api: &self.api,
                limits: &self.limits,
                patience: self.patience,
            };
            people::users(&iam, needs_details, now).await
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.probe())
    }
}
