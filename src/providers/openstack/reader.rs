//! The reading handle of an OpenStack cloud.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::{
    collect::Collection,
    glance::Glance,
    identity::Identity,
    look::{Lookout, Membership},
    translate, wire,
};
use crate::{
    config::types::CloudLimits,
    model::{
        Caller, CloudName, Failure, FailureClass, Id, Image, Inventory, Kind, Needs, Sharing, User,
        Visibility,
    },
    providers::{Progress, Reader, http::shortened, interner::Interner, patience::Patience},
};

pub struct OpenStackReader {
    name: CloudName,
    glance: Arc<Glance>,
    identity: Identity,
    limits: CloudLimits,
    patience: Patience,
}

impl OpenStackReader {
    pub fn new(
        name: CloudName,
        glance: Arc<Glance>,
        identity: Identity,
        limits: CloudLimits,
        patience: Patience,
    ) -> Self {
        OpenStackReader {
            name,
            glance,
            identity,
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
        let caller = self.patience.read(|| self.glance.caller()).await?;
        let lookout = self.lookout(&caller, self.patience);
        let mut collection = Collection::new(&self.name, &caller, &self.limits, lookout, progress);
        if needs.images {
            collection.read_images().await?;
        }
        if needs.members {
            collection.read_members().await;
        }
        let Collection { images, gaps, .. } = collection;
        Ok(Inventory {
            gaps,
            ..self.inventory(caller, now, images)
        })
    }

    /// Tries each call once: whoever looks again at one resource has a queue
    /// that remembers the failure and comes back.
    async fn look(&self, kind: Kind, resource: &Id, now: Timestamp) -> Result<Inventory, Failure> {
        let caller = self.glance.caller().await?;
        let image = self.look_at(kind, resource, &caller).await?;
        Ok(self.inventory(caller, now, Vec::from_iter(image)))
    }

    async fn look_at(&self, kind: Kind, resource: &Id, caller: &Caller) -> Result<Option<Image>, Failure> {
        let lookout = self.lookout(caller, Patience::NONE);
        let Some(row) = lookout.find(resource).await? else {
            return Ok(None);
        };
        let image = read_image(row)?;
        // Another project's image would show us our own membership only.
        let has_members = image.visibility == Visibility::Shared && image.owner == caller.project;
        if kind == Kind::Image || !has_members {
            return Ok(Some(image));
        }
        match lookout.members(resource).await? {
            Membership::Gone => Ok(None),
            Membership::NoLongerShared(row) => read_image(*row).map(Some),
            Membership::Members(rows) => {
                let members = translate::members(rows, &mut Interner::default());
                let sharing = Sharing::Members(members.map_err(|why| malformed(&why))?);
                Ok(Some(Image { sharing, ..image }))
            }
        }
    }

    fn lookout<'a>(&'a self, caller: &'a Caller, patience: Patience) -> Lookout<'a> {
        Lookout {
            glance: &self.glance,
            owner: &caller.project,
            patience,
        }
    }

    fn inventory(&self, caller: Caller, observed_at: Timestamp, images: Vec<Image>) -> Inventory {
        Inventory {
            cloud: self.name.clone(),
            caller,
            observed_at,
            images,
            namespaces: Vec::new(),
            repositories: Vec::new(),
            users: Vec::new(),
            gaps: Vec::new(),
        }
    }
}

impl Reader for OpenStackReader {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>> {
        Box::pin(self.glance.caller())
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
        _subjects: &'a [Id],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>> {
        Box::pin(self.look(kind, resource, now))
    }

    /// The list has all that Keystone tells.
    fn users(&self, _needs_details: bool, _now: Timestamp) -> BoxFuture<'_, Result<Vec<User>, Failure>> {
        Box::pin(self.identity.users())
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { self.glance.list("limit=1").await.map(drop) })
    }
}

fn read_image(row: wire::Image) -> Result<Image, Failure> {
    translate::image(row, &mut Interner::default()).map_err(|why| malformed(&why))
}

fn malformed(why: &str) -> Failure {
    Failure::new(
        FailureClass::Malformed,
        format!("looking at an image: {}", shortened(why)),
    )
}
