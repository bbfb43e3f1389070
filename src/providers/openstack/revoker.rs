//! The removing handle of an OpenStack cloud.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::glance::{Found, Glance};
use crate::{
    model::{Failure, FailureClass, Kind, Outcome, Target},
    providers::Revoker,
};

pub struct OpenStackRevoker {
    glance: Arc<Glance>,
}

impl OpenStackRevoker {
    pub fn new(glance: Arc<Glance>) -> OpenStackRevoker {
        OpenStackRevoker { glance }
    }

    async fn remove(&self, target: &Target) -> Result<Found<()>, Failure> {
        match (target.kind, &target.subject) {
            (Kind::ImageShare, Some(project)) => self.glance.remove_member(&target.resource, project).await,
            (Kind::Image, None) => self.glance.delete_image(&target.resource).await,
            (Kind::ImageShare, None) | (Kind::Image, Some(_)) => {
                let detail = format!("the target {target} does not fit its kind");
                Err(Failure::new(FailureClass::Refused, detail))
            }
        }
    }
}

impl Revoker for OpenStackRevoker {
    fn revoke<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            match self.remove(target).await {
                Ok(Found::Here(())) => Outcome::Accepted,
                Ok(Found::NotThere(_)) => Outcome::NotThere,
                Err(failure) => Outcome::Failed(failure),
            }
        })
    }
}
